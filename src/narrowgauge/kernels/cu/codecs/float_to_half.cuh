// Narrow floats become halves by moving their bits: sign to the top, exponent and mantissa side by side under the half's own, and one
// multiplication by a power of two for the difference of the biases. Subnormals come out right because the half's subnormals count.
// Codes that stand for infinity or NaN become the finite number that their bits would be, but for E5M2 in fp16 (same exponent).
#pragma once
#include "codecs/intrinsics.cuh"

namespace narrow_float {
constexpr uint32_t signs = 0x80008000u;

// Multiplier that undoes the biases.
template <class Half, int E>
SHARED_CODE uint32_t rescaled(uint32_t halves) {
    constexpr int source_bias = (1 << (E - 1)) - 1;
    if constexpr (source_bias == Half::bias) return halves;
    else return Half::mul(halves, (uint32_t(Half::bias + Half::bias - source_bias) << Half::mantissa) * 0x10001u);
}

// Bits that follow the sign of a float with E exponent bits, wide `payload` bits, once moved under a half's exponent.
template <class Half, int E>
SHARED_CODE constexpr uint32_t payload_mask(int payload) {
    return (((1u << payload) - 1) << (Half::mantissa + E - payload)) * 0x10001u;
}

SHARED_CODE uint32_t shifted_left(uint32_t word, int bits) { return bits < 0 ? word >> -bits : word << bits; }
}  // namespace narrow_float

// FP4 and FP8 in layout lanes<1 + E + M, 16>.
template <class Half, int E, int M>
struct FloatToHalf {
    static constexpr int bits = 1 + E + M, words = bits / 4, per_word = 16 / bits, regs = words * per_word, tables = 0, shared_words = 0;
    static constexpr int drop = 15 - Half::mantissa - E;  // how far right of the sign the exponent has to move

    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t*) {
        using namespace narrow_float;
        constexpr uint32_t mask = payload_mask<Half, E>(E + M);
#pragma unroll
        for (int i = 0; i < regs; ++i) {
            const uint32_t word = in[i / per_word];
            const int up = 16 - bits * (i % per_word + 1);
            uint32_t halves = shifted_left(word, up) & (drop ? signs : signs | mask);
            if (drop) halves = lop3<lut::and_or>(shifted_left(word, up - drop), mask, halves);
            out[i] = rescaled<Half, E>(halves);
        }
    }
};

// FP6 as FP6-LLM splits it ahead of time (Xia et al., arXiv 2401.14112): word 0 holds the sign and the top exponent bit of 16 weights,
// words 1 and 2 their lower four bits. Weights 4j..4j+3 lie in bytes 0, 2, 1, 3 of what the j-th rotation and nibble give.
template <class Half, int E, int M>
struct Fp6ToHalf {
    static constexpr int words = 3, regs = 8, tables = 0, shared_words = 0;
    static constexpr int drop = 12 - (Half::mantissa + E - 1);  // a byte s00ppppp in the upper half: its payload ends at bit 12

    static SHARED_CODE uint32_t placed(uint32_t bytes, int up) {
        using namespace narrow_float;
        const uint32_t upper = bytes << up;
        constexpr uint32_t mask = payload_mask<Half, E>(E + M);
        if constexpr (drop == 0) return rescaled<Half, E>(upper & (signs | mask));
        else return rescaled<Half, E>(lop3<lut::and_or>(shifted_left(bytes, up - drop), mask, upper & signs));
    }
    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t*) {
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            const uint32_t low = (in[1 + j / 2] >> (4 * (j % 2))) & 0x0f0f0f0fu;
            const uint32_t bytes = lop3<lut::and_or>(rotate_left(in[0], 2 * j), 0x90909090u, low);  // s..t....: sign, top exponent
            out[2 * j] = placed(bytes, 8);
            out[2 * j + 1] = placed(bytes, 0);
        }
    }
};

// The other split: word 0 holds the lowest two bits of 16 weights (layout lanes<2, 8>), words 1 and 2 sign and the next three.
template <class Half, int E, int M>
struct Fp6Split42ToHalf {
    using Joined = Fp6ToHalf<Half, E, M>;
    static constexpr int words = 3, regs = 8, tables = 0, shared_words = 0;

    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t*) {
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            const uint32_t word = in[1 + j / 2];
            const uint32_t top = j % 2 ? word : word << 4;                                     // sppp....
            const uint32_t low = lop3<lut::and_or>(in[0] >> (2 * j), 0x03030303u, top & 0x80808080u);
            const uint32_t bytes = lop3<lut::and_or>(j % 2 ? word >> 2 : word << 2, 0x1c1c1c1cu, low);
            out[2 * j] = Joined::placed(bytes, 8);
            out[2 * j + 1] = Joined::placed(bytes, 0);
        }
    }
};

// FP8 by the conversion instruction (sm_89 on): two bytes side by side become two halves. Infinities and NaNs are kept.
template <int E, int M>
struct Fp8ToF16Cvt {
    static constexpr int words = 2, regs = 4, tables = 0, shared_words = 0;
    static SHARED_CODE uint32_t converted(uint32_t pair) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 890
        uint32_t d;
        const uint16_t bytes = uint16_t(pair);
        if constexpr (E == 4) asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(d) : "h"(bytes));
        else asm("cvt.rn.f16x2.e5m2x2 %0, %1;" : "=r"(d) : "h"(bytes));
        return d;
#elif defined(__CUDA_ARCH__)
        return pair;  // no kernel below sm_89 calls this
#else
        using Byte = Binary<E, M, E == 5>;
        using Wide = Binary<5, 10>;
        return Wide::encode(Byte::decode(pair & 0xff)) | Wide::encode(Byte::decode(pair >> 8 & 0xff)) << 16;
#endif
    }
    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t*) {
#pragma unroll
        for (int i = 0; i < regs; ++i) out[i] = converted(in[i / 2] >> (16 * (i % 2)));
    }
};
