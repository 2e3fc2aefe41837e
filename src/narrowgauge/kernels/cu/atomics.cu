// How many atomic additions per cycle are done, in global and in shared memory, when many or few threads meet at one address?
//
// Timed: `iterations` passes over 8 additions of one by every thread, thread t at address t mod `distinct`. The counts are
// stored; of additions that return the old value also what they returned, summed per thread. Global counters are zero before
// and after a launch: the last block to finish stores them and clears them.
#include "machine/timed.cuh"

constexpr int UNROLL = 8, SHARED_COUNTERS = 1024;

// `one` is the number one in the operation's type. It comes from the host: a constant would make of the addition a count of
// threads.
struct AddU32 {
    static __device__ __forceinline__ void apply(unsigned* p, unsigned one, unsigned&) {
        asm volatile("red.global.add.u32 [%0], %1;" ::"l"(p), "r"(one) : "memory");
    }
};
struct FetchU32 {
    static __device__ __forceinline__ void apply(unsigned* p, unsigned one, unsigned& seen) {
        unsigned old;
        asm volatile("atom.global.add.u32 %0, [%1], %2;" : "=r"(old) : "l"(p), "r"(one) : "memory");
        seen += old;
    }
};
struct AddF32 {
    static __device__ __forceinline__ void apply(unsigned* p, unsigned one, unsigned&) {
        asm volatile("red.global.add.f32 [%0], %1;" ::"l"(p), "f"(__uint_as_float(one)) : "memory");
    }
};
struct AddF16x2 {
    static __device__ __forceinline__ void apply(unsigned* p, unsigned one, unsigned&) {
        asm volatile("red.global.add.noftz.f16x2 [%0], %1;" ::"l"(p), "r"(one) : "memory");
    }
};

template <class Operation>
__device__ __forceinline__ void global(unsigned* counters, unsigned* ticket, unsigned* out, unsigned* seen_out, Clock* clocks,
                                       int one, int distinct, int iterations) {
    __shared__ bool last;
    const unsigned thread = blockIdx.x * blockDim.x + threadIdx.x;
    unsigned* const counter = counters + (thread & (distinct - 1));
    unsigned seen = 0;
    timed(clocks, iterations, [&] {
#pragma unroll
        for (int u = 0; u < UNROLL; ++u) Operation::apply(counter, one, seen);
    });
    seen_out[thread] = seen;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) last = atomicInc(ticket, gridDim.x - 1) == gridDim.x - 1;
    __syncthreads();
    if (last)
#pragma unroll 1
        for (int i = threadIdx.x; i < distinct; i += blockDim.x) {
            out[i] = __ldcg(counters + i);
            __stcg(counters + i, 0u);
        }
}

// Every block has counters of its own.
template <class Add>
__device__ __forceinline__ void shared(unsigned* out, Clock* clocks, int distinct, int iterations, Add add) {
    __shared__ unsigned counters[SHARED_COUNTERS];
#pragma unroll 1
    for (int i = threadIdx.x; i < distinct; i += blockDim.x) counters[i] = 0;
    unsigned* const counter = counters + (threadIdx.x & (distinct - 1));
    timed(clocks, iterations, [&] {
#pragma unroll
        for (int u = 0; u < UNROLL; ++u) add((unsigned)__cvta_generic_to_shared(counter));
    });
    __syncthreads();
#pragma unroll 1
    for (int i = threadIdx.x; i < distinct; i += blockDim.x) out[blockIdx.x * distinct + i] = counters[i];
}

#define GLOBAL(NAME, OPERATION)                                                                                            \
    extern "C" __global__ void NAME(unsigned* counters, unsigned* ticket, unsigned* out, unsigned* seen, Clock* clocks,    \
                                    int one, int distinct, int iterations) {                                               \
        global<OPERATION>(counters, ticket, out, seen, clocks, one, distinct, iterations);                                 \
    }
GLOBAL(atomic_add_u32, AddU32)
GLOBAL(atomic_fetch_u32, FetchU32)
GLOBAL(atomic_add_f32, AddF32)
GLOBAL(atomic_add_f16x2, AddF16x2)

extern "C" __global__ void atomic_shared_u32(unsigned* out, Clock* clocks, int one, int distinct, int iterations) {
    shared(out, clocks, distinct, iterations,
           [=](unsigned address) { asm volatile("red.shared.add.u32 [%0], %1;" ::"r"(address), "r"(one) : "memory"); });
}

extern "C" __global__ void atomic_shared_f32(unsigned* out, Clock* clocks, int one, int distinct, int iterations) {
    shared(out, clocks, distinct, iterations, [=](unsigned address) {
        asm volatile("red.shared.add.f32 [%0], %1;" ::"r"(address), "f"(__int_as_float(one)) : "memory");
    });
}
