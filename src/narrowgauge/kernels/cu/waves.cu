// How does the time of a launch grow with the number of its blocks, when a given number of them fits onto an SM?
//
// Timed: the whole launch. Every block does the same: `iterations` passes over 32 dependent multiply-adds of each thread,
// which leave the units so idle that blocks on one SM do not disturb each other. How many fit is decided by the shared memory
// that the launch asks for.
#include "bench.cuh"

constexpr int UNROLL = 32;

extern "C" __global__ void waves(const float* in, float* out, Clock* clocks, int iterations) {
    const int thread = threadIdx.x;
    float x = in[thread];
    const float y = in[blockDim.x + thread], z = in[2 * blockDim.x + thread];
    const Timer timer;
#pragma unroll 1
    for (int i = 0; i < iterations; ++i)
#pragma unroll
        for (int u = 0; u < UNROLL; ++u) asm volatile("fma.rn.f32 %0, %0, %1, %2;" : "+f"(x) : "f"(y), "f"(z));
    timer.stop(clocks);
    out[blockIdx.x * blockDim.x + thread] = x;
}
