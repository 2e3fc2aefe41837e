// How long does an mma.sync take, and how many finish per cycle?
//
// Timed: `iterations` passes over 32 instructions per warp, spread over ILP accumulators that depend on nothing but
// themselves. One warp with ILP 1 gives the latency; more of either gives the throughput. All accumulators share one A and one
// B fragment. Every accumulator starts from an input and is stored, and the sum it ends with counts the instructions: none can
// be left out.
#include "machine/timed.cuh"

constexpr int UNROLL = 32;
constexpr unsigned METADATA = 0x44444444;  // elements 0 and 1 of every four (tf32: element 0 of every two) are kept

#define D2(F) "+" F(d[0]), "+" F(d[1])
#define D4(F) D2(F), "+" F(d[2]), "+" F(d[3])
#define IN1(x) "r"(x[0])
#define IN2(x) IN1(x), "r"(x[1])
#define IN4(x) IN2(x), "r"(x[2]), "r"(x[3])

// One struct per instruction: A, B and D in 32-bit registers; the name of the assembly macro is the number of each.
#define ASM_1_1_2(OP, F) asm volatile(OP " {%0,%1},{%2},{%3},{%0,%1};" : D2(F) : IN1(a), IN1(b))
#define ASM_2_1_2(OP, F) asm volatile(OP " {%0,%1},{%2,%3},{%4},{%0,%1};" : D2(F) : IN2(a), IN1(b))
#define ASM_4_2_2(OP, F) asm volatile(OP " {%0,%1},{%2,%3,%4,%5},{%6,%7},{%0,%1};" : D2(F) : IN4(a), IN2(b))
#define ASM_2_1_4(OP, F) asm volatile(OP " {%0,%1,%2,%3},{%4,%5},{%6},{%0,%1,%2,%3};" : D4(F) : IN2(a), IN1(b))
#define ASM_4_2_4(OP, F) asm volatile(OP " {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};" : D4(F) : IN4(a), IN2(b))
#define ASM_2_2_4(OP, F) \
    asm volatile(OP " {%0,%1,%2,%3},{%4,%5},{%6,%7},{%0,%1,%2,%3},%8,0x0;" : D4(F) : IN2(a), IN2(b), "r"(METADATA))
#define ASM_4_4_4(OP, F)                                                                   \
    asm volatile(OP " {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9,%10,%11},{%0,%1,%2,%3},%12,0x0;" \
                 : D4(F)                                                                   \
                 : IN4(a), IN4(b), "r"(METADATA))

template <class Instruction, int ILP>
__device__ __forceinline__ void run(const unsigned* a_fragment, const unsigned* b_fragment, const unsigned* start, unsigned* out,
                                    Clock* clocks, int iterations) {
    using Word = typename Instruction::Word;
    const int lane = threadIdx.x % 32;
    unsigned a[Instruction::A], b[Instruction::B];
    Word d[ILP][Instruction::D];
    for (int r = 0; r < Instruction::A; ++r) a[r] = a_fragment[r * 32 + lane];
    for (int r = 0; r < Instruction::B; ++r) b[r] = b_fragment[r * 32 + lane];
    for (int j = 0; j < ILP; ++j)
        for (int r = 0; r < Instruction::D; ++r)
            d[j][r] = reinterpret_cast<const Word*>(start)[(j * Instruction::D + r) * 32 + lane];
    timed(clocks, iterations, [&] {
#pragma unroll
        for (int u = 0; u < UNROLL; ++u) Instruction::apply(d[u % ILP], a, b);
    });
    const int warp = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
    for (int j = 0; j < ILP; ++j)
        for (int r = 0; r < Instruction::D; ++r)
            reinterpret_cast<Word*>(out)[((warp * ILP + j) * Instruction::D + r) * 32 + lane] = d[j][r];
}

#define ENTRY(NAME, ILP)                                                                                                   \
    extern "C" __global__ void mma_##NAME##_ilp##ILP(const unsigned* a, const unsigned* b, const unsigned* start,          \
                                                     unsigned* out, Clock* clocks, int iterations) {                       \
        run<Mma_##NAME, ILP>(a, b, start, out, clocks, iterations);                                                        \
    }
#define MMA(NAME, OP, NA, NB, ND, WORD, F)                                                                                 \
    struct Mma_##NAME {                                                                                                    \
        using Word = WORD;                                                                                                 \
        static constexpr int A = NA, B = NB, D = ND;                                                                       \
        static __device__ __forceinline__ void apply(Word* d, const unsigned* a, const unsigned* b) {                      \
            ASM_##NA##_##NB##_##ND(OP, F);                                                                                 \
        }                                                                                                                  \
    };                                                                                                                     \
    ENTRY(NAME, 1) ENTRY(NAME, 2) ENTRY(NAME, 4)

