// Narrow integers become bytes for the integer tensor core, four at a time. Layout lanes<Bits, 8>.
#pragma once
#include "codecs/intrinsics.cuh"

SHARED_CODE constexpr uint32_t splat_byte(int value) { return uint32_t(value & 255) * 0x01010101u; }

// value = gain * (code ^ flip) + offset by sign extension: the addition is made around 128, where no byte borrows from its neighbour.
template <int Bits, int flip, int gain, int offset>
struct IntToInt8 {
    static constexpr int per_word = 8 / Bits, words = Bits == 4 ? 2 : 1, regs = words * per_word, tables = 0, shared_words = 0;
    static constexpr int lead = gain == 2 ? 1 : 0;

    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t*) {
#pragma unroll
        for (int i = 0; i < regs; ++i) {
            const int down = Bits * (i % per_word) - lead;
            const uint32_t word = in[i / per_word], moved = down < 0 ? word << -down : word >> down;
            const uint32_t codes = lop3<lut::and_xor>(moved, splat_byte(((1 << Bits) - 1) << lead), splat_byte(flip << lead));
            out[i] = (codes + splat_byte(128 + offset)) ^ splat_byte(128);
        }
    }
};

// Without sign extension: the code goes to the top of its byte and is 2^(8-Bits) times its value; the scale takes that back.
template <int Bits>
struct IntToInt8Shifted {
    static constexpr int per_word = 8 / Bits, words = Bits == 4 ? 2 : 1, regs = words * per_word, tables = 0, shared_words = 0;

    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t*) {
#pragma unroll
        for (int i = 0; i < regs; ++i)
            out[i] = (in[i / per_word] << (8 - Bits * (i % per_word + 1))) & splat_byte(256 - (1 << (8 - Bits)));
    }
};

// Two-level quantization: value = code * scale + offset, the bytes of table[0] = scale and table[1] = splat(offset + 128). One integer
// multiply-add serves four bytes because code * scale + offset + 128 stays in 0..255 (QServe, arXiv 2405.04532; the multiply-add with
// XOR: LiquidGEMM, arXiv 2509.01229).
struct UInt4ToInt8Scaled {
    static constexpr int words = 2, regs = 4, tables = 2, shared_words = 0;

    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t* table) {
#pragma unroll
        for (int i = 0; i < regs; ++i) {
            const uint32_t codes = (in[i / 2] >> (4 * (i % 2))) & splat_byte(15);
            out[i] = (codes * table[0] + table[1]) ^ splat_byte(128);
        }
    }
};

// Five ternary digits in a byte: the byte is ceil(256 n / 243), so that each multiplication by three pushes the next digit of n, the
// leading one first, out of the top (ggml's TQ1_0). Layout base243: digit d of byte b of a word is weight 4d + b, digit = value + 1.
struct Base243ToInt8 {
    static constexpr int words = 4, regs = 20, tables = 0, shared_words = 0, digits = 5;

    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t*) {
#pragma unroll
        for (int w = 0; w < words; ++w) {
            uint32_t even = in[w] & 0x00ff00ffu, odd = (in[w] >> 8) & 0x00ff00ffu;
#pragma unroll
            for (int d = 0; d < digits; ++d) {
                even *= 3;
                odd *= 3;
                out[digits * w + d] = (prmt(even, odd, 0x7351) + splat_byte(127)) ^ splat_byte(128);
                even &= 0x00ff00ffu;
                odd &= 0x00ff00ffu;
            }
        }
    }
};
