// How many bytes per second do L2 and DRAM move: in order, with a stride, in random segments; read, written, copied?
//
// Timed: the whole launch. Thread t of T touches elements t, t + T, t + 2T, ... of `count`, `passes` times; loads pass L1 by.
// What a thread reads it adds up and stores; what is written depends on its place and on the pass.
#include "bench.cuh"

constexpr int AT_ONCE = 4;  // of a thread

// Fetches the elements k of this thread, four at once, and then uses them; `count` is a multiple of 4 T.
template <class Fetch, class Use>
__device__ __forceinline__ void sweep(Clock* clocks, unsigned count, unsigned passes, Fetch fetch, Use use) {
    const unsigned thread = blockIdx.x * blockDim.x + threadIdx.x, threads = gridDim.x * blockDim.x;
    const Timer timer;
#pragma unroll 1
    for (unsigned pass = 0; pass < passes; ++pass)
#pragma unroll 1
        for (unsigned k = thread; k < count; k += AT_ONCE * threads) {
            decltype(fetch(k, pass)) fetched[AT_ONCE];
#pragma unroll
            for (int u = 0; u < AT_ONCE; ++u) fetched[u] = fetch(k + u * threads, pass);
#pragma unroll
            for (int u = 0; u < AT_ONCE; ++u) use(k + u * threads, fetched[u]);
        }
    timer.stop(clocks);
}

__device__ __forceinline__ uint4 load(const uint4* address) {
    uint4 v;
    asm volatile("ld.global.cg.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(address));
    return v;
}

// A permutation of the numbers of `bits` bits: multiplications by odd numbers, and shifts that carry high bits down.
__device__ __forceinline__ unsigned scrambled(unsigned x, int bits) {
    const unsigned mask = (1u << bits) - 1;
    x = x * 0x9e3779b1u & mask;
    x ^= x >> (bits / 2);
    x = x * 0x85ebca6bu & mask;
    return x ^ x >> (bits / 2);
}

// Adds up what `fetch` brings, and stores the sum of this thread.
template <class Fetch>
__device__ __forceinline__ void add_up(unsigned* out, Clock* clocks, int count, int passes, Fetch fetch) {
    unsigned total = 0;
    sweep(clocks, count, passes, fetch, [&](unsigned, const uint4& v) { total += v.x + v.y + v.z + v.w; });
    out[blockIdx.x * blockDim.x + threadIdx.x] = total;
}

extern "C" __global__ void stream_read(const uint4* in, unsigned* out, Clock* clocks, int count, int passes) {
    add_up(out, clocks, count, passes, [=](unsigned k, unsigned) { return load(in + k); });
}

// Segments of 2^log_vectors × 16 bytes out of 2^bits, none of them twice.
extern "C" __global__ void random_read(const uint4* in, unsigned* out, Clock* clocks, int count, int passes, int log_vectors,
                                       int bits) {
    const unsigned within = (1u << log_vectors) - 1;
    add_up(out, clocks, count, passes, [=](unsigned k, unsigned) {
        return load(in + (scrambled(k >> log_vectors, bits) << log_vectors | (k & within)));
    });
}

extern "C" __global__ void strided_read(const unsigned* in, unsigned* out, Clock* clocks, int count, int passes,
                                        int stride_words) {
    unsigned total = 0;
    sweep(
        clocks, count, passes, [=](unsigned k, unsigned) { return __ldcg(in + k * stride_words); },
        [&](unsigned, unsigned v) { total += v; });
    out[blockIdx.x * blockDim.x + threadIdx.x] = total;
}

extern "C" __global__ void stream_write(uint4* out, Clock* clocks, int count, int passes) {
    sweep(
        clocks, count, passes, [](unsigned k, unsigned pass) { return make_uint4(k, ~k, pass, k ^ pass); },
        [=](unsigned k, const uint4& v) { __stcg(out + k, v); });
}

extern "C" __global__ void stream_copy(const uint4* in, uint4* out, Clock* clocks, int count, int passes) {
    sweep(
        clocks, count, passes, [=](unsigned k, unsigned) { return load(in + k); },
        [=](unsigned k, const uint4& v) { __stcg(out + k, v); });
}
