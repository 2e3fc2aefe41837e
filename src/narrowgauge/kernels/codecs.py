"""The codecs of `cu/codecs` as data: which format each reads, in which layout, what it makes of a code, what it costs.

The instruction counts are those of the idiom, per call, and hold for every architecture; a test compares them with the machine
code. `expected` says in NumPy, from the format catalogue alone, what a call must return, bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from narrowgauge.formats import FORMATS, CodebookFormat, FloatFormat, IntFormat
from narrowgauge.formats.catalogue import FP8_E4M3
from narrowgauge.formats.rounding import encode
from narrowgauge.kernels.packing import HALF_BITS, WORD_BITS, Codes, Layout, Words
from narrowgauge.registry import Registry

#: of the codecs whose offset is known at run time; any other value costs the same
ZERO_POINT, SCALE, OFFSET = 7, 13, -100
_WARP = 32
_BYTE = 0xFF
_OFFSET_BYTE = ((OFFSET + 128) & _BYTE) * 0x01010101
_ENTRIES = 16


class Target(StrEnum):
    """What a codec makes: the operand type of the tensor core."""

    FP16 = "f16"
    BF16 = "bf16"
    INT8 = "int8"
    FP8 = "fp8"
    PLANES = "planes"  #: one bit of each of 32 weights per register


class Lookup(StrEnum):
    """What a codec needs beside the code, and where it keeps it."""

    NOTHING = "nothing"
    ZERO_POINT = "zero-point"  #: registers: what is subtracted, per place of the mantissa
    SCALE = "scale"  #: registers: a factor and an offset
    REGISTERS = "registers"  #: the 16 halves as low bytes and high bytes
    HIGH_BYTES = "high-bytes"  #: the 16 halves, whose low bytes are zero
    BYTES = "bytes"  #: 16 bytes
    SHARED = "shared"  #: 16 halves in shared memory, a copy per lane
    SHARED_PAIRS = "shared-pairs"  #: all 256 pairs of halves in shared memory
    LANES = "lanes"  #: one half in each lane


@dataclass(frozen=True)
class Codec:
    """One unpacker: `words` packed words become `weights` operands in `registers` registers."""

    name: str
    element: str  #: name in the format catalogue
    target: Target
    layout: Layout
    words: int
    work: Mapping[str, int]  #: instructions of one call by class
    lookup: Lookup = Lookup.NOTHING
    gain: int = 1  #: what is returned is so many times the value
    since: int = 80  #: compute capability × 10
    flip: int = 0  #: the packed code is the format's, XOR this

    @property
    def weights(self) -> int:
        """Weights of one call."""
        return self.layout.weights * self.words // self.layout.words

    @property
    def operand_bits(self) -> int:
        """Width of what is returned."""
        return {Target.FP16: 16, Target.BF16: 16, Target.INT8: 8, Target.FP8: 8, Target.PLANES: self.layout.code_bits}[
            self.target
        ]

    @property
    def registers(self) -> int:
        """Result registers of one call."""
        return self.weights * self.operand_bits // WORD_BITS

    @property
    def format(self) -> FloatFormat | IntFormat | CodebookFormat:
        """The format of the codes."""
        return cast(FloatFormat | IntFormat | CodebookFormat, FORMATS[self.element])

    @cached_property
    def values(self) -> npt.NDArray[np.float64]:
        """What is returned for every packed code of `layout.code_bits` bits, as a number; NaN where a code stands for none."""
        codes = range(1 << self.layout.code_bits)
        if self.lookup is Lookup.ZERO_POINT:
            return np.array([float(code - ZERO_POINT) for code in codes])
        if self.lookup is Lookup.SCALE:
            return np.array([float(code * SCALE + OFFSET) for code in codes])
        return np.array([self.format.decode(code ^ self.flip) * self.gain for code in codes])

    @cached_property
    def codes(self) -> npt.NDArray[np.int64]:
        """The packed codes that stand for numbers."""
        return np.flatnonzero(np.isfinite(self.values))

    @cached_property
    def operands(self) -> npt.NDArray[np.uint16]:
        """The bits that are returned for every packed code; 0 for codes that stand for no number."""
        numbers = np.where(np.isfinite(self.values), self.values, 0.0)
        match self.target:
            case Target.FP16:
                return numbers.astype(np.float16).view(np.uint16)
            case Target.BF16:
                return (numbers.astype(np.float32).view(np.uint32) >> HALF_BITS).astype(np.uint16)
            case Target.INT8:
                return (numbers.astype(np.int64) & _BYTE).astype(np.uint16)
            case Target.FP8:
                return np.asarray(encode(numbers, FP8_E4M3)).astype(np.uint16)
            case Target.PLANES:
                return np.arange(numbers.size, dtype=np.uint16)

    def unpack(self, words: Words) -> Codes:
        """Codes of packed words of shape (..., `words`), as (..., `weights`)."""
        blocks = words.reshape(*words.shape[:-1], -1, self.layout.words)
        return self.layout.unpack(blocks).reshape(*words.shape[:-1], self.weights)

    def pack(self, codes: npt.NDArray[Any]) -> Words:
        """The inverse of `unpack`."""
        blocks = codes.reshape(*codes.shape[:-1], -1, self.layout.weights)
        return self.layout.pack(blocks).reshape(*codes.shape[:-1], self.words)

    def expected(self, words: Words) -> Words:
        """What a call returns for words of shape (..., `words`): shape (..., `registers`)."""
        codes = self.unpack(words)
        if self.target is Target.PLANES:
            return self._planes(codes)
        kind = np.uint16 if self.operand_bits == HALF_BITS else np.uint8
        return np.ascontiguousarray(self.operands[codes].astype(kind)).view("<u4")

    def _planes(self, codes: Codes) -> Words:
        """Bit p of the j-th code of word i is bit (Bits × j + i) of plane p."""
        bits = self.layout.code_bits
        order = codes.reshape(*codes.shape[:-1], bits, WORD_BITS // bits).swapaxes(-1, -2).reshape(codes.shape)
        planes = [
            np.packbits(((order >> bit) & 1).astype(np.uint8), axis=-1, bitorder="little").view("<u4") for bit in range(bits)
        ]
        return np.concatenate(planes, axis=-1)

    def table(self) -> Words:
        """What the kernel's `table` argument holds: a row of 32 words per register, or a table for shared memory as it is."""
        halves, pad = self.operands.astype(np.uint32), np.zeros(_ENTRIES, dtype=np.uint32)
        pad[: min(_ENTRIES, halves.size)] = halves[:_ENTRIES]
        match self.lookup:
            case Lookup.NOTHING:
                return np.zeros(1, dtype=np.uint32)
            case Lookup.ZERO_POINT:
                return _rows(self._subtrahends())
            case Lookup.SCALE:
                return _rows([SCALE, _OFFSET_BYTE])
            case Lookup.REGISTERS:
                return _rows([*_bytes(pad & _BYTE), *_bytes(pad >> 8)])
            case Lookup.HIGH_BYTES:
                return _rows(_bytes(pad >> 8))
            case Lookup.BYTES:
                return _rows(_bytes(pad))
            case Lookup.SHARED:
                return np.repeat(pad, _WARP)
            case Lookup.SHARED_PAIRS:
                return np.asarray(pad[None, :] | pad[:, None] << HALF_BITS).reshape(-1)
            case Lookup.LANES:
                return np.tile(pad, _WARP // _ENTRIES)

    def _subtrahends(self) -> list[int]:
        """-(2^mantissa / 2^place + zero point) as pairs of halves, for the places 0 and 4 that fit the mantissa."""
        if self.target is Target.BF16:
            pairs = np.array([-(128.0 + ZERO_POINT)], dtype=np.float32).view(np.uint32) >> HALF_BITS
        else:
            pairs = np.array([-(1024.0 + ZERO_POINT), -(64.0 + ZERO_POINT)], dtype=np.float16).view(np.uint16).astype(np.uint32)
        return [int(pair) * 0x10001 for pair in pairs]


def _bytes(entries: npt.NDArray[Any]) -> list[int]:
    return [int(word) for word in entries.astype(np.uint8).view("<u4")]


def _rows(registers: list[int]) -> Words:
    return np.repeat(np.array(registers, dtype=np.uint32), _WARP)


CODECS: Registry[Codec] = Registry("codec")
