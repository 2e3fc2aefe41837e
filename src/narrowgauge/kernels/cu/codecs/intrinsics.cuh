// The instructions that low-bit kernels live on, as functions of packed 32-bit registers: inline PTX on the GPU, the same bits on the
// CPU. Nothing else in `codecs/` distinguishes the two.
#pragma once
#include <cstdint>

#include "codecs/exact.cuh"
#ifdef __CUDACC__
#define SHARED_CODE __host__ __device__ __forceinline__
#else
#include "host_device.cuh"
#define SHARED_CODE inline
#endif

// Truth tables of LOP3 (PTX ISA, lop3): the operation applied to the bytes below.
namespace lut {
constexpr int a = 0xf0, b = 0xcc, c = 0xaa;
constexpr int and_or = (a & b) | c, and_xor = (a & b) ^ c, xor3 = a ^ b ^ c, select = (a & b) | (~a & c & 0xff);
}  // namespace lut

template <int table>
SHARED_CODE uint32_t lop3(uint32_t a, uint32_t b, uint32_t c) {
#ifdef __CUDA_ARCH__
    uint32_t d;
    asm("lop3.b32 %0, %1, %2, %3, %4;" : "=r"(d) : "r"(a), "r"(b), "r"(c), "n"(table));
    return d;
#else
    uint32_t d = 0;
    for (int row = 0; row < 8; ++row)
        if (table >> row & 1) d |= (row & 4 ? a : ~a) & (row & 2 ? b : ~b) & (row & 1 ? c : ~c);
    return d;
#endif
}

