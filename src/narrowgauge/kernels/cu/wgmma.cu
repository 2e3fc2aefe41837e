// How many multiply-adds per cycle does wgmma finish, by instruction, width and place of A, and how long does one take?
//
// Timed: `iterations` passes over 32 instructions of every warpgroup, all adding to the same accumulators. `stream` entries
// commit one pass while the one before is still running; `wait` entries wait for every single instruction. All warpgroups
// share A and B. Every accumulator starts from an input and is stored, and the sum it ends with counts the instructions: none
// can be left out.
#include "machine/timed.cuh"
#include "machine/wgmma.cuh"

#if __CUDA_ARCH_FEAT_SM90_ALL
constexpr int UNROLL = 32, GROUP = 128, A_WORDS = 64 * 8;

enum class Source { SHARED, REGISTERS };
enum class Pace { STREAM, WAIT };

template <class Instruction, Source SOURCE, Pace PACE>
__device__ __forceinline__ void run(const unsigned* a_operand, const unsigned* b_operand, const unsigned* start, unsigned* out,
                                    Clock* clocks, int iterations) {
    using Word = typename Instruction::Word;
    __shared__ alignas(128) unsigned a_tile[A_WORDS], b_tile[Instruction::COLUMNS * 8];
    const int thread = threadIdx.x % GROUP;
    for (int i = threadIdx.x; i < A_WORDS; i += blockDim.x) a_tile[i] = a_operand[i];
    for (int i = threadIdx.x; i < Instruction::COLUMNS * 8; i += blockDim.x) b_tile[i] = b_operand[i];
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    __syncthreads();
    unsigned a[4];  // of this thread, where A comes from registers: the fragments of four warps follow one another
    for (int r = 0; r < 4; ++r) a[r] = a_operand[(thread / 32 * 4 + r) * 32 + thread % 32];
    Word d[Instruction::D];
    for (int r = 0; r < Instruction::D; ++r) d[r] = reinterpret_cast<const Word*>(start)[thread];
    const uint64_t a_shared = descriptor(a_tile), b_shared = descriptor(b_tile);
    timed(
        clocks, iterations,
        [&] {
#pragma unroll
            for (int u = 0; u < UNROLL; ++u) {
                if (u == 0 || PACE == Pace::WAIT) warpgroup_arrive();
                if constexpr (SOURCE == Source::SHARED)
                    Instruction::shared(d, a_shared, b_shared);
                else
                    Instruction::registers(d, a, b_shared);
                if (u == UNROLL - 1 || PACE == Pace::WAIT) warpgroup_commit();
                if (PACE == Pace::WAIT) warpgroup_wait<0>();
            }
            if (PACE == Pace::STREAM) warpgroup_wait<1>();
        },
        [] { warpgroup_wait<0>(); });
    const int group = (blockIdx.x * blockDim.x + threadIdx.x) / GROUP;
    for (int r = 0; r < Instruction::D; ++r) reinterpret_cast<Word*>(out)[(group * Instruction::D + r) * GROUP + thread] = d[r];
}

#define ENTRY(NAME, SUFFIX, SOURCE, PACE)                                                                               \
    extern "C" __global__ void __launch_bounds__(2 * GROUP, 1)                                                          \
        wgmma_##NAME##_##SUFFIX(const unsigned* a, const unsigned* b, const unsigned* start, unsigned* out,             \
                                Clock* clocks, int iterations) {                                                        \
        run<Wgmma_##NAME, Source::SOURCE, Pace::PACE>(a, b, start, out, clocks, iterations);                            \
    }
#define STREAM(NAME) ENTRY(NAME, shared, SHARED, STREAM) ENTRY(NAME, registers, REGISTERS, STREAM)
#define WIDTHS(NAME)                                       \
    STREAM(NAME##_n8) STREAM(NAME##_n16) STREAM(NAME##_n32) \
    STREAM(NAME##_n64) STREAM(NAME##_n128) STREAM(NAME##_n256)
#define WAIT(NAME) ENTRY(NAME, wait, SHARED, WAIT)

WIDTHS(f16_f16)
WIDTHS(f16_f32)
WIDTHS(bf16_f32)
WIDTHS(tf32_f32)
WIDTHS(e4m3_f16)
WIDTHS(e4m3_f32)
WIDTHS(e5m2_f32)
WIDTHS(s8_s32)
WAIT(f16_f32_n8) WAIT(f16_f32_n64) WAIT(f16_f32_n256) WAIT(e4m3_f32_n64) WAIT(s8_s32_n64)
#endif
