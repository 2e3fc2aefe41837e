// Question: how fast is a tiled GEMM on operands that need no dequantisation, by mma.sync with cp.async and ldmatrix?
//
// x: (m, k) tokens, w: (n, k) weights, y: (m, n). Blocks of neighbouring numbers share their weights. Timed from outside: the whole kernel.
#include "bench.cuh"
#include "gemm.cuh"

// y in bf16 for sums in float, in int32 for integers.
SHARED_CODE void store_pair(uint32_t* y, size_t at, float low, float high) { y[at / 2] = BF16::narrowed(low, high); }
SHARED_CODE void store_pair(uint32_t* y, size_t at, int low, int high) { reinterpret_cast<uint2*>(y)[at / 2] = {uint32_t(low), uint32_t(high)}; }

// `bytes`: length of a row of x and w.
template <class T>
__device__ __forceinline__ void gemm_dense(const unsigned char* x, const unsigned char* w, uint32_t* y, int m, int n, int bytes) {
    extern __shared__ __align__(1024) unsigned char shared_memory[];
    const int across = (m + T::tokens - 1) / T::tokens;
    const int first_token = blockIdx.x % across * T::tokens, first_weight = blockIdx.x / across * T::weights;
    typename T::Sum c[T::mt][T::nt][4] = {};
    const PlainWeights<T> weights{w, first_weight, n, size_t(bytes)};
    multiply_tile<T>(c, shared_memory, x, first_token, m, bytes, weights, bytes / T::row_bytes);
    for_each_pair<T>(c, first_token, m, first_weight,
                     [&](int token, int row, auto low, auto high) { store_pair(y, size_t(token) * n + row, low, high); });
}

#define ENTRY(name, T)                                                                                                          \
    extern "C" __global__ void __launch_bounds__(T::threads)                                                                    \
        gemm_dense_##name(const unsigned char* x, const unsigned char* w, uint32_t* y, int m, int n, int bytes) {               \
        gemm_dense<T>(x, w, y, m, n, bytes);                                                                                    \
    }
#define ENTRIES(name, Mma)                             \
    using name##_large = Tile<Mma, 2, 4, 4, 4, 64>;    \
    using name##_small = Tile<Mma, 1, 4, 1, 4, 128>;   \
    ENTRY(name##_m128, name##_large)                   \
    ENTRY(name##_m16, name##_small)
ENTRIES(bf16, MmaBF16)
ENTRIES(int8, MmaS8)
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ == 890
ENTRIES(fp8, MmaE4M3)
#endif
