// Integer codes become halves without a conversion instruction: LOP3 plants the code in the mantissa of 2^10 (bf16: 2^7) and one
// packed multiply-add takes the power of two away again (Kim et al., arXiv 2211.10017; MARLIN, arXiv 2408.11743).
#pragma once
#include "codecs/intrinsics.cuh"

// value = gain * (code ^ flip) + offset. With flip = 2^(Bits-1) and offset = -flip, a two's complement code is its value: XOR costs
// nothing because LOP3 does it while it masks. Layout lanes<Bits, 16>: field f of both halves of the word makes register f.
template <class Half, int Bits, uint32_t flip, int gain, int offset>
struct IntToHalf {
    static constexpr int words = 1, regs = 16 / Bits, tables = 0, shared_words = 0;
    static constexpr int lead = gain == 2 ? 1 : 0;                     // the code is planted one bit higher: doubling is free
    static constexpr int in_place = (Half::mantissa - lead) / Bits;    // fields that one shifted word offers
    static constexpr uint32_t mask = ((1u << Bits) - 1) * 0x10001u;

    static SHARED_CODE constexpr int shift(int field) { return field / in_place * in_place * Bits - lead; }
    static SHARED_CODE constexpr int place(int field) { return field % in_place * Bits + lead; }
    static SHARED_CODE constexpr double scale(int at) { return double(gain) / (1 << at); }
    static SHARED_CODE constexpr double subtrahend(int at) { return -double(1 << Half::mantissa) * scale(at) + offset; }

    template <int at>
    static SHARED_CODE uint32_t planted(uint32_t word) {
        return lop3<lut::and_xor>(word, mask << at, Half::magic ^ ((flip * 0x10001u) << at));
    }
    template <int at>
    static SHARED_CODE uint32_t field(uint32_t word) {
        static_assert(holds(subtrahend(at), Half::mantissa), "the constant of this field is not exact");
        if constexpr (at == lead) return Half::add(planted<at>(word), Half::splat(subtrahend(at)));
        else return Half::fma(planted<at>(word), Half::splat(scale(at)), Half::splat(subtrahend(at)));
    }
    static SHARED_CODE uint32_t shifted(uint32_t word, int bits) { return bits < 0 ? word << -bits : word >> bits; }

    template <int f = 0>
    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t* table) {
        out[f] = field<place(f)>(shifted(in[0], shift(f)));
        if constexpr (f + 1 < regs) unpack<f + 1>(in, out, table);
    }
};

// Unsigned codes with a zero point z that is known at run time: table[i] = -(2^mantissa / 2^place(i) + z), a pair, one per place.
template <class Half, int Bits>
struct UnsignedToHalf {
    using Plain = IntToHalf<Half, Bits, 0, 1, 0>;
    static constexpr int words = 1, regs = Plain::regs, tables = Plain::in_place, shared_words = 0;

    template <int f = 0>
    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t* table) {
        constexpr int at = Plain::place(f);
        const uint32_t planted = Plain::template planted<at>(in[0] >> Plain::shift(f));
        if constexpr (at == 0) out[f] = Half::add(planted, table[0]);
        else out[f] = Half::fma(planted, Half::splat(Plain::scale(at)), table[f % Plain::in_place]);
        if constexpr (f + 1 < regs) unpack<f + 1>(in, out, table);
    }
};

// 32 weights of 3 bits in 3 words: five fields per half and word, and the three spare top bits make the sixteenth pair. Signed.
template <class Half>
struct Int3ToHalf {
    static constexpr int words = 3, regs = 16, tables = 0, shared_words = 0, fields = 5;
    using Field = IntToHalf<Half, 3, 4, 1, -4>;

    template <int f = 0>
    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t* table) {
        constexpr int word = f / fields, at = f % fields;
        if constexpr (word < words) {
            out[f] = Field::template field<Field::place(at)>(in[word] >> Field::shift(at));
            unpack<f + 1>(in, out, table);
        } else {
            uint32_t last = Half::magic ^ 0x00040004u;
            last = lop3<lut::and_xor>(in[0] >> 15, 0x00010001u, last);
            last = lop3<lut::and_xor>(in[1] >> 14, 0x00020002u, last);
            last = lop3<lut::and_xor>(in[2] >> 13, 0x00040004u, last);
            out[f] = Half::add(last, Half::splat(Field::subtrahend(0)));
        }
    }
};

// INT8 stored with its sign bit flipped: a byte of 0x64 above each code makes 1024 + code + 128. Layout lanes<8, 16>.
struct Int8ToF16 {
    static constexpr int words = 2, regs = 4, tables = 0, shared_words = 0;
    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t*) {
        for (int w = 0; w < words; ++w) {
            out[2 * w] = F16::add(prmt(in[w], F16::magic, 0x5250), F16::splat(-1024 - 128));
            out[2 * w + 1] = F16::add(prmt(in[w], F16::magic, 0x5351), F16::splat(-1024 - 128));
        }
    }
};

// bf16 has no room for a byte beside the power of two: plant it in a float, subtract there, keep the upper halves (they are exact).
struct Int8ToBF16 {
    static constexpr int words = 2, regs = 4, tables = 0, shared_words = 0;
    static SHARED_CODE uint32_t widened(uint32_t word, int byte) {
        return float_bits(bits_float(prmt(word, 0x4b000000u, 0x7440u + byte)) - (8388608.0f + 128.0f));  // 0x4b000000 is 2^23
    }
    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t*) {
        for (int w = 0; w < words; ++w) {
            out[2 * w] = prmt(widened(in[w], 0), widened(in[w], 2), 0x7632);
            out[2 * w + 1] = prmt(widened(in[w], 1), widened(in[w], 3), 0x7632);
        }
    }
};
