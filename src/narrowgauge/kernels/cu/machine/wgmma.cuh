// One struct per wgmma instruction: `Wgmma_f16_f32_n64::shared(d, a, b)` and `::registers(d, a, b)` multiply m64 × N × 32
// bytes. The lists of up to 128 accumulators that the assembly needs are made here; nothing else is.
#pragma once
#include <cstdint>

#if __CUDA_ARCH_FEAT_SM90_ALL
// Where an operand of rows of 32 bytes lies that was filled by `core_matrices` of kernels/fragments.py: no swizzle, K
// innermost, core matrices of 8 rows × 16 bytes; the second 16 bytes of a row 128 bytes on, the next eight rows 256 bytes on.
__device__ __forceinline__ uint64_t descriptor(const void* operand) {
    constexpr uint64_t LEADING_BYTES = 128, STRIDE_BYTES = 256;
    const uint64_t address = __cvta_generic_to_shared(operand);
    return (address & 0x3ffff) >> 4 | LEADING_BYTES >> 4 << 16 | STRIDE_BYTES >> 4 << 32;
}

__device__ __forceinline__ void warpgroup_arrive() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void warpgroup_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int PENDING>
__device__ __forceinline__ void warpgroup_wait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
}

// Names of the accumulators in the assembly, and of the operands after them: two descriptors, or four registers and one.
#define TEN(t) "%" #t "0,%" #t "1,%" #t "2,%" #t "3,%" #t "4,%" #t "5,%" #t "6,%" #t "7,%" #t "8,%" #t "9"
#define LIST_2 "%0,%1"
#define LIST_4 LIST_2 ",%2,%3"
#define LIST_8 LIST_4 ",%4,%5,%6,%7"
#define LIST_16 LIST_8 ",%8,%9,%10,%11,%12,%13,%14,%15"
#define LIST_32 LIST_8 ",%8,%9," TEN(1) "," TEN(2) ",%30,%31"
#define LIST_64 LIST_8 ",%8,%9," TEN(1) "," TEN(2) "," TEN(3) "," TEN(4) "," TEN(5) ",%60,%61,%62,%63"
#define LIST_128                                                                                                            \
    LIST_8 ",%8,%9," TEN(1) "," TEN(2) "," TEN(3) "," TEN(4) "," TEN(5) "," TEN(6) "," TEN(7) "," TEN(8) "," TEN(9) ","     \
           TEN(10) "," TEN(11) ",%120,%121,%122,%123,%124,%125,%126,%127"
#define SHARED_2 "%2,%3"
#define SHARED_4 "%4,%5"
#define SHARED_8 "%8,%9"
#define SHARED_16 "%16,%17"
#define SHARED_32 "%32,%33"
#define SHARED_64 "%64,%65"
#define SHARED_128 "%128,%129"
#define REGISTERS_2 "{%2,%3,%4,%5},%6"
#define REGISTERS_4 "{%4,%5,%6,%7},%8"
#define REGISTERS_8 "{%8,%9,%10,%11},%12"
#define REGISTERS_16 "{%16,%17,%18,%19},%20"
#define REGISTERS_32 "{%32,%33,%34,%35},%36"
#define REGISTERS_64 "{%64,%65,%66,%67},%68"
#define REGISTERS_128 "{%128,%129,%130,%131},%132"

// The accumulators themselves.
#define INOUT_2(F, o) "+" F(d[o]), "+" F(d[o + 1])
#define INOUT_4(F, o) INOUT_2(F, o), INOUT_2(F, o + 2)
#define INOUT_8(F, o) INOUT_4(F, o), INOUT_4(F, o + 4)
#define INOUT_16(F, o) INOUT_8(F, o), INOUT_8(F, o + 8)
#define INOUT_32(F, o) INOUT_16(F, o), INOUT_16(F, o + 16)
#define INOUT_64(F, o) INOUT_32(F, o), INOUT_32(F, o + 32)
#define INOUT_128(F, o) INOUT_64(F, o), INOUT_64(F, o + 64)

