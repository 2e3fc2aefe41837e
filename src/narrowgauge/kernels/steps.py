"""The steps of `cu/cuda_core.cu` in NumPy: what x = step(x, y, z) makes of 32-bit words, bit for bit unless a tolerance says
else.

x has the shape (chains, 32 lanes), y and z (32 lanes). Operands are drawn such that chains of thousands of steps stay
finite, meet no NaN, and do not end at zero. A *fed* step passes its result on through (t & y) ^ z."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from narrowgauge.formats.catalogue import FP8_E4M3
from narrowgauge.formats.rounding import decode, encode

Words = npt.NDArray[np.uint32]
Step = Callable[[Words, Words, Words], Words]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Words]

LANES = 32
_ALL = 0xFFFFFFFF


@dataclass(frozen=True)
class Chain:
    """A step, and what its operands are drawn from."""

    step: Step
    x: Draw
    y: Draw
    z: Draw
    tolerance: float = 0.0  #: of the result read as f32, relative; 0 means equal words


def follow(step: Step, x: Words, y: Words, z: Words, length: int) -> Words:
    """x after `length` steps; integers wrap around as the hardware's do. A chain that comes back to its start goes round no
    further."""
    start = x
    with np.errstate(over="ignore"):
        for done in range(1, length + 1):
            x = step(x, y, z)
            if np.array_equal(x, start):
                return follow(step, start, y, z, length % done)
    return x


def words(low: int, high: int) -> Draw:
    """Integers from low to high, both included, as words of two's complement."""
    return lambda rng, shape: rng.integers(low, high + 1, shape, dtype=np.int64).astype(np.uint32)


def masked(mask: int, also: int = 0) -> Draw:
    """Random bits within a mask, and bits that are always set."""
    return lambda rng, shape: (rng.integers(0, 1 << 32, shape, dtype=np.uint32) & np.uint32(mask)) | np.uint32(also)


def floats(low: int, high: int) -> Draw:
    """Integers as f32."""
    return lambda rng, shape: rng.integers(low, high + 1, shape).astype(np.float32).view(np.uint32)


def halves(low: int, high: int) -> Draw:
    """Two integers as f16 in every word."""
    return lambda rng, shape: rng.integers(low, high + 1, (*shape, 2)).astype(np.float16).view(np.uint32)[..., 0]


def brains(low: int, high: int) -> Draw:
    """Two integers as bf16 in every word."""
    return lambda rng, shape: _from_brains(rng.integers(low, high + 1, (*shape, 2)).astype(np.float64))


def always(word: int) -> Draw:
    """The same word in every lane."""
    return lambda rng, shape: np.full(shape, word, np.uint32)


def fed(convert: Callable[[Words], Words]) -> Step:
    """A step that passes its result on through (t & y) ^ z."""
    return lambda x, y, z: np.asarray((convert(x) & y) ^ z)


def _permute(x: Words, y: Words, z: Words) -> Words:
    source = np.concatenate([_bytes(x), np.broadcast_to(_bytes(y), (*x.shape, 4))], axis=-1)
    picks = np.stack([z >> np.uint32(4 * i) & np.uint32(7) for i in range(4)], axis=-1).astype(np.intp)
    return np.take_along_axis(source, np.broadcast_to(picks, (*x.shape, 4)), axis=-1).copy().view(np.uint32)[..., 0]


def _bytes(x: Words) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(x)[..., None].view(np.uint8)


def _dot(x: Words, y: Words, z: Words) -> Words:
    products = _bytes(y).view(np.int8).astype(np.int32) * _bytes(z).view(np.int8)
    return np.asarray(x + products.sum(axis=-1, dtype=np.int32).view(np.uint32))


def _maximum3(x: Words, y: Words, z: Words) -> Words:
    return np.maximum(np.maximum(x.view(np.int32), y.view(np.int32)), z.view(np.int32)).view(np.uint32)


def _multiply_add_f32(x: Words, y: Words, z: Words) -> Words:
    exact = x.view(np.float32).astype(np.float64) * y.view(np.float32) + z.view(np.float32)
    return exact.astype(np.float32).view(np.uint32)