// Bytes of {b, a} by the four nibbles of `selector`; the high bit of a nibble asks for the sign of the byte instead (PTX ISA, prmt).
SHARED_CODE uint32_t prmt(uint32_t a, uint32_t b, uint32_t selector) {
#ifdef __CUDA_ARCH__
    uint32_t d;
    asm("prmt.b32 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(selector));
    return d;
#else
    const uint64_t bytes = (uint64_t(b) << 32) | a;
    uint32_t d = 0;
    for (int i = 0; i < 4; ++i) {
        const uint32_t nibble = (selector >> (4 * i)) & 15, byte = (bytes >> (8 * (nibble & 7))) & 255;
        d |= (nibble & 8 ? (byte & 128 ? 255u : 0u) : byte) << (8 * i);
    }
    return d;
#endif
}

SHARED_CODE uint32_t rotate_left(uint32_t word, int bits) {
#ifdef __CUDA_ARCH__
    return __funnelshift_l(word, word, bits);
#else
    return bits ? (word << bits) | (word >> (32 - bits)) : word;
#endif
}

SHARED_CODE int lane_of_thread() {
#if defined(__CUDACC__) && !defined(__CUDA_ARCH__)
    return 0;
#else
    return threadIdx.x % 32;
#endif
}

// The value of another lane; all lanes of the warp take part.
SHARED_CODE uint32_t shuffle(uint32_t value, uint32_t source) {
#ifdef __CUDA_ARCH__
    return __shfl_sync(0xffffffffu, value, source);
#elif defined(__CUDACC__)
    return value;
#else
    return host::shuffle(value, source);
#endif
}

SHARED_CODE uint32_t float_bits(float value) {
#ifdef __CUDA_ARCH__
    return __float_as_uint(value);
#else
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
#endif
}

SHARED_CODE float bits_float(uint32_t bits) {
#ifdef __CUDA_ARCH__
    return __uint_as_float(bits);
#else
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
#endif
}

// Bits of a value that a format of M mantissa bits and this bias holds exactly, in both halves of a register.
SHARED_CODE constexpr uint32_t splat_half(double value, int M, int bias) {
    if (value == 0) return 0;
    const uint32_t sign = value < 0 ? 0x8000u : 0u;
    double magnitude = value < 0 ? -value : value;
    int exponent = 0;
    while (magnitude >= 2) { magnitude /= 2; ++exponent; }
    while (magnitude < 1) { magnitude *= 2; --exponent; }
    const uint32_t fraction = uint32_t((magnitude - 1) * (1 << M));
    return (sign | (uint32_t(exponent + bias) << M) | fraction) * 0x10001u;
}

// True where M mantissa bits hold the value: the constants of a codec are checked when it is compiled.
SHARED_CODE constexpr bool holds(double value, int M) {
    double magnitude = value < 0 ? -value : value;
    while (magnitude >= 2) magnitude /= 2;
    while (magnitude != 0 && magnitude < 1) magnitude *= 2;
    return magnitude * (1 << M) == double(int(magnitude * (1 << M)));
}

// The two 16-bit floats. `magic` is 2^mantissa: whatever integer is planted in its mantissa is added to it.
struct F16 {
    static constexpr int exponent = 5, mantissa = 10, bias = 15;
    static constexpr uint32_t magic = 0x64006400;
    static SHARED_CODE constexpr uint32_t splat(double value) { return splat_half(value, mantissa, bias); }
    static SHARED_CODE uint32_t fma(uint32_t a, uint32_t b, uint32_t c) {
#ifdef __CUDA_ARCH__
        uint32_t d;
        asm("fma.rn.f16x2 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
        return d;
#else
        return fma_pairs<Binary<5, 10>>(a, b, c);
#endif
    }
    static SHARED_CODE uint32_t add(uint32_t a, uint32_t b) {
#ifdef __CUDA_ARCH__
        uint32_t d;
        asm("add.rn.f16x2 %0, %1, %2;" : "=r"(d) : "r"(a), "r"(b));
        return d;
#else
        return fma(a, splat(1), b);
#endif
    }
    static SHARED_CODE uint32_t mul(uint32_t a, uint32_t b) {
#ifdef __CUDA_ARCH__
        uint32_t d;
        asm("mul.rn.f16x2 %0, %1, %2;" : "=r"(d) : "r"(a), "r"(b));
        return d;
#else
        return fma(a, b, 0x80008000);
#endif
    }
    // Two floats rounded to nearest.
    static SHARED_CODE uint32_t narrowed(float low, float high) {
#ifdef __CUDA_ARCH__
        uint32_t d;
        asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(high), "f"(low));
        return d;
#else
        return Binary<exponent, mantissa>::encode(low) | Binary<exponent, mantissa>::encode(high) << 16;
#endif
    }
};

struct BF16 {
    static constexpr int exponent = 8, mantissa = 7, bias = 127;
    static constexpr uint32_t magic = 0x43004300;
    static SHARED_CODE constexpr uint32_t splat(double value) { return splat_half(value, mantissa, bias); }
    static SHARED_CODE uint32_t fma(uint32_t a, uint32_t b, uint32_t c) {
#ifdef __CUDA_ARCH__
        uint32_t d;
        asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
        return d;
#else
        return fma_pairs<Binary<8, 7>>(a, b, c);
#endif
    }
    // sm_80 has the fused form alone; one instruction either way.
    static SHARED_CODE uint32_t add(uint32_t a, uint32_t b) { return fma(a, splat(1), b); }
    static SHARED_CODE uint32_t mul(uint32_t a, uint32_t b) { return fma(a, b, 0x80008000); }
    // Two floats rounded to nearest.
    static SHARED_CODE uint32_t narrowed(float low, float high) {
#ifdef __CUDA_ARCH__
        uint32_t d;
        asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(high), "f"(low));
        return d;
#else
        return Binary<exponent, mantissa>::encode(low) | Binary<exponent, mantissa>::encode(high) << 16;
#endif
    }
};

// The halves of a register as floats.
SHARED_CODE void widened(uint32_t pair, float& low, float& high) {
#ifdef __CUDA_ARCH__
    asm("{.reg .b16 l, h; mov.b32 {l, h}, %2; cvt.f32.f16 %0, l; cvt.f32.f16 %1, h;}" : "=f"(low), "=f"(high) : "r"(pair));
#else
    low = float(Binary<5, 10>::decode(pair & 0xffff));
    high = float(Binary<5, 10>::decode(pair >> 16));
#endif
}
