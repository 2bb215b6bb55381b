// Steps of the network that PyTorch takes by several kernels, each of which reads and writes everything: by one each.
//
// Compiled for one network: kernels.py puts `Number`, the network's dtype, with `to_float` and `to_number` in front,
// and defines FEATURES of a head, HEADS, ANGLES (1 or HEADS), WIDTH of the model, EPSILON. The image has no headers.

// Memory is read and written by 8 bytes.
constexpr int SOME = 8 / sizeof(Number);
struct alignas(8) Some {
    Number number[SOME];
};

__device__ inline Some load(const Number* from) { return *reinterpret_cast<const Some*>(from); }

__device__ inline void store(Number* to, const Some& some) { *reinterpret_cast<Some*>(to) = some; }

#ifdef HEADS
// Turn pairs of features, one from either half of a head, by their frame's angle. A thread takes SOME pairs of a head.
// Queries and keys of a row, 16 heads by 64 in half precision: 4 kB read, 4 written. PyTorch: 12 read, 8 written.
//
// x: (rows, 2, HEADS, FEATURES), rows `stride` apart; cos, sin: (frames, ANGLES, FEATURES / 2); turned: x without gaps
extern "C" __global__ void rotate(const Number* __restrict__ x, const Number* __restrict__ cos,
                                  const Number* __restrict__ sin, Number* __restrict__ turned, int rows, int frames,
                                  int stride) {
    constexpr int HALF = FEATURES / 2, THREADS = HALF / SOME;
    const int thread = blockIdx.x * blockDim.x + threadIdx.x;
    const int head = thread / THREADS % (2 * HEADS), row = thread / THREADS / (2 * HEADS);
    if (row >= rows) return;
    const int within = head * FEATURES + thread % THREADS * SOME;
    const int angle = (row % frames * ANGLES + head % ANGLES) * HALF + thread % THREADS * SOME;
    const Number* from = x + (long long)row * stride + within;
    Number* to = turned + (long long)row * (2 * HEADS * FEATURES) + within;
    Some first = load(from), second = load(from + HALF);
    const Some cosines = load(cos + angle), sines = load(sin + angle);
    for (int i = 0; i < SOME; i++) {
        const float a = to_float(first.number[i]), b = to_float(second.number[i]);
        const float c = to_float(cosines.number[i]), s = to_float(sines.number[i]);
        first.number[i] = to_number(a * c - b * s);
        second.number[i] = to_number(b * c + a * s);
    }
    store(to, first);
    store(to + HALF, second);
}
#endif

#ifdef WIDTH
// Sum over the 32 threads of a warp, which all get it.
__device__ inline float over_warp(float sum) {
    for (int apart = 16; apart > 0; apart /= 2) sum += __shfl_xor_sync(0xffffffff, sum, apart);
    return sum;
}

// Add y by its gate, and normalise the sum by the time's scale and shift. A warp takes a row and keeps it in registers.
// A row of 1024 in half precision: 4 kB read, 4 written. PyTorch: 6 read, 4 written.
//
// x, y, gated, normed: (rows, WIDTH); gate, shift, scale: (WIDTH,)
extern "C" __global__ void gate_and_norm(const Number* __restrict__ x, const Number* __restrict__ gate,
                                         const Number* __restrict__ y, const Number* __restrict__ shift,
                                         const Number* __restrict__ scale, Number* __restrict__ gated,
                                         Number* __restrict__ normed, int rows) {
    constexpr int TURNS = WIDTH / (32 * SOME);
    const int row = (blockIdx.x * blockDim.x + threadIdx.x) / 32, column = threadIdx.x % 32 * SOME;
    if (row >= rows) return;
    const long long start = (long long)row * WIDTH + column;
    float kept[TURNS][SOME], sum = 0, squares = 0;
#pragma unroll
    for (int turn = 0; turn < TURNS; turn++) {
        const int at = turn * 32 * SOME;
        const Some old = load(x + start + at), added = load(y + start + at), gates = load(gate + column + at);
        Some made;
        for (int i = 0; i < SOME; i++) {
            const float more = to_float(gates.number[i]) * to_float(added.number[i]);
            made.number[i] = to_number(to_float(old.number[i]) + more);
            sum += kept[turn][i] = to_float(made.number[i]);
        }
        store(gated + start + at, made);
    }
    const float mean = over_warp(sum) / WIDTH;
#pragma unroll
    for (int turn = 0; turn < TURNS; turn++)
        for (int i = 0; i < SOME; i++) squares += (kept[turn][i] - mean) * (kept[turn][i] - mean);
    const float factor = rsqrtf(over_warp(squares) / WIDTH + EPSILON);
#pragma unroll
    for (int turn = 0; turn < TURNS; turn++) {
        const int at = turn * 32 * SOME;
        const Some scales = load(scale + column + at), shifts = load(shift + column + at);
        Some made;
        for (int i = 0; i < SOME; i++) {
            const float normal = (kept[turn][i] - mean) * factor;
            made.number[i] = to_number(normal * to_float(scales.number[i]) + to_float(shifts.number[i]));
        }
        store(normed + start + at, made);
    }
}
#endif
