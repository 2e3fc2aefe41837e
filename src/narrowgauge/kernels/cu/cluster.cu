// How long does a load from another SM's shared memory take, and how many bytes per cycle come from it, by cluster size?
//
// Latency, timed: `iterations` passes over 32 loads of one thread per block, each the address of the next, in the memory of
// the next block of the cluster. Bandwidth, timed: `iterations` passes over 16 loads of 16 bytes of every thread from there.
// Where the walk ends and what the loads add up to is stored.
#include "machine/timed.cuh"

#if __CUDA_ARCH__ >= 900
constexpr int CHASE = 32, LOADS = 16, WORDS = 8192, STEP_BYTES = 2048;  // 16 loads, 2 KB apart, end at 32 KB

__device__ __forceinline__ void cluster_sync() {
    asm volatile("barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;" ::: "memory");
}

__device__ __forceinline__ unsigned cluster_rank() {
    unsigned rank;
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}

// The address of `local` in the memory of another block of the cluster; all of them lie in one generic address space.
template <class T>
__device__ __forceinline__ unsigned long long mapped(const T* local, unsigned rank) {
    unsigned long long address;
    asm volatile("mapa.u64 %0, %1, %2;" : "=l"(address) : "l"(local), "r"(rank));
    return address;
}

// The same in 32 bits, as `ld.shared::cluster` takes it; unlike generic loads, these are not taken for constant and moved out
// of a loop.
__device__ __forceinline__ unsigned mapped_in_window(const void* local, unsigned rank) {
    const unsigned own = __cvta_generic_to_shared(local);
    unsigned address;
    asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(address) : "r"(own), "r"(rank));
    return address;
}

template <int SIZE>
__device__ __forceinline__ void latency(const unsigned* next_slot, unsigned* out, Clock* clocks, int slots, int iterations) {
    __shared__ unsigned long long ring[WORDS / 2];
    const unsigned long long own = mapped(ring, cluster_rank()), start = mapped(ring, (cluster_rank() + 1) % SIZE);
#pragma unroll 1
    for (int i = threadIdx.x; i < slots; i += blockDim.x) ring[i] = own + 8 * next_slot[i];
    cluster_sync();
    unsigned long long address = start;
    timed(clocks, iterations, [&] {
        if (threadIdx.x == 0)
#pragma unroll
            for (int u = 0; u < CHASE; ++u) asm volatile("ld.u64 %0, [%0];" : "+l"(address)::"memory");
    });
    if (threadIdx.x == 0) out[blockIdx.x] = (address - start) / 8;
    cluster_sync();
}

template <int SIZE>
__device__ __forceinline__ void bandwidth(const unsigned* data, unsigned* out, Clock* clocks, int iterations) {
    __shared__ alignas(128) unsigned memory[WORDS];
#pragma unroll 1
    for (int i = threadIdx.x; i < WORDS; i += blockDim.x) memory[i] = data[i] + cluster_rank();
    cluster_sync();
    const unsigned base = mapped_in_window(memory, (cluster_rank() + 1) % SIZE) + threadIdx.x % 128 * 16;
    unsigned total = 0;
    timed(clocks, iterations, [&] {
#pragma unroll
        for (int u = 0; u < LOADS; ++u) {
            unsigned x, y, z, w;
            asm volatile("ld.shared::cluster.v4.u32 {%0, %1, %2, %3}, [%4];"
                         : "=r"(x), "=r"(y), "=r"(z), "=r"(w)
                         : "r"(base + u * STEP_BYTES)
                         : "memory");
            total += x + y + z + w;
        }
    });
    out[blockIdx.x * blockDim.x + threadIdx.x] = total;
    cluster_sync();
}

#define ENTRIES(SIZE)                                                                                                      \
    extern "C" __global__ void __cluster_dims__(SIZE, 1, 1)                                                                \
        cluster_latency_##SIZE(const unsigned* next_slot, unsigned* out, Clock* clocks, int slots, int iterations) {       \
        latency<SIZE>(next_slot, out, clocks, slots, iterations);                                                          \
    }                                                                                                                      \
    extern "C" __global__ void __cluster_dims__(SIZE, 1, 1)                                                                \
        cluster_bandwidth_##SIZE(const unsigned* data, unsigned* out, Clock* clocks, int iterations) {                     \
        bandwidth<SIZE>(data, out, clocks, iterations);                                                                    \
    }
ENTRIES(2)
ENTRIES(4)
ENTRIES(8)
#endif
