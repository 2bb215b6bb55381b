// Enough of CUDA to run a kernel on a CPU: the threads of a warp take turns, one warp after the other.
//
// The kernel's text follows, then RUN; KERNEL is its name. `run` takes what a driver takes for a launch.
#include <cmath>
#include <cstring>
#include <ucontext.h>
#include <utility>

#define __global__
#define __device__

constexpr int WARP = 32, STACK = 1 << 16;
static struct {
    int x;
} threadIdx, blockIdx, blockDim;
static ucontext_t scheduler, lanes[WARP];
static char stacks[WARP][STACK];
static bool ended[WARP];
static float exchanged[WARP];

// Let each other thread of the warp come as far as this one.
static void wait() {
    const int lane = threadIdx.x % WARP;
    swapcontext(&lanes[lane], &scheduler);
}

static float __shfl_xor_sync(unsigned, float mine, int apart) {
    const int lane = threadIdx.x % WARP;
    exchanged[lane] = mine;
    wait();
    const float other = exchanged[lane ^ apart];
    wait();
    return other;
}

static float rsqrtf(float square) { return 1 / std::sqrt(square); }

static void (*kernel)(void** arguments);
static void** arguments;

static void run_lane() {
    kernel(arguments);
    ended[threadIdx.x % WARP] = true;
}

static void run_warp(int first) {
    for (int lane = 0; lane < WARP; lane++) {
        getcontext(&lanes[lane]);
        lanes[lane].uc_stack.ss_sp = stacks[lane];
        lanes[lane].uc_stack.ss_size = STACK;
        lanes[lane].uc_link = &scheduler;
        makecontext(&lanes[lane], run_lane, 0);
        ended[lane] = false;
    }
    for (bool waiting = true; waiting;) {
        waiting = false;
        for (int lane = 0; lane < WARP; lane++) {
            threadIdx.x = first + lane;
            if (!ended[lane]) swapcontext(&scheduler, &lanes[lane]);
            waiting |= !ended[lane];
        }
    }
}

template <class... A, std::size_t... I>
static void call(void (*with)(A...), void** given, std::index_sequence<I...>) {
    with(*static_cast<A*>(given[I])...);
}

template <class... A>
static void call(void (*with)(A...), void** given) {
    call(with, given, std::index_sequence_for<A...>());
}

#define RUN                                                              \
    extern "C" void run(int blocks, int threads, void** given) {       \
        kernel = [](void** each) { call(KERNEL, each); };              \
        arguments = given, blockDim.x = threads;                       \
        for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++)        \
            for (int first = 0; first < threads; first += WARP) run_warp(first); \
    }
