"""Is what the unpackers of `cu/codecs` return, bit for bit, what the format catalogue says, for every code in every place?"""

import ctypes
from collections.abc import Iterator

import numpy as np
import pytest

from narrowgauge.errors import UnsupportedError
from narrowgauge.formats import FORMATS
from narrowgauge.kernels import codec_catalogue  # noqa: F401 - fills CODECS
from narrowgauge.kernels.codecs import CODECS, Codec, Lookup, Target
from narrowgauge.kernels.host_build import host_library

_EXPORTS = """
#include "codecs/all.cuh"
#define EXPORT(codec) \\
    extern "C" void unpack_##codec(const uint32_t* in, uint32_t* out, const uint32_t* table, int calls) { \\
        using Codec = codecs::codec; \\
        for (int i = 0; i < calls; ++i) Codec::unpack(in + i * Codec::words, out + i * Codec::regs, table); \\
    }
CODECS_EVERYWHERE(EXPORT)
CODECS_TO_F16_SM89(EXPORT)
"""
#: a shuffle needs the other lanes of a warp: it is tested where whole kernels run
_ALONE = [codec for codec in CODECS.values() if codec.lookup is not Lookup.LANES]


@pytest.fixture(scope="module")
def library() -> Iterator[ctypes.CDLL]:
    try:
        yield host_library(_EXPORTS)
    except UnsupportedError as missing:
        pytest.skip(str(missing))


def unpacked(library: ctypes.CDLL, codec: Codec, words: np.ndarray) -> np.ndarray:
    result = np.empty((len(words), codec.registers), dtype=np.uint32)
    in_rows = codec.lookup in (Lookup.ZERO_POINT, Lookup.SCALE, Lookup.REGISTERS, Lookup.HIGH_BYTES, Lookup.BYTES)
    table = np.ascontiguousarray(codec.table()[:: 32 if in_rows else 1])
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (words, result, table)]
    getattr(library, f"unpack_{codec.name}")(*pointers, len(words))
    return result


def every_code_in_every_place(codec: Codec) -> np.ndarray:
    """Words in which each place of a call holds each code once, its neighbours being random."""
    rng = np.random.default_rng(1)
    orders = [rng.permutation(codec.codes) for _ in range(codec.weights)]
    return np.ascontiguousarray(codec.pack(np.stack(orders, axis=-1)))


@pytest.mark.parametrize("codec", _ALONE, ids=lambda codec: codec.name)
def test_every_code_in_every_place_becomes_its_value(library: ctypes.CDLL, codec: Codec) -> None:
    words = every_code_in_every_place(codec)
    np.testing.assert_array_equal(unpacked(library, codec, words), codec.expected(words))


@pytest.mark.parametrize("codec", [codec for codec in _ALONE if codec.target is Target.FP16], ids=lambda codec: codec.name)
def test_operands_read_as_halves_are_the_values_in_the_order_of_the_weights(library: ctypes.CDLL, codec: Codec) -> None:
    words = every_code_in_every_place(codec)
    halves = unpacked(library, codec, words).view(np.float16).astype(np.float64)
    np.testing.assert_array_equal(halves, codec.values[codec.unpack(words)].astype(np.float16))


@pytest.mark.parametrize(
    "codec", [codec for codec in CODECS.values() if codec.layout.code_bits <= 4], ids=lambda codec: codec.name
)
def test_a_codec_covers_the_codes_of_its_format(codec: Codec) -> None:
    assert set(codec.codes) == {code for code in range(1 << codec.layout.code_bits) if np.isfinite(codec.values[code])}
    assert len(codec.codes) >= len(FORMATS[codec.element].values())


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_planes_of_planes_are_the_codes(library: ctypes.CDLL, bits: int) -> None:
    codec = CODECS[f"uint{bits}_planes"]
    words = np.random.default_rng(2).integers(0, 1 << 32, size=(50, codec.words), dtype=np.uint32)
    np.testing.assert_array_equal(unpacked(library, codec, unpacked(library, codec, words)), words)


def test_a_plane_holds_one_bit_of_every_code() -> None:
    codec = CODECS["uint4_planes"]
    codes = np.zeros((1, 32), dtype=np.uint16)
    codes[0, 9] = 0b0100  # code 1 of word 1: bit 4 × 1 + 1 of plane 2
    np.testing.assert_array_equal(codec.expected(codec.pack(codes)), [[0, 0, 1 << 5, 0]])


@pytest.mark.parametrize("name", ["fp8_e4m3_f16", "fp8_e5m2_bf16"])
def test_codes_that_are_no_numbers_become_the_number_that_their_bits_would_be(library: ctypes.CDLL, name: str) -> None:
    codec = CODECS[name]
    special = int(np.flatnonzero(~np.isfinite(codec.values))[0])
    words = codec.pack(np.full((1, codec.weights), special))
    read = unpacked(library, codec, words)
    bits = (read & 0xFFFF) if codec.target is Target.FP16 else (read << 16)
    value = bits.astype(np.uint16).view(np.float16) if codec.target is Target.FP16 else bits.astype(np.uint32).view(np.float32)
    assert float(value.flat[0]) == {"fp8_e4m3_f16": 480.0, "fp8_e5m2_bf16": 65536.0}[name]


@pytest.mark.parametrize(("name", "special"), [("fp8_e4m3_cvt_f16", 0x7F), ("fp8_e5m2_cvt_f16", 0x7E)])
def test_the_conversion_instruction_keeps_nan(library: ctypes.CDLL, name: str, special: int) -> None:
    codec = CODECS[name]
    halves = unpacked(library, codec, codec.pack(np.full((1, codec.weights), special))).view(np.float16)
    assert np.isnan(halves).all()
