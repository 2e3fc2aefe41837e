// How many bytes per cycle do shared memory and L1 move, by width, by bank conflict, and through ldmatrix?
//
// Timed: `iterations` passes over 16 accesses per thread, 1 KB apart, at an offset per lane that the host chooses: it decides
// about bank conflicts. All warps share the data. What is loaded is added up and stored; what is stored grows by one per pass
// and is read back.
#include "machine/timed.cuh"

constexpr int UNROLL = 16, STEP_BYTES = 1024, WORDS = 6144;  // room for 16 steps and lane offsets up to 8 KB

template <int N>
struct Words {
    unsigned w[N];
};

template <int N>
__device__ __forceinline__ unsigned sum(const Words<N>& v) {
    unsigned total = 0;
    for (int i = 0; i < N; ++i) total += v.w[i];
    return total;
}

__device__ __forceinline__ Words<1> load_shared(unsigned address, Words<1>) {
    Words<1> v;
    asm volatile("ld.volatile.shared.u32 %0, [%1];" : "=r"(v.w[0]) : "r"(address));
    return v;
}
__device__ __forceinline__ Words<2> load_shared(unsigned address, Words<2>) {
    Words<2> v;
    asm volatile("ld.volatile.shared.v2.u32 {%0, %1}, [%2];" : "=r"(v.w[0]), "=r"(v.w[1]) : "r"(address));
    return v;
}
__device__ __forceinline__ Words<4> load_shared(unsigned address, Words<4>) {
    Words<4> v;
    asm volatile("ld.volatile.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.w[0]), "=r"(v.w[1]), "=r"(v.w[2]), "=r"(v.w[3])
                 : "r"(address));
    return v;
}

__device__ __forceinline__ Words<1> load_l1(const char* address, Words<1>) {
    Words<1> v;
    asm volatile("ld.global.u32 %0, [%1];" : "=r"(v.w[0]) : "l"(address));
    return v;
}
__device__ __forceinline__ Words<2> load_l1(const char* address, Words<2>) {
    Words<2> v;
    asm volatile("ld.global.v2.u32 {%0, %1}, [%2];" : "=r"(v.w[0]), "=r"(v.w[1]) : "l"(address));
    return v;
}
__device__ __forceinline__ Words<4> load_l1(const char* address, Words<4>) {
    Words<4> v;
    asm volatile("ld.global.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.w[0]), "=r"(v.w[1]), "=r"(v.w[2]), "=r"(v.w[3])
                 : "l"(address));
    return v;
}

__device__ __forceinline__ void store_shared(unsigned address, const Words<1>& v) {
    asm volatile("st.volatile.shared.u32 [%0], %1;" ::"r"(address), "r"(v.w[0]) : "memory");
}
__device__ __forceinline__ void store_shared(unsigned address, const Words<2>& v) {
    asm volatile("st.volatile.shared.v2.u32 [%0], {%1, %2};" ::"r"(address), "r"(v.w[0]), "r"(v.w[1]) : "memory");
}
__device__ __forceinline__ void store_shared(unsigned address, const Words<4>& v) {
    asm volatile("st.volatile.shared.v4.u32 [%0], {%1, %2, %3, %4};" ::"r"(address), "r"(v.w[0]), "r"(v.w[1]), "r"(v.w[2]),
                 "r"(v.w[3])
                 : "memory");
}

__device__ __forceinline__ void fill(unsigned* memory, const unsigned* data) {
#pragma unroll 1
    for (int i = threadIdx.x; i < WORDS; i += blockDim.x) memory[i] = data[i];
    __syncthreads();
}

template <int N>
__device__ __forceinline__ void load(const unsigned* data, const unsigned* offsets, unsigned* out, Clock* clocks,
                                     int iterations) {
    __shared__ alignas(128) unsigned memory[WORDS];
    fill(memory, data);
    const unsigned base = __cvta_generic_to_shared(memory) + offsets[threadIdx.x % 32];
    unsigned total = 0;
    timed(clocks, iterations, [&] {
#pragma unroll
        for (int u = 0; u < UNROLL; ++u) total += sum(load_shared(base + u * STEP_BYTES, Words<N>{}));
    });
    out[blockIdx.x * blockDim.x + threadIdx.x] = total;
}

