// Question: what share of the tensor cores' rate survives when weights are dequantised in front of mma.sync?
//
// Timed: `trips` loop trips; each dequantises at least two A fragments (16 weight rows) in registers and multiplies each with `tiles` B
// fragments (8 tokens each), accumulating. `tiles` is how often a dequantised weight is used. Every product reaches an accumulator that is
// stored; the input words alternate, so nothing can be hoisted. `none` is the same without any dequantisation: the tensor cores alone.
#include "dequant_loop.cuh"
#include "tensor_core.cuh"

// Accumulators of every pair of fragment and tile, and the tiles' B fragments, which stay as they were loaded.
template <class Mma, int tiles, int fragments>
struct Accumulators {
    typename Mma::Sum c[fragments][tiles][4] = {};
    uint32_t b[tiles][2];

    __device__ __forceinline__ explicit Accumulators(const uint32_t* tokens) {
#pragma unroll
        for (int i = 0; i < 2 * tiles; ++i) b[i / 2][i % 2] = tokens[i * blockDim.x + threadIdx.x];
    }
    __device__ __forceinline__ void multiply(int fragment, const uint32_t (&a)[4]) {
#pragma unroll
        for (int tile = 0; tile < tiles; ++tile) Mma::mma(c[fragment][tile], a, b[tile]);
    }
    // Element e of the accumulator of a fragment and a tile is row (fragment * tiles + tile) * 4 + e of this block's result.
    __device__ __forceinline__ void store(typename Mma::Sum* result) const {
#pragma unroll
        for (int i = 0; i < fragments * tiles * 4; ++i)
            result[(blockIdx.x * fragments * tiles * 4 + i) * blockDim.x + threadIdx.x] = c[i / (4 * tiles)][i / 4 % tiles][i % 4];
    }
};

template <class Codec, class Mma, int tiles>
__device__ __forceinline__ void dequant_mma(const uint32_t* first, const uint32_t* sums, const uint32_t* source, const uint32_t* tokens,
                                            void* result, Clock* clocks, int trips) {
    constexpr int calls = Codec::regs >= 8 ? 1 : 2, per_call = Codec::regs / 4;
    const Table<Codec> table(source);
    AlternatingWords<calls * Codec::words> input(first, sums);
    Accumulators<Mma, tiles, calls * per_call> sum(tokens);
    const Timer timer;
#pragma unroll 1
    for (int trip = 0; trip < trips; ++trip) {
#pragma unroll
        for (int call = 0; call < calls; ++call) {
            uint32_t regs[per_call][4];
            Codec::unpack(input.word + call * Codec::words, regs[0], table.entries());
#pragma unroll
            for (int i = 0; i < per_call; ++i) sum.multiply(call * per_call + i, regs[i]);
        }
        input.alternate();
    }
    timer.stop(clocks);
    sum.store(static_cast<typename Mma::Sum*>(result));
}

// No codec: the A fragments stay as they were loaded, too.
template <class Mma, int tiles>
__device__ __forceinline__ void mma_alone(const uint32_t* first, const uint32_t* tokens, void* result, Clock* clocks, int trips) {
    constexpr int fragments = 2;
    uint32_t a[fragments][4];
#pragma unroll
    for (int i = 0; i < fragments * 4; ++i) a[i / 4][i % 4] = first[i * blockDim.x + threadIdx.x];
    Accumulators<Mma, tiles, fragments> sum(tokens);
    const Timer timer;
#pragma unroll 1
    for (int trip = 0; trip < trips; ++trip)
#pragma unroll
        for (int i = 0; i < fragments; ++i) sum.multiply(i, a[i]);
    timer.stop(clocks);
    sum.store(static_cast<typename Mma::Sum*>(result));
}

#define FUSED(codec, Mma, tiles)                                                                                                        \
    extern "C" __global__ void __launch_bounds__(512, 1)                                                                                \
        dequant_mma_##codec##_tiles##tiles(const uint32_t* first, const uint32_t* sums, const uint32_t* table, const uint32_t* tokens,  \
                                           void* result, Clock* clocks, int trips) {                                                    \
        dequant_mma<codecs::codec, Mma, tiles>(first, sums, table, tokens, result, clocks, trips);                                      \
    }
#define ALONE(target, Mma, tiles)                                                                                                       \
    extern "C" __global__ void __launch_bounds__(512, 1)                                                                                \
        dequant_mma_none_##target##_tiles##tiles(const uint32_t* first, const uint32_t*, const uint32_t*, const uint32_t* tokens,       \
                                                 void* result, Clock* clocks, int trips) {                                              \
        mma_alone<Mma, tiles>(first, tokens, result, clocks, trips);                                                                    \
    }
#define THREE(macro, name, Mma) macro(name, Mma, 1) macro(name, Mma, 2) macro(name, Mma, 4)
#define F16(codec) THREE(FUSED, codec, MmaF16)
#define BF16(codec) THREE(FUSED, codec, MmaBF16)
#define INT8(codec) THREE(FUSED, codec, MmaS8)
#define FP8(codec) THREE(FUSED, codec, MmaE4M3)

THREE(ALONE, f16, MmaF16)
THREE(ALONE, int8, MmaS8)
// clang-format off
F16(int2_f16) F16(int3_f16) F16(int4_f16) F16(uint4_f16) F16(int8_f16) F16(fp4_f16) F16(fp6_e3m2_f16) F16(fp8_e4m3_f16)
F16(fp8_e5m2_f16) F16(nf4_prmt_f16) F16(nf4_shared_f16) F16(nf4_shared_pair_f16) F16(nf4_shuffle_f16) F16(flint4_prmt_f16)
BF16(int4_bf16) BF16(int8_bf16) BF16(fp4_bf16)
INT8(int4_int8) INT8(int4_shifted_int8) INT8(uint4_scaled_int8) INT8(int2_int8) INT8(ternary_int8) INT8(ternary243_int8)
// clang-format on
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 890
F16(fp8_e4m3_cvt_f16)
#endif
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ == 890  // Hopper emulates mma.sync of FP8; its own way is wgmma
THREE(ALONE, fp8, MmaE4M3)
FP8(fp4_prmt_fp8)
FP8(int4_prmt_fp8)
#endif
