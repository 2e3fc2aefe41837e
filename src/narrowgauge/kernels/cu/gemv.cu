// Question: how fast is y = W x with low-bit weights, a scale per 128 weights of a row, and fp16 activations?
//
// A warp owns ROWS rows of W and walks along K: every lane loads 16 bytes of packed weights of each row, and the activations that belong
// to them once for all rows. `split` warps of a block share the same rows and K between them and add up through shared memory. Four
// products are added in fp16, everything beyond in float. Timed from outside: the whole kernel.
#include "dequant_loop.cuh"

constexpr int threads = 128, warps = threads / 32, group = 128;

// No codec: four words are eight halves.
struct Halves {
    static constexpr int words = 4, regs = 4, tables = 0, shared_words = 0;
    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t*) {
#pragma unroll
        for (int i = 0; i < 4; ++i) out[i] = in[i];
    }
};
namespace codecs {
using f16_f16 = Halves;
}

// Sum of both halves of four products, in float.
SHARED_CODE float dot_four(const uint32_t* weights, const uint32_t* tokens) {
    uint32_t pair = F16::mul(weights[0], tokens[0]);
#pragma unroll
    for (int i = 1; i < 4; ++i) pair = F16::fma(weights[i], tokens[i], pair);
    float low, high;
    widened(pair, low, high);
    return low + high;
}

SHARED_CODE float half_value(uint16_t half) {
    float low, high;
    widened(half, low, high);
    return low;
}

__device__ __forceinline__ float warp_sum(float value) {
#pragma unroll
    for (int step = 16; step > 0; step /= 2) value += bits_float(shuffle(float_bits(value), lane_of_thread() ^ step));
    return value;
}

// Weights: rows of k codes, packed; scales: halves (rows, k / 128); tokens: k halves; y: `rows` floats. k is a multiple of 128.
template <class Codec, int ROWS>
__device__ __forceinline__ void gemv(const uint4* weights, const uint16_t* scales, const uint4* tokens, const uint32_t* source, float* y,
                                     unsigned k, unsigned split) {
    extern __shared__ __align__(1024) unsigned char shared_memory[];
    float* const parts = reinterpret_cast<float*>(shared_memory + table_bytes);  // [warps][ROWS]
    constexpr int calls = 4 / Codec::words, per_load = calls * Codec::regs * 2;  // weights of 16 bytes
    const Table<Codec> table(source);
    const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const unsigned row = (blockIdx.x * (warps / split) + warp / split) * ROWS, loads = k / per_load;
    float sum[ROWS] = {};
    for (unsigned load = warp % split * 32 + lane; load < loads; load += split * 32) {
        uint4 packed[ROWS];
#pragma unroll
        for (int r = 0; r < ROWS; ++r) packed[r] = weights[size_t(row + r) * loads + load];
        uint32_t x[per_load / 2];
#pragma unroll
        for (int i = 0; i < per_load / 8; ++i) reinterpret_cast<uint4*>(x)[i] = tokens[load * (per_load / 8) + i];
#pragma unroll
        for (int r = 0; r < ROWS; ++r) {
            const uint32_t words[4] = {packed[r].x, packed[r].y, packed[r].z, packed[r].w};
            float part = 0;
#pragma unroll
            for (int call = 0; call < calls; ++call) {
                uint32_t halves[Codec::regs];
                Codec::unpack(words + call * Codec::words, halves, table.entries());
#pragma unroll
                for (int i = 0; i < Codec::regs; i += 4) part += dot_four(halves + i, x + call * Codec::regs + i);
            }
            sum[r] += part * half_value(scales[size_t(row + r) * (k / group) + load * per_load / group]);
        }
    }
#pragma unroll
    for (int r = 0; r < ROWS; ++r) sum[r] = warp_sum(sum[r]);
    if (lane == 0)
#pragma unroll
        for (int r = 0; r < ROWS; ++r) parts[warp * ROWS + r] = sum[r];
    __syncthreads();
    if (warp % split == 0 && lane < ROWS) {
        float total = 0;
#pragma unroll 1
        for (unsigned i = 0; i < split; ++i) total += parts[(warp + i) * ROWS + lane];
        y[row + lane] = total;
    }
}

#define ENTRY(codec, ROWS)                                                                                                              \
    extern "C" __global__ void __launch_bounds__(threads)                                                                               \
        gemv_##codec##_rows##ROWS(const uint4* weights, const uint16_t* scales, const uint4* tokens, const uint32_t* table, float* y,   \
                                  int k, int split) {                                                                                   \
        gemv<codecs::codec, ROWS>(weights, scales, tokens, table, y, k, split);                                                         \
    }
#define ROWS(codec) ENTRY(codec, 1) ENTRY(codec, 2) ENTRY(codec, 4)
ROWS(f16_f16)
ROWS(int8_f16)
ROWS(int4_f16)
ROWS(uint4_f16)
ROWS(fp4_f16)
ROWS(nf4_prmt_f16)
ROWS(nf4_shared_pair_f16)
