// Question: how fast is a GEMM of integers of few bits, done one bit plane at a time on the binary tensor cores?
//
// Two's complement numbers of p and q bits are p and q matrices of single bits: x (p, m, k / 8 bytes), w (q, n, k / 8 bytes). The product of
// plane i of x and plane j of w is a matrix of population counts and weighs 2^i 2^j, negative where one of them is the plane of signs. Every
// pair of planes is a GEMM of its own over all of k: p q passes over the tiles. y: (m, n). Timed from outside: the whole kernel.
#include "bench.cuh"
#include "gemm.cuh"

SHARED_CODE int plane_weight(int plane, int planes) { return plane == planes - 1 ? -(1 << plane) : 1 << plane; }

// `bytes`: length of a row of x and w.
template <class T>
__device__ __forceinline__ void gemm_planes(const unsigned char* x, const unsigned char* w, uint32_t* y, int m, int n, int bytes, int p,
                                            int q) {
    extern __shared__ __align__(1024) unsigned char shared_memory[];
    const int across = (m + T::tokens - 1) / T::tokens;
    const int first_token = blockIdx.x % across * T::tokens, first_weight = blockIdx.x / across * T::weights;
    int total[T::mt][T::nt][4] = {};
#pragma unroll 1
    for (int pair = 0; pair < p * q; ++pair) {
        const int i = pair % p, j = pair / p, weight = plane_weight(i, p) * plane_weight(j, q);
        int c[T::mt][T::nt][4] = {};
        const PlainWeights<T> weights{w + size_t(j) * n * bytes, first_weight, n, size_t(bytes)};
        multiply_tile<T>(c, shared_memory, x + size_t(i) * m * bytes, first_token, m, bytes, weights, bytes / T::row_bytes);
#pragma unroll
        for (int e = 0; e < T::mt * T::nt * 4; ++e) total[e / (4 * T::nt)][e / 4 % T::nt][e % 4] += weight * c[e / (4 * T::nt)][e / 4 % T::nt][e % 4];
        __syncthreads();  // the next pair fills what slower warps still read
    }
    for_each_pair<T>(total, first_token, m, first_weight, [&](int token, int row, int low, int high) {
        reinterpret_cast<uint2*>(y)[(size_t(token) * n + row) / 2] = {uint32_t(low), uint32_t(high)};
    });
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(T::threads, 1)                                                          \
        gemm_planes_##name(const unsigned char* x, const unsigned char* w, uint32_t* y, int m, int n, int bytes, int p, int q) { \
        gemm_planes<T>(x, w, y, m, n, bytes, p, q);                                                                   \
    }
using large = Tile<MmaB1, 2, 4, 4, 4, 64>;
using small = Tile<MmaB1, 1, 4, 1, 4, 128>;
ENTRY(m128, large)
ENTRY(m16, small)
