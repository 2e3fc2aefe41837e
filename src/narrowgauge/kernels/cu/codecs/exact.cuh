// Exact arithmetic of narrow floats on the CPU: what the GPU's packed instructions return, bit for bit.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

// IEEE-like binary format of 1 + E + M bits. `ieee` says whether the top exponent holds infinities and NaNs (E4M3: one NaN code).
template <int E, int M, bool ieee = true>
struct Binary {
    static constexpr int bias = (1 << (E - 1)) - 1, emin = 1 - bias, top = (1 << E) - 1;

    static double decode(uint32_t code) {
        const int exponent = (code >> M) & top, fraction = code & ((1 << M) - 1);
        const double sign = (code >> (E + M)) & 1 ? -1.0 : 1.0;
        if (exponent == top && ieee) return fraction ? NAN : sign * INFINITY;
        if (exponent == top && fraction == (1 << M) - 1) return NAN;
        if (exponent == 0) return sign * std::ldexp(double(fraction), emin - M);
        return sign * std::ldexp(double((1 << M) + fraction), exponent - bias - M);
    }

    // Round to nearest, ties to even; only for formats with infinities.
    static uint32_t encode(double value) {
        const uint32_t sign = uint32_t(std::signbit(value)) << (E + M);
        if (std::isnan(value)) return (uint32_t(top) << M) | ((1u << M) - 1);
        const double magnitude = std::fabs(value);
        if (std::isinf(value)) return sign | (uint32_t(top) << M);
        const int exponent = magnitude == 0 ? emin : std::max(std::ilogb(magnitude), emin);
        const double steps = std::nearbyint(std::ldexp(magnitude, M - exponent));  // the current mode is round to nearest even
        const uint32_t code = (uint32_t(exponent - emin) << M) + uint32_t(steps);  // a carry runs into the exponent, as it should
        return sign | (code < uint32_t(top) << M ? code : uint32_t(top) << M);
    }
};

// a * b + c rounded to odd: rounding it again to a format of at most 26 bits is as good as rounding once (Boldo, Melquiond 2008).
// The product is exact because no factor has more than 11 significant bits.
inline double fma_to_odd(double a, double b, double c) {
    const double product = a * b, sum = product + c;
    if (!std::isfinite(sum)) return sum;
    const double part = sum - product, error = (product - (sum - part)) + (c - part);  // Knuth's two-sum
    uint64_t bits;
    std::memcpy(&bits, &sum, sizeof bits);
    if (error != 0 && (bits & 1) == 0) bits += (error > 0) == (sum > 0) ? 1 : -1;
    double odd;
    std::memcpy(&odd, &bits, sizeof odd);
    return odd;
}

template <class Format>
uint32_t fma_pairs(uint32_t a, uint32_t b, uint32_t c) {
    uint32_t result = 0;
    for (int at = 0; at < 32; at += 16) {
        const auto half = [at](uint32_t word) { return Format::decode((word >> at) & 0xffff); };
        result |= Format::encode(fma_to_odd(half(a), half(b), half(c))) << at;
    }
    return result;
}