// Every other pass begins 1 KB further on: loads of the same addresses would be moved out of the loop.
template <int N>
__device__ __forceinline__ void load_cached(const unsigned* data, const unsigned* offsets, unsigned* out, Clock* clocks,
                                            int iterations) {
    const char* base = reinterpret_cast<const char*>(data) + offsets[threadIdx.x % 32];
    int advance = STEP_BYTES;
    unsigned total = 0;
    timed(clocks, iterations, [&] {
#pragma unroll
        for (int u = 0; u < UNROLL; ++u) total += sum(load_l1(base + u * STEP_BYTES, Words<N>{}));
        base += advance;
        advance = -advance;
    });
    out[blockIdx.x * blockDim.x + threadIdx.x] = total;
}

// All warps store the same values to the same places; the last store of each warp, and so the last of all, is that of the last
// pass.
template <int N>
__device__ __forceinline__ void store(const unsigned* data, const unsigned* offsets, unsigned* out, Clock* clocks,
                                      int iterations) {
    __shared__ alignas(128) unsigned memory[WORDS];
    fill(memory, data);
    const int lane = threadIdx.x % 32;
    const unsigned base = __cvta_generic_to_shared(memory) + offsets[lane];
    Words<N> value;
    for (int i = 0; i < N; ++i) value.w[i] = data[N * lane + i];
    timed(clocks, iterations, [&] {
#pragma unroll
        for (int i = 0; i < N; ++i) value.w[i] += 1;
#pragma unroll
        for (int u = 0; u < UNROLL; ++u) store_shared(base + u * STEP_BYTES, value);
    });
    __syncthreads();
    for (int i = threadIdx.x; i < WORDS; i += blockDim.x) out[blockIdx.x * WORDS + i] = memory[i];
}

#define LDMATRIX(NAME, N, FORM, REGISTERS, LAST, ...)                                                                      \
    extern "C" __global__ void ldmatrix_##NAME(const unsigned* data, const unsigned* offsets, unsigned* out, Clock* clocks, \
                                               int iterations) {                                                           \
        __shared__ alignas(128) unsigned memory[WORDS];                                                                    \
        fill(memory, data);                                                                                                \
        const unsigned base = __cvta_generic_to_shared(memory) + offsets[threadIdx.x % 32];                                \
        unsigned total = 0;                                                                                                \
        timed(clocks, iterations, [&] {                                                                                    \
            _Pragma("unroll") for (int u = 0; u < UNROLL; ++u) {                                                           \
                Words<N> v;                                                                                                \
                asm volatile("ldmatrix.sync.aligned.m8n8." FORM ".shared.b16 {" REGISTERS "}, [" LAST "];"                 \
                             : __VA_ARGS__                                                                                 \
                             : "r"(base + u * STEP_BYTES)                                                                  \
                             : "memory");                                                                                  \
                total += sum(v);                                                                                           \
            }                                                                                                              \
        });                                                                                                                \
        out[blockIdx.x * blockDim.x + threadIdx.x] = total;                                                                \
    }

#define ENTRY(NAME, FUNCTION)                                                                                              \
    extern "C" __global__ void NAME(const unsigned* data, const unsigned* offsets, unsigned* out, Clock* clocks,           \
                                    int iterations) {                                                                      \
        FUNCTION(data, offsets, out, clocks, iterations);                                                                  \
    }

ENTRY(shared_load_4, load<1>)
ENTRY(shared_load_8, load<2>)
ENTRY(shared_load_16, load<4>)
ENTRY(shared_store_4, store<1>)
ENTRY(shared_store_8, store<2>)
ENTRY(shared_store_16, store<4>)
ENTRY(l1_load_4, load_cached<1>)
ENTRY(l1_load_8, load_cached<2>)
ENTRY(l1_load_16, load_cached<4>)
LDMATRIX(x1, 1, "x1", "%0", "%1", "=r"(v.w[0]))
LDMATRIX(x2, 2, "x2", "%0,%1", "%2", "=r"(v.w[0]), "=r"(v.w[1]))
LDMATRIX(x4, 4, "x4", "%0,%1,%2,%3", "%4", "=r"(v.w[0]), "=r"(v.w[1]), "=r"(v.w[2]), "=r"(v.w[3]))
LDMATRIX(x4_trans, 4, "x4.trans", "%0,%1,%2,%3", "%4", "=r"(v.w[0]), "=r"(v.w[1]), "=r"(v.w[2]), "=r"(v.w[3]))
