// What does a launch cost, of a kernel that does next to nothing and of one that scales a little memory?
//
// Timed: launches one after another, in a stream or in a graph.
#include "bench.cuh"

// One word of the result is all the work there is.
extern "C" __global__ void launch_minimal(unsigned* out, unsigned word) {
    if (threadIdx.x == 0) out[blockIdx.x] = word + blockIdx.x;
}

extern "C" __global__ void launch_scale(const float4* in, float4* out, float factor) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    const float4 v = in[i];
    out[i] = make_float4(factor * v.x, factor * v.y, factor * v.z, factor * v.w);
}