#define DENSE(SHAPE, TYPES) "mma.sync.aligned." SHAPE ".row.col." TYPES
#define SPARSE(SHAPE, TYPES) "mma.sp::ordered_metadata.sync.aligned." SHAPE ".row.col." TYPES

MMA(f16_f16_m16n8k8, DENSE("m16n8k8", "f16.f16.f16.f16"), 2, 1, 2, unsigned, "r")
MMA(f16_f16_m16n8k16, DENSE("m16n8k16", "f16.f16.f16.f16"), 4, 2, 2, unsigned, "r")
MMA(f16_f32_m16n8k8, DENSE("m16n8k8", "f32.f16.f16.f32"), 2, 1, 4, float, "f")
MMA(f16_f32_m16n8k16, DENSE("m16n8k16", "f32.f16.f16.f32"), 4, 2, 4, float, "f")
MMA(bf16_f32_m16n8k8, DENSE("m16n8k8", "f32.bf16.bf16.f32"), 2, 1, 4, float, "f")
MMA(bf16_f32_m16n8k16, DENSE("m16n8k16", "f32.bf16.bf16.f32"), 4, 2, 4, float, "f")
MMA(tf32_f32_m16n8k4, DENSE("m16n8k4", "f32.tf32.tf32.f32"), 2, 1, 4, float, "f")
MMA(tf32_f32_m16n8k8, DENSE("m16n8k8", "f32.tf32.tf32.f32"), 4, 2, 4, float, "f")
MMA(s8_s32_m8n8k16, DENSE("m8n8k16", "s32.s8.s8.s32"), 1, 1, 2, unsigned, "r")
MMA(s8_s32_m16n8k16, DENSE("m16n8k16", "s32.s8.s8.s32"), 2, 1, 4, unsigned, "r")
MMA(s8_s32_m16n8k32, DENSE("m16n8k32", "s32.s8.s8.s32"), 4, 2, 4, unsigned, "r")
MMA(s4_s32_m16n8k32, DENSE("m16n8k32", "s32.s4.s4.s32"), 2, 1, 4, unsigned, "r")
MMA(s4_s32_m16n8k64, DENSE("m16n8k64", "s32.s4.s4.s32"), 4, 2, 4, unsigned, "r")
MMA(b1and_s32_m16n8k128, DENSE("m16n8k128", "s32.b1.b1.s32.and.popc"), 2, 1, 4, unsigned, "r")
MMA(b1and_s32_m16n8k256, DENSE("m16n8k256", "s32.b1.b1.s32.and.popc"), 4, 2, 4, unsigned, "r")
MMA(b1xor_s32_m16n8k256, DENSE("m16n8k256", "s32.b1.b1.s32.xor.popc"), 4, 2, 4, unsigned, "r")

MMA(sp_f16_f32_m16n8k16, SPARSE("m16n8k16", "f32.f16.f16.f32"), 2, 2, 4, float, "f")
MMA(sp_f16_f32_m16n8k32, SPARSE("m16n8k32", "f32.f16.f16.f32"), 4, 4, 4, float, "f")
MMA(sp_bf16_f32_m16n8k32, SPARSE("m16n8k32", "f32.bf16.bf16.f32"), 4, 4, 4, float, "f")
MMA(sp_tf32_f32_m16n8k16, SPARSE("m16n8k16", "f32.tf32.tf32.f32"), 4, 4, 4, float, "f")
MMA(sp_s8_s32_m16n8k32, SPARSE("m16n8k32", "s32.s8.s8.s32"), 2, 2, 4, unsigned, "r")
MMA(sp_s8_s32_m16n8k64, SPARSE("m16n8k64", "s32.s8.s8.s32"), 4, 4, 4, unsigned, "r")

// sm_90 has FP8 in wgmma only: there an mma.sync is unpacked to f16, and the loop would hold one product and 32 additions of
// it.
#if __CUDA_ARCH__ == 890
MMA(e4m3_f32_m16n8k16, DENSE("m16n8k16", "f32.e4m3.e4m3.f32"), 2, 1, 4, float, "f")
MMA(e4m3_f32_m16n8k32, DENSE("m16n8k32", "f32.e4m3.e4m3.f32"), 4, 2, 4, float, "f")
MMA(e4m3_f16_m16n8k32, DENSE("m16n8k32", "f16.e4m3.e4m3.f16"), 4, 2, 2, unsigned, "r")
MMA(e5m2_f32_m16n8k32, DENSE("m16n8k32", "f32.e5m2.e5m2.f32"), 4, 2, 4, float, "f")
#endif
