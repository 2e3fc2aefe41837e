// Question: how fast is a tiled GEMM whose weights stay packed in shared memory and are dequantised on the way to mma.sync?
//
// In the style of MARLIN (Frantar et al., arXiv 2408.11743): weights lie in the order of the fragments, so that 16 bytes are what one lane
// needs of 16 weight rows in one stage, copied by cp.async and never rearranged. x: (m, k) tokens, y: (m, n), scales: (k / 128, n) halves
// where the operand is fp16; integer and FP8 sums are stored unscaled. Timed from outside: the whole kernel.
#include "bench.cuh"
#include "codecs/all.cuh"
#include "gemm.cuh"

constexpr int group = 128;

// Weights in fragment order: [n / 16][stage][lane] 16 bytes. Register r of a fragment holds bytes 16 (r % 2) + 4 (lane % 4) .. + 3 of weight
// row 8 (r / 2) + lane / 4: two B fragments side by side.
template <class T, class Codec>
struct PackedWeights {
    static constexpr bool scaled = T::Mma::bits == 16;
    static constexpr int blocks = T::weights / 16, packed_bytes = blocks * 512, scale_bytes = scaled ? 2 * T::weights : 0;
    static constexpr int stage_bytes = packed_bytes + scale_bytes, stage_k = T::row_bytes * 8 / T::Mma::bits;
    static_assert(Codec::regs == 4 && T::steps * Codec::words == 4, "a call makes one fragment, a stage is 16 bytes of every lane");
    const uint4* packed;
    const unsigned char* scales;
    const uint32_t* table;
    int first, rows, turns;

    __device__ __forceinline__ void copy(unsigned char* shared, int stage) const {
share_out<T::threads, blocks * 32>([&](int i) {
            copy_async_16(shared + 16 * i, packed + (size_t(first / 16 + i / 32) * turns + stage) * 32 + i % 32);
        });
        if constexpr (scaled) {
            const unsigned char* const row = scales + 2 * (size_t(stage * stage_k / group) * rows + first);
            share_out<T::threads, scale_bytes / 16>([&](int i) { copy_async_16(shared + packed_bytes + 16 * i, row + 16 * i); });
        }
    }
    struct Stage {
        uint32_t words[T::nt / 2][4], scale[T::nt];
        const uint32_t* table;

        __device__ __forceinline__ Stage(const unsigned char* stage, const PackedWeights& weights) : table(weights.table) {
            const int block = threadIdx.x / 32 % T::warps_n * (T::nt / 2), lane = lane_of_thread();
#pragma unroll
            for (int j = 0; j < T::nt / 2; ++j) {
                const uint4 four = reinterpret_cast<const uint4*>(stage)[(block + j) * 32 + lane];
                words[j][0] = four.x, words[j][1] = four.y, words[j][2] = four.z, words[j][3] = four.w;
            }
            if constexpr (scaled)
#pragma unroll
                for (int j = 0; j < T::nt; ++j) {
                    const uint32_t half = reinterpret_cast<const uint16_t*>(stage + packed_bytes)[16 * block + 8 * j + lane / 4];
                    scale[j] = prmt(half, 0, 0x1010);
                }
        }
        __device__ __forceinline__ void fragments(uint32_t (&b)[T::nt / 2][4], int step) const {
#pragma unroll
            for (int j = 0; j < T::nt / 2; ++j) {
                Codec::unpack(words[j] + step * Codec::words, b[j], table);
                if constexpr (scaled)
#pragma unroll
                    for (int r = 0; r < 4; ++r) b[j][r] = F16::mul(b[j][r], scale[2 * j + r / 2]);
            }
        }
    };
};

SHARED_CODE void store_pair(uint32_t* y, size_t at, float low, float high) { y[at / 2] = F16::narrowed(low, high); }
SHARED_CODE void store_pair(uint32_t* y, size_t at, int low, int high) { reinterpret_cast<uint2*>(y)[at / 2] = {uint32_t(low), uint32_t(high)}; }

// `bytes`: length of a row of x.
template <class T, class Codec>
__device__ __forceinline__ void gemm_packed(const unsigned char* x, const uint4* w, const unsigned char* scales, const uint32_t* source,
                                            uint32_t* y, int m, int n, int bytes) {
    extern __shared__ __align__(1024) unsigned char shared_memory[];
    static_assert(Codec::shared_words == 0, "tables in registers alone");
    uint32_t table[Codec::tables ? Codec::tables : 1];
#pragma unroll
    for (int i = 0; i < Codec::tables; ++i) table[i] = source[32 * i];
    const int across = (m + T::tokens - 1) / T::tokens, turns = bytes / T::row_bytes;
    const int first_token = blockIdx.x % across * T::tokens, first_weight = blockIdx.x / across * T::weights;
    typename T::Sum c[T::mt][T::nt][4] = {};
    const PackedWeights<T, Codec> weights{w, scales, table, first_weight, n, turns};
    multiply_tile<T>(c, shared_memory, x, first_token, m, bytes, weights, turns);
    for_each_pair<T>(c, first_token, m, first_weight,
                     [&](int token, int row, auto low, auto high) { store_pair(y, size_t(token) * n + row, low, high); });
}

#define ENTRY(codec, name, T)                                                                                                       \
    extern "C" __global__ void __launch_bounds__(T::threads)                                                                        \
        gemm_packed_##codec##_##name(const unsigned char* x, const uint4* w, const unsigned char* scales, const uint32_t* table,    \
                                     uint32_t* y, int m, int n, int bytes) {                                                        \
        gemm_packed<T, codecs::codec>(x, w, scales, table, y, m, n, bytes);                                                         \
    }
#define ENTRIES(codec, Mma)                                                            \
    using codec##_large = Tile<Mma, 1, 8, 4, 4, 128 / codecs::codec::words>;           \
    using codec##_small = Tile<Mma, 1, 4, 1, 2, 128 / codecs::codec::words>;           \
    ENTRY(codec, m64, codec##_large)                                                   \
    ENTRY(codec, m16, codec##_small)
ENTRIES(int4_f16, MmaF16)
ENTRIES(int8_f16, MmaF16)
ENTRIES(fp4_f16, MmaF16)
ENTRIES(nf4_prmt_f16, MmaF16)
ENTRIES(int4_int8, MmaS8)
ENTRIES(int4_shifted_int8, MmaS8)
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ == 890
ENTRIES(fp4_prmt_fp8, MmaE4M3)
#endif
