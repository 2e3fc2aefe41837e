// Warp-level matrix instructions, each one PTX instruction; on the CPU the same by the fragment layouts
// of the PTX ISA (section "Matrix fragments for mma.m16n8k*"). All shapes have 32-byte rows along k, so one layout serves them all:
// register r of A holds bytes 16 (r / 2) + 4 (lane % 4) .. + 3 of row lane / 4 + 8 (r % 2); register r of B bytes 16 r + 4 (lane % 4) of
// column lane / 4; element e of C row lane / 4 + 8 (e / 2), column 2 (lane % 4) + e % 2.
#pragma once
#include "codecs/intrinsics.cuh"

namespace fragment {
SHARED_CODE int a_row(int lane, int reg) { return lane / 4 + 8 * (reg % 2); }
SHARED_CODE int a_byte(int lane, int reg) { return 16 * (reg / 2) + 4 * (lane % 4); }
SHARED_CODE int b_column(int lane) { return lane / 4; }
SHARED_CODE int b_byte(int lane, int reg) { return 16 * reg + 4 * (lane % 4); }
SHARED_CODE int c_row(int lane, int element) { return lane / 4 + 8 * (element / 2); }
SHARED_CODE int c_column(int lane, int element) { return 2 * (lane % 4) + element % 2; }
}  // namespace fragment

#ifndef __CUDACC__
namespace host {
// D = A B + C over `bits`-wide elements: Term gives the product of two elements as a double, or for one bit the AND.
template <class Number, class Term>
void multiply(Number (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], int operation, int bits, const Term& term) {
    uint32_t* in = warp().in[lane()];
    std::memcpy(in, a, sizeof a);
    std::memcpy(in + 4, b, sizeof b);
    std::memcpy(in + 6, c, sizeof c);
    together(operation, [&](Warp& w) {
        uint32_t rows[16][8], columns[8][8];
        for (int i = 0; i < warp_size; ++i) {
            for (int r = 0; r < 4; ++r) rows[fragment::a_row(i, r)][fragment::a_byte(i, r) / 4] = w.in[i][r];
            for (int r = 0; r < 2; ++r) columns[fragment::b_column(i)][fragment::b_byte(i, r) / 4] = w.in[i][4 + r];
        }
        for (int i = 0; i < warp_size; ++i)
            for (int e = 0; e < 4; ++e) {
                Number start;
                std::memcpy(&start, &w.in[i][6 + e], sizeof start);
                double sum = start;
                for (int k = 0; k < 256; k += bits) {
                    const uint32_t mask = bits == 32 ? ~0u : (1u << bits) - 1;
                    sum += term((rows[fragment::c_row(i, e)][k / 32] >> k % 32) & mask,
                                (columns[fragment::c_column(i, e)][k / 32] >> k % 32) & mask);
                }
                const Number end = static_cast<Number>(sum);
                std::memcpy(&w.out[i][e], &end, sizeof end);
            }
    });
    std::memcpy(c, warp().out[lane()], sizeof c);
}
template <class Format>
double product(uint32_t a, uint32_t b) { return Format::decode(a) * Format::decode(b); }
}  // namespace host
#endif

// One instruction: `Sum` its accumulator, `bits` the width of an operand's element.
#ifdef __CUDA_ARCH__
#define MMA_BODY(text, constraint, term, id)                                                                                    \
    asm("mma.sync.aligned." text " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"                                       \
        : "+" constraint(c[0]), "+" constraint(c[1]), "+" constraint(c[2]), "+" constraint(c[3])                                \
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))
#elif defined(__CUDACC__)
#define MMA_BODY(text, constraint, term, id)
#else
#define MMA_BODY(text, constraint, term, id) host::multiply(c, a, b, id, bits, term)
#endif
#define MMA_INSTRUCTION(name, number, width, text, constraint, term, id)                                                        \
    struct name {                                                                                                               \
        using Sum = number;                                                                                                     \
        static constexpr int bits = width;                                                                                      \
        static SHARED_CODE void mma(Sum (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {                              \
            MMA_BODY(text, constraint, term, id);                                                                               \
        }                                                                                                                       \
    };

#ifndef __CUDACC__
namespace host {
inline double f16_product(uint32_t a, uint32_t b) { return product<Binary<5, 10>>(a, b); }
inline double bf16_product(uint32_t a, uint32_t b) { return product<Binary<8, 7>>(a, b); }
inline double e4m3_product(uint32_t a, uint32_t b) { return product<Binary<4, 3, false>>(a, b); }
inline double s8_product(uint32_t a, uint32_t b) { return double(int8_t(a)) * int8_t(b); }
inline double b1_product(uint32_t a, uint32_t b) { return a & b; }
}  // namespace host
#endif

MMA_INSTRUCTION(MmaF16, float, 16, "m16n8k16.row.col.f32.f16.f16.f32", "f", host::f16_product, 2)
MMA_INSTRUCTION(MmaBF16, float, 16, "m16n8k16.row.col.f32.bf16.bf16.f32", "f", host::bf16_product, 3)
MMA_INSTRUCTION(MmaS8, int, 8, "m16n8k32.row.col.s32.s8.s8.s32", "r", host::s8_product, 4)
MMA_INSTRUCTION(MmaB1, int, 1, "m16n8k256.row.col.s32.b1.b1.s32.and.popc", "r", host::b1_product, 5)
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 890
MMA_INSTRUCTION(MmaE4M3, float, 8, "m16n8k32.row.col.f32.e4m3.e4m3.f32", "f", host::e4m3_product, 6)
#endif