def _multiply_add_f16(x: Words, y: Words, z: Words) -> Words:
    exact = _to_halves(x) * _to_halves(y) + _to_halves(z)
    return exact.astype(np.float16).view(np.uint32)[..., 0]


def _multiply_add_bf16(x: Words, y: Words, z: Words) -> Words:
    return _from_brains(_to_brains(x) * _to_brains(y) + _to_brains(z))


def _to_halves(x: Words) -> npt.NDArray[np.float64]:
    return np.ascontiguousarray(x)[..., None].view(np.float16).astype(np.float64)


def _to_brains(x: Words) -> npt.NDArray[np.float64]:
    pair = np.stack([x << np.uint32(16), x & np.uint32(0xFFFF0000)], axis=-1)
    return pair.view(np.float32).astype(np.float64)


def _from_brains(values: npt.NDArray[np.float64]) -> Words:
    """Values that bf16 holds exactly, two to a word."""
    upper = values.astype(np.float32).view(np.uint32)
    return np.asarray(upper[..., 0] >> np.uint32(16) | upper[..., 1] & np.uint32(0xFFFF0000))


def _signed_byte(x: Words) -> npt.NDArray[np.int8]:
    return x.astype(np.uint8).view(np.int8)


def _f16_bits(values: npt.NDArray[np.float64]) -> Words:
    return values.astype(np.float16).view(np.uint16).astype(np.uint32)


def _pack(x: Words, y: Words, _: Words) -> Words:
    low, high = (_f16_bits(word.view(np.float32).astype(np.float64)) for word in (x, np.broadcast_to(y, x.shape).copy()))
    return np.asarray(low | high << np.uint32(16))


@cache
def _e4m3_codes() -> Words:
    """What every code of e4m3 is in f16."""
    return _f16_bits(decode(np.arange(1 << FP8_E4M3.bits), FP8_E4M3))


def _e4m3_to_f16(x: Words) -> Words:
    low, high = (_e4m3_codes()[x >> np.uint32(8 * i) & np.uint32(0xFF)] for i in range(2))
    return np.asarray(low | high << np.uint32(16))


def _f16_to_e4m3(x: Words) -> Words:
    values = _to_halves(x)
    codes = np.asarray(encode(np.abs(values), FP8_E4M3)) | np.signbit(values).astype(np.int64) << 7
    return np.asarray(codes[..., 0] | codes[..., 1] << 8, dtype=np.uint32)


def _e5m2_to_f16(x: Words) -> Words:
    return np.asarray((x & np.uint32(0xFF)) << np.uint32(8) | (x & np.uint32(0xFF00)) << np.uint32(16))


_ANY, _NONE = masked(_ALL), always(0)
_ROTATION = always(5)
_MINUS_ONE_F32, _MINUS_ONE_F16, _MINUS_ONE_BF16 = 0xBF800000, 0xBC00BC00, 0xBF80BF80
_ONE_TO_TWO = 0x3F800000  #: the exponent of f32 from 1 to 2
_SIX_BITS, _SEVENTH_BIT = 0x7E0000, 0x10000  #: of a mantissa whose last bit is the seventh: no reciprocal ends near such a number
_TWO_TO_21 = 0x4A000000  #: the exponent of f32 from 2^21 to 2^22, in steps of a quarter
_NOT_NAN_E4M3, _NOT_NAN_E5M2, _BELOW_TWO_F16 = 0xFBFBFBFB, 0xBFBFBFBF, 0xBFFFBFFF

