// How many bytes per second does cp.async bring, by the bytes that are on their way to an SM?
//
// Timed: the whole launch. Thread t of T copies vectors t, t + T, ... of 16 bytes past L1 into a ring of its own in shared
// memory, with STAGES of them on their way, and adds each up when it has come. The sum of every thread is stored.
#include "bench.cuh"

constexpr int BLOCK = 256;

__device__ __forceinline__ void copy(uint4* slot, const uint4* from) {
    const unsigned to = __cvta_generic_to_shared(slot);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(from) : "memory");
}
__device__ __forceinline__ uint4 load(const uint4* slot) {
    uint4 v;
    asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "r"((unsigned)__cvta_generic_to_shared(slot))
                 : "memory");
    return v;
}
__device__ __forceinline__ void commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int PENDING>
__device__ __forceinline__ void wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}

// One slot more than stages, so that a slot is filled again a step after it was read. `rounds` is a multiple of STAGES + 1.
template <int STAGES>
__device__ __forceinline__ void run(const uint4* in, unsigned* out, Clock* clocks, int rounds) {
    constexpr int SLOTS = STAGES + 1;
    __shared__ uint4 ring[SLOTS][BLOCK];
    const unsigned thread = blockIdx.x * BLOCK + threadIdx.x, threads = gridDim.x * BLOCK;
    unsigned total = 0;
    const Timer timer;
#pragma unroll
    for (int s = 0; s < STAGES; ++s) {
        copy(&ring[s][threadIdx.x], in + thread + s * threads);
        commit();
    }
    const uint4* next = in + thread + STAGES * threads;
    int left = rounds - STAGES;
#pragma unroll 1
    for (int round = 0; round < rounds; round += SLOTS)
#pragma unroll
        for (int s = 0; s < SLOTS; ++s) {
            wait<STAGES - 1>();
            const uint4 v = load(&ring[s][threadIdx.x]);
            if (left-- > 0) copy(&ring[(s + STAGES) % SLOTS][threadIdx.x], next);
            commit();
            next += threads;
            total += v.x + v.y + v.z + v.w;
        }
    timer.stop(clocks);
    out[thread] = total;
}

#define ENTRY(STAGES)                                                                                                     \
    extern "C" __global__ void __launch_bounds__(BLOCK)                                                                   \
        async_copy_##STAGES(const uint4* in, unsigned* out, Clock* clocks, int rounds) {                                  \
        run<STAGES>(in, out, clocks, rounds);                                                                             \
    }
ENTRY(1)
ENTRY(2)
ENTRY(4)
ENTRY(8)
