// How long does a load take whose address is what the load before it brought, by where the data lies?
//
// Timed: `iterations` passes over 32 loads of one thread, each the address of the next (a ring through the working set). In
// global memory a ring's slot holds the byte offset of the next slot, from the host, and behind it the pointer that the
// prologue makes of it, so that the timed loop is loads alone. Where the thread stands in the end is stored: it depends on
// every load.
#include "machine/timed.cuh"

constexpr int UNROLL = 32;

struct Slot {
    unsigned long long next_offset, next;
};

enum class Cached { IN_L1, IN_L2 };

template <Cached LEVEL>
__device__ __forceinline__ unsigned long long load(unsigned long long address) {
    unsigned long long value;
    if (LEVEL == Cached::IN_L1)
        asm volatile("ld.global.u64 %0, [%1];" : "=l"(value) : "l"(address) : "memory");
    else
        asm volatile("ld.global.cg.u64 %0, [%1];" : "=l"(value) : "l"(address) : "memory");
    return value;
}

// Follows the ring that begins `first` bytes into `ring` for `warm_steps`, then for 32 × (iterations + 1).
template <Cached LEVEL>
__device__ __forceinline__ void chase(char* ring, unsigned* out, Clock* clocks, int first, int slots, int stride, int warm_steps,
                                      int iterations) {
    char* start = ring + first;
#pragma unroll 1
    for (long long i = threadIdx.x; i < slots; i += blockDim.x) {
        Slot* slot = reinterpret_cast<Slot*>(start + i * stride);
        slot->next = reinterpret_cast<unsigned long long>(start + __ldcg(&slot->next_offset)) + offsetof(Slot, next);
    }
    __syncthreads();
    unsigned long long address = reinterpret_cast<unsigned long long>(start) + offsetof(Slot, next);
    if (threadIdx.x == 0)
#pragma unroll 1
        for (int i = 0; i < warm_steps; ++i) address = load<LEVEL>(address);
    timed(clocks, iterations, [&] {
        if (threadIdx.x == 0)
#pragma unroll
            for (int u = 0; u < UNROLL; ++u) address = load<LEVEL>(address);
    });
    if (threadIdx.x == 0) out[blockIdx.x] = address - offsetof(Slot, next) - reinterpret_cast<unsigned long long>(start);
}

extern "C" __global__ void chase_l1(char* ring, unsigned* out, Clock* clocks, int first, int slots, int stride, int warm_steps,
                                    int iterations) {
    chase<Cached::IN_L1>(ring, out, clocks, first, slots, stride, warm_steps, iterations);
}

extern "C" __global__ void chase_l2(char* ring, unsigned* out, Clock* clocks, int first, int slots, int stride, int warm_steps,
                                    int iterations) {
    chase<Cached::IN_L2>(ring, out, clocks, first, slots, stride, warm_steps, iterations);
}

// The same from every SM, one after the other, so that no SM waits for another's load. `turn` is zero before and after.
extern "C" __global__ void chase_l2_in_turn(char* ring, int* turn, unsigned* out, Clock* clocks, int first, int slots, int stride,
                                            int warm_steps, int iterations) {
    volatile int* now = turn;
    while (*now != blockIdx.x) __nanosleep(2000);
    __syncthreads();
    chase<Cached::IN_L2>(ring, out, clocks, first, slots, stride, warm_steps, iterations);
    __syncthreads();
    if (threadIdx.x == 0) *now = blockIdx.x + 1 == gridDim.x ? 0 : blockIdx.x + 1;
}

// The ring is `words` long, its slots the words of shared memory; `next_word` says which one follows.
extern "C" __global__ void chase_shared(const unsigned* next_word, unsigned* out, Clock* clocks, int words, int iterations) {
    extern __shared__ unsigned ring[];
    const unsigned start = __cvta_generic_to_shared(ring);
#pragma unroll 1
    for (int i = threadIdx.x; i < words; i += blockDim.x) ring[i] = start + 4 * next_word[i];
    __syncthreads();
    unsigned address = start;
    timed(clocks, iterations, [&] {
        if (threadIdx.x == 0)
#pragma unroll
            for (int u = 0; u < UNROLL; ++u) asm volatile("ld.shared.u32 %0, [%0];" : "+r"(address)::"memory");
    });
    if (threadIdx.x == 0) out[blockIdx.x] = (address - start) / 4;
}
