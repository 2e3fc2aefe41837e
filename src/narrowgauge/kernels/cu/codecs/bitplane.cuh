// Codes of a few bits become planes of one bit each, for binary tensor cores, and back.
#pragma once
#include "codecs/intrinsics.cuh"

// A matrix of Bits × Bits bits is transposed in every group of Bits neighbouring bit positions of Bits words: bit p of field j of word i
// goes to bit i of field j of word p. Codes packed in layout lanes<Bits, 32> become planes and, since transposing twice does nothing,
// planes become codes.
template <int Bits>
struct PlaneTranspose {
    static constexpr int words = Bits, regs = Bits, tables = 0, shared_words = 0;

    // Bit positions whose index has bit `step` clear (Hacker's Delight, section 7-3).
    static SHARED_CODE constexpr uint32_t kept(int step) {
        uint32_t mask = 0;
        for (int bit = 0; bit < 32; ++bit) mask |= uint32_t((bit & step) == 0) << bit;
        return mask;
    }
    static SHARED_CODE void unpack(const uint32_t* in, uint32_t* out, const uint32_t*) {
#pragma unroll
        for (int i = 0; i < words; ++i) out[i] = in[i];
#pragma unroll
        for (int step = Bits / 2; step > 0; step /= 2)
#pragma unroll
            for (int i = 0; i < words; ++i)
                if ((i & step) == 0) {
                    const uint32_t low = out[i], high = out[i + step];
                    out[i] = lop3<lut::select>(kept(step), low, high << step);
                    out[i + step] = lop3<lut::select>(kept(step), low >> step, high);
                }
    }
};
