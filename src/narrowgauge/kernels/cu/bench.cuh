// What every kernel of the suite shares: the device-side clock record and a store that the compiler cannot remove.
#pragma once
#include <cstdint>

// One per block: SM cycles and nanoseconds at the start and the end of the timed region, and the SM it ran on.
struct Clock {
    long long start_cycles, stop_cycles;
    unsigned long long start_ns, stop_ns;
    unsigned int sm, block;
};
static_assert(sizeof(Clock) == 40, "kernels/records.py reads this layout");

#ifdef __CUDACC__
__device__ __forceinline__ unsigned long long global_ns() {
    unsigned long long ns;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(ns));
    return ns;
}

__device__ __forceinline__ unsigned int sm_id() {
    unsigned int id;
    asm volatile("mov.u32 %0, %%smid;" : "=r"(id));
    return id;
}

// Timed region: `Timer timer; ... timer.stop(clocks);` Thread 0 of the block writes; the barriers keep the block together.
struct Timer {
    long long start_cycles;
    unsigned long long start_ns;
    __device__ __forceinline__ Timer() {
        __syncthreads();
        start_ns = global_ns();
        start_cycles = clock64();
    }
    __device__ __forceinline__ void stop(Clock* clocks) const {
        __syncthreads();
        const long long stop_cycles = clock64();
        const unsigned long long stop_ns = global_ns();
        if (threadIdx.x == 0)
            clocks[blockIdx.x] = Clock{start_cycles, stop_cycles, start_ns, stop_ns, sm_id(), blockIdx.x};
    }
};
#endif
