// Codes are indices of a table of sixteen entries (NF4, flint, BitMoD, any float of four bits): four ways to look one up.
#pragma once
#include "codecs/intrinsics.cuh"

namespace codebook {
constexpr uint32_t low_three = 0x77777777u, in_order = 0x32103210u;

// Four entries of a table of sixteen bytes (four registers) by the low four nibbles of `codes`: PRMT reaches eight bytes, so both
// halves of the table are read and a third PRMT picks by the top bits. `picks` has 4 added to nibble i where code i has its top bit.
SHARED_CODE uint32_t bytes(const uint32_t* table, uint32_t low_codes, uint32_t picks) {
    return prmt(prmt(table[0], table[1], low_codes), prmt(table[2], table[3], low_codes), picks);
}
}  // namespace codebook

// Registers, two bytes per entry: table[0..3] the low bytes of the sixteen halves, table[4..7] the high bytes. Layout lanes<4, 32>.
// With `planes` = 1 the low bytes are all zero and table[0..3] holds the high ones (FP4, flint, BitMoD: three mantissa bits at most).
template <int planes>
struct LutPrmtToHalf {
    static constexpr int words = 1, regs = 4, tables = 4 * planes, shared_words = 0;

    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t* table) {
        const uint32_t codes = in[0] & codebook::low_three;
        const uint32_t picks = lop3<lut::and_or>(in[0] >> 1, 0x44444444u, codebook::in_order);
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            const uint32_t low = planes == 2 ? codebook::bytes(table, codes >> (16 * i), picks >> (16 * i)) : 0;
            const uint32_t high = codebook::bytes(table + 4 * (planes - 1), codes >> (16 * i), picks >> (16 * i));
            out[2 * i] = prmt(low, high, 0x5140);
            out[2 * i + 1] = prmt(low, high, 0x7362);
        }
    }
};

// Registers, one byte per entry (INT8 or FP8 operands): table[0..3]. Layout lanes<4, 32>.
struct LutPrmtToByte {
    static constexpr int words = 2, regs = 4, tables = 4, shared_words = 0;

    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t* table) {
#pragma unroll
        for (int w = 0; w < words; ++w) {
            const uint32_t codes = in[w] & codebook::low_three;
            const uint32_t picks = lop3<lut::and_or>(in[w] >> 1, 0x44444444u, codebook::in_order);
            out[2 * w] = codebook::bytes(table, codes, picks);
            out[2 * w + 1] = codebook::bytes(table, codes >> 16, picks >> 16);
        }
    }
};

// Shared memory, one entry per load: a table of 16 rows of 32 words, a column per lane, so that no two lanes ever meet in a bank. The
// half stands in the low bits of its word. Layout lanes<4, 32>.
struct LutSharedToHalf {
    static constexpr int words = 1, regs = 4, tables = 0, row_bytes = 128, shared_words = 512;

    static SHARED_CODE uint32_t entry(const uint32_t* table, uint32_t word, int code) {
        const int up = 7 - 4 * code;  // the code becomes a row's offset, bits 7 to 10
        const uint32_t offset = lop3<lut::and_or>(up < 0 ? word >> -up : word << up, 15u * row_bytes, 4u * lane_of_thread());
        return *reinterpret_cast<const uint32_t*>(reinterpret_cast<const char*>(table) + offset);
    }
    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t* table) {
#pragma unroll
        for (int i = 0; i < regs; ++i) out[i] = prmt(entry(table, in[0], 2 * i), entry(table, in[0], 2 * i + 1), 0x5410);
    }
};

// Shared memory, two entries per load: a table of 256 pairs of halves, indexed by a byte. Lanes meet in banks as chance has it.
struct LutSharedPairToHalf {
    static constexpr int words = 1, regs = 4, tables = 0, shared_words = 256;

    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t* table) {
#pragma unroll
        for (int i = 0; i < regs; ++i) out[i] = table[(in[0] >> (8 * i)) & 255];
    }
};

// Shuffle: lane i keeps entry i % 16 in table[0], every lane asks the one that it needs. Layout lanes<4, 32>.
struct LutShuffleToHalf {
    static constexpr int words = 1, regs = 4, tables = 1, shared_words = 0;

    static SHARED_CODE uint32_t entry(const uint32_t* table, uint32_t index) {
        return shuffle(table[0], index & 15);
    }
    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t* table) {
#pragma unroll
        for (int i = 0; i < regs; ++i) out[i] = prmt(entry(table, in[0] >> (8 * i)), entry(table, in[0] >> (8 * i + 4)), 0x5410);
    }
};
