"""Is the packed arithmetic of the host build what IEEE 754 says: one rounding, to nearest, ties to even?"""

import ctypes

import numpy as np
import pytest

from narrowgauge.errors import UnsupportedError
from narrowgauge.kernels.host_build import host_library

_EXPORTS = """
#include "codecs/intrinsics.cuh"
extern "C" void f16(const uint32_t* a, const uint32_t* b, const uint32_t* c, uint32_t* d, int n) {
    for (int i = 0; i < n; ++i) d[i] = F16::fma(a[i], b[i], c[i]);
}
extern "C" void bf16(const uint32_t* a, const uint32_t* b, const uint32_t* c, uint32_t* d, int n) {
    for (int i = 0; i < n; ++i) d[i] = BF16::fma(a[i], b[i], c[i]);
}
"""


def fma(entry: str, *operands: np.ndarray) -> np.ndarray:
    """16-bit patterns in, 16-bit patterns out."""
    try:
        library = host_library(_EXPORTS)
    except UnsupportedError as missing:
        pytest.skip(str(missing))
    words = [np.ascontiguousarray(bits.astype(np.uint32)) for bits in operands]
    result = np.empty_like(words[0])
    getattr(library, entry)(*(ctypes.c_void_p(array.ctypes.data) for array in (*words, result)), len(result))
    return (result & 0xFFFF).astype(np.uint16)


def finite(rng: np.random.Generator, exponent_mask: int) -> np.ndarray:
    bits = rng.integers(0, 1 << 16, size=20_000).astype(np.uint16)
    return np.where(bits & exponent_mask == exponent_mask, bits & 0x83FF, bits)


def test_fp16_fma_rounds_once() -> None:
    """Against integers: every half is a multiple of 2^-24, every product of 2^-48, so Python's integers are exact."""
    rng = np.random.default_rng(3)
    a, b, c = (finite(rng, 0x7C00) for _ in range(3))
    got = fma("f16", a, b, c).view(np.float16)
    numbers = [[int(float(x) * 2**24) for x in bits.view(np.float16)] for bits in (a, b, c)]
    for x, y, z, result in zip(*numbers, got, strict=True):
        exact = x * y + (z << 24)
        if not np.isfinite(result):
            assert abs(exact) >= 65520 << 48  # half way from the largest half to the next power of two
            continue
        neighbours = [np.nextafter(result, np.float16(toward)) for toward in (-np.inf, np.inf)]
        distances = [abs(exact - int(float(near) * 2**48)) for near in neighbours if np.isfinite(near)]
        assert abs(exact - int(float(result) * 2**48)) <= min(distances)


def test_fp16_ties_go_to_even() -> None:
    one, ulp = np.float16(1).view(np.uint16), np.float16(2**-11).view(np.uint16)
    odd = np.float16(1 + 2**-10).view(np.uint16)
    got = fma("f16", np.array([one, one]), np.array([ulp, ulp]), np.array([one, odd])).view(np.float16)
    np.testing.assert_array_equal(got, [1.0, 1.0 + 2**-9])


def test_fp16_sticky_bits_decide_what_looks_like_a_tie() -> None:
    """1 + 2^-11 + 2^-35 is just above the middle of 1 and its neighbour; a double would have lost nothing, a float would."""
    tiny = np.float16(2**-12).view(np.uint16)
    factor = np.float16(2 + 2**-9).view(np.uint16)
    got = fma("f16", np.array([tiny]), np.array([factor]), np.array([np.float16(1).view(np.uint16)])).view(np.float16)
    np.testing.assert_array_equal(got, [1 + 2**-10])


def test_bf16_fma_agrees_with_doubles_where_those_are_exact() -> None:
    rng = np.random.default_rng(4)
    values = [np.round(rng.normal(size=5000) * 64).astype(np.float32) for _ in range(3)]
    bits = [(value.view(np.uint32) >> 16).astype(np.uint16) for value in values]
    a, b, c = ((pattern.astype(np.uint32) << 16).view(np.float32).astype(float) for pattern in bits)
    exact = a * b + c
    _, exponent = np.frexp(exact)
    ulp = np.ldexp(1.0, exponent - 8)
    expected = np.rint(exact / ulp) * ulp
    got = (fma("bf16", *bits).astype(np.uint32) << 16).view(np.float32)
    np.testing.assert_array_equal(got, expected)