#define WGMMA(NAME, N, R, SHAPE, TYPES, WORD, F, SHARED_TAIL, REGISTERS_TAIL)                                               \
    struct Wgmma_##NAME##_n##N {                                                                                            \
        using Word = WORD;                                                                                                  \
        static constexpr int COLUMNS = N, D = R;                                                                            \
        static __device__ __forceinline__ void shared(Word* d, uint64_t a, uint64_t b) {                                    \
            asm volatile("{.reg .pred p; setp.ne.b32 p, 1, 0; wgmma.mma_async.sync.aligned." SHAPE "." TYPES " {" LIST_##R  \
                         "}," SHARED_##R ",p" SHARED_TAIL ";}"                                                              \
                         : INOUT_##R(F, 0)                                                                                  \
                         : "l"(a), "l"(b));                                                                                 \
        }                                                                                                                   \
        static __device__ __forceinline__ void registers(Word* d, const unsigned* a, uint64_t b) {                          \
            asm volatile("{.reg .pred p; setp.ne.b32 p, 1, 0; wgmma.mma_async.sync.aligned." SHAPE "." TYPES " {" LIST_##R  \
                         "}," REGISTERS_##R ",p" REGISTERS_TAIL ";}"                                                        \
                         : INOUT_##R(F, 0)                                                                                  \
                         : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));                                             \
        }                                                                                                                   \
    };

// All widths of one instruction, with accumulators of 32 or of 16 bits.
#define WGMMA_32(NAME, K, TYPES, WORD, F, SHARED_TAIL, REGISTERS_TAIL)                     \
    WGMMA(NAME, 8, 4, "m64n8" K, TYPES, WORD, F, SHARED_TAIL, REGISTERS_TAIL)              \
    WGMMA(NAME, 16, 8, "m64n16" K, TYPES, WORD, F, SHARED_TAIL, REGISTERS_TAIL)            \
    WGMMA(NAME, 32, 16, "m64n32" K, TYPES, WORD, F, SHARED_TAIL, REGISTERS_TAIL)           \
    WGMMA(NAME, 64, 32, "m64n64" K, TYPES, WORD, F, SHARED_TAIL, REGISTERS_TAIL)           \
    WGMMA(NAME, 128, 64, "m64n128" K, TYPES, WORD, F, SHARED_TAIL, REGISTERS_TAIL)         \
    WGMMA(NAME, 256, 128, "m64n256" K, TYPES, WORD, F, SHARED_TAIL, REGISTERS_TAIL)
#define WGMMA_16(NAME, K, TYPES, SHARED_TAIL, REGISTERS_TAIL)                              \
    WGMMA(NAME, 8, 2, "m64n8" K, TYPES, unsigned, "r", SHARED_TAIL, REGISTERS_TAIL)        \
    WGMMA(NAME, 16, 4, "m64n16" K, TYPES, unsigned, "r", SHARED_TAIL, REGISTERS_TAIL)      \
    WGMMA(NAME, 32, 8, "m64n32" K, TYPES, unsigned, "r", SHARED_TAIL, REGISTERS_TAIL)      \
    WGMMA(NAME, 64, 16, "m64n64" K, TYPES, unsigned, "r", SHARED_TAIL, REGISTERS_TAIL)     \
    WGMMA(NAME, 128, 32, "m64n128" K, TYPES, unsigned, "r", SHARED_TAIL, REGISTERS_TAIL)   \
    WGMMA(NAME, 256, 64, "m64n256" K, TYPES, unsigned, "r", SHARED_TAIL, REGISTERS_TAIL)

// The tails: signs of A and B, and for 16-bit operands whether an operand in shared memory has K outermost.
WGMMA_16(f16_f16, "k16", "f16.f16.f16", ",1,1,0,0", ",1,1,0")
WGMMA_32(f16_f32, "k16", "f32.f16.f16", float, "f", ",1,1,0,0", ",1,1,0")
WGMMA_32(bf16_f32, "k16", "f32.bf16.bf16", float, "f", ",1,1,0,0", ",1,1,0")
WGMMA_32(tf32_f32, "k8", "f32.tf32.tf32", float, "f", ",1,1", ",1,1")
WGMMA_16(e4m3_f16, "k32", "f16.e4m3.e4m3", ",1,1", ",1,1")
WGMMA_32(e4m3_f32, "k32", "f32.e4m3.e4m3", float, "f", ",1,1", ",1,1")
WGMMA_32(e5m2_f32, "k32", "f32.e5m2.e5m2", float, "f", ",1,1", ",1,1")
WGMMA_32(s8_s32, "k32", "s32.s8.s8", unsigned, "r", "", "")
#endif