CHAINS: Mapping[str, Chain] = {
    "lop3": Chain(lambda x, y, z: np.asarray(x ^ y ^ z), _ANY, _ANY, _ANY),
    "prmt": Chain(_permute, _ANY, _ANY, masked(0x7777)),
    "shf": Chain(lambda x, _, z: np.asarray(x << z | x >> (np.uint32(32) - z)), _ANY, _NONE, _ROTATION),
    "popc": Chain(fed(lambda x: np.bitwise_count(x).astype(np.uint32)), _ANY, always(_ALL), _ANY),
    "iadd3": Chain(lambda x, y, z: np.asarray(x + y + z), _ANY, _ANY, _ANY),
    "imad": Chain(lambda x, y, z: np.asarray(x * y + z), _ANY, masked(_ALL, also=1), _ANY),
    "dp4a": Chain(_dot, _ANY, _ANY, _ANY),
    "vimax3": Chain(_maximum3, words(-1000, 1000), words(-1000, 1000), words(1, 1000)),
    "viaddmax": Chain(lambda x, y, z: _maximum3(x + y, z, z), words(-1000, 1000), words(1, 1000), words(-1000, 1000)),
    "ffma": Chain(_multiply_add_f32, floats(1, 1 << 22), always(_MINUS_ONE_F32), floats(1 << 22, 1 << 23)),
    "hfma2_f16": Chain(_multiply_add_f16, halves(1, 1000), always(_MINUS_ONE_F16), halves(1001, 2000)),
    "hfma2_bf16": Chain(_multiply_add_bf16, brains(1, 100), always(_MINUS_ONE_BF16), brains(101, 200)),
    "hadd2_f16": Chain(
        lambda x, y, _: (_to_halves(x) + _to_halves(y)).astype(np.float16).view(np.uint32)[..., 0],
        halves(-2000, -1000), halves(1, 3), _NONE,
    ),
    "mufu_ex2": Chain(lambda x, *_: np.exp2(-x.view(np.float32)).view(np.uint32), floats(0, 9), _NONE, _NONE, tolerance=2**-20),
    "mufu_rcp": Chain(
        fed(lambda x: (np.float32(1) / x.view(np.float32)).view(np.uint32)),
        masked(_SIX_BITS, also=_ONE_TO_TWO | _SEVENTH_BIT), always(_SIX_BITS), always(_ONE_TO_TWO | _SEVENTH_BIT),
    ),
    "i2f_s32_f32": Chain(lambda x, *_: x.view(np.int32).astype(np.float32).view(np.uint32), _ANY, _NONE, _NONE),
    "i2f_s8_f32": Chain(fed(lambda x: _signed_byte(x).astype(np.float32).view(np.uint32)), _ANY, always(_ALL), _ANY),
    "i2f_s8_f16": Chain(fed(lambda x: _f16_bits(_signed_byte(x).astype(np.float64))), _ANY, always(_ALL), _ANY),
    "i2f_s32_f16": Chain(lambda x, *_: _f16_bits(x.view(np.int32).astype(np.float64)), words(1, 60000), _NONE, _NONE),
    "f2i_f32_s32": Chain(
        fed(lambda x: np.rint(x.view(np.float32)).astype(np.int32).view(np.uint32)),
        masked(0x7FFFFF, also=_TWO_TO_21), always(0x1FFFFF), masked(0x7FFFFF, also=_TWO_TO_21),
    ),
    "f2f_pack_f16": Chain(_pack, floats(1, 100), floats(1, 100), _NONE),
    "e4m3_to_f16": Chain(fed(_e4m3_to_f16), masked(_NOT_NAN_E4M3), always(_NOT_NAN_E4M3), masked(_NOT_NAN_E4M3)),
    "f16_to_e4m3": Chain(fed(_f16_to_e4m3), masked(_BELOW_TWO_F16), always(_BELOW_TWO_F16), masked(_BELOW_TWO_F16)),
    "e5m2_to_f16": Chain(fed(_e5m2_to_f16), masked(_NOT_NAN_E5M2), always(_NOT_NAN_E5M2), masked(_NOT_NAN_E5M2)),
    "shfl": Chain(lambda x, y, _: x[:, y.astype(np.intp)], _ANY, lambda rng, shape: (np.arange(LANES, dtype=np.uint32) + 1) % 32,
                  _NONE),
    "redux_add": Chain(
        fed(lambda x: np.broadcast_to(x.sum(axis=-1, keepdims=True, dtype=np.uint32), x.shape)), _ANY, always(_ALL), _ANY
    ),
}  # fmt: skip
