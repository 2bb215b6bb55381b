// Enough of CUDA to run a kernel on a CPU, a thread for each thread of one warp after the other.
//
// The kernel's text follows; KERNEL is its name. `run` takes what a driver takes for a launch.
#include <barrier>
#include <cmath>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#define __global__
#define __device__

constexpr int WARP = 32;
struct Place {
    int x;
};
static thread_local Place threadIdx, blockIdx, blockDim;
static float exchanged[WARP];
static std::barrier warp(WARP);

static float __shfl_xor_sync(unsigned, float mine, int apart) {
    exchanged[threadIdx.x % WARP] = mine;
    warp.arrive_and_wait();
    const float other = exchanged[threadIdx.x % WARP ^ apart];
    warp.arrive_and_wait();
    return other;
}

static float rsqrtf(float square) { return 1 / std::sqrt(square); }

template <class... A, std::size_t... I>
static void call(void (*kernel)(A...), void** arguments, std::index_sequence<I...>) {
    kernel(*static_cast<A*>(arguments[I])...);
}

template <class... A>
static void launch(void (*kernel)(A...), int blocks, int threads, void** arguments) {
    for (int first = 0; first < blocks * threads; first += WARP) {
        std::vector<std::thread> lanes;
        for (int thread = first; thread < first + WARP; thread++)
            lanes.emplace_back([=] {
                threadIdx = {thread % threads}, blockIdx = {thread / threads}, blockDim = {threads};
                call(kernel, arguments, std::index_sequence_for<A...>());
            });
        for (std::thread& lane : lanes) lane.join();
    }
}

#define RUN                                                            \
    extern "C" void run(int blocks, int threads, void** arguments) { \
        launch(KERNEL, blocks, threads, arguments);                  \
    }
