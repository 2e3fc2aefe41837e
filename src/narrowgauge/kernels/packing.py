"""Where the bits of low-bit codes lie in 32-bit words, as the unpackers in `cu/codecs` expect them.

A layout packs blocks of `weights` codes into `words` words. Nearly all are permutations of bits and are written down as such: one
table says for every bit of every code at which bit of the words it lies. Words count from 0, bits from the least significant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]
Codes = npt.NDArray[np.uint16]

WORD_BITS, BYTE_BITS, HALF_BITS = 32, 8, 16


class Layout(Protocol):
    """Packs `weights` codes of `code_bits` bits into `words` words, and back."""

    @property
    def weights(self) -> int:
        """Codes of one block."""
        ...

    @property
    def words(self) -> int:
        """Words of one block."""
        ...

    @property
    def code_bits(self) -> int:
        """Width of a code."""
        ...

    def pack(self, codes: npt.NDArray[Any]) -> Words:
        """Codes of shape (..., weights) as words of shape (..., words)."""
        ...

    def unpack(self, words: Words) -> Codes:
        """Words of shape (..., words) as codes of shape (..., weights)."""
        ...


@dataclass(frozen=True)
class BitLayout:
    """A permutation: bit b of code i lies at `positions[i][b]`, counted through all words."""

    positions: tuple[tuple[int, ...], ...]
    words: int

    @property
    def weights(self) -> int:
        """Codes of one block."""
        return len(self.positions)

    @property
    def code_bits(self) -> int:
        """Width of a code."""
        return len(self.positions[0])

    @cached_property
    def _order(self) -> npt.NDArray[np.intp]:
        return np.array(self.positions, dtype=np.intp)

    def pack(self, codes: npt.NDArray[Any]) -> Words:
        """Codes of shape (..., weights) as words of shape (..., words); bits that no code fills are zero."""
        wide = codes.astype(np.uint16)
        bits = np.zeros((*codes.shape[:-1], self.words * WORD_BITS), dtype=np.uint8)
        for bit in range(self.code_bits):
            bits[..., self._order[:, bit]] = (wide >> bit) & 1
        return np.ascontiguousarray(np.packbits(bits, axis=-1, bitorder="little")).view("<u4")

    def unpack(self, words: Words) -> Codes:
        """Words of shape (..., words) as codes of shape (..., weights)."""
        bits = np.unpackbits(np.ascontiguousarray(words, dtype="<u4").view(np.uint8), axis=-1, bitorder="little")
        codes = np.zeros((*words.shape[:-1], self.weights), dtype=np.uint16)
        for bit in range(self.code_bits):
            codes |= bits[..., self._order[:, bit]].astype(np.uint16) << np.uint16(bit)
        return codes


@cache
def lanes(bits: int, lane_bits: int, words: int = 1) -> BitLayout:
    """Neighbouring codes go to neighbouring lanes of `lane_bits` bits (16: the two halves of a register, 8: its bytes, 32: one
    after the other), field after field: code f × lanes + l lies at bit f × bits of lane l. So one mask cuts the operands of one
    register out of a word, in order."""
    per_word = WORD_BITS // lane_bits
    return BitLayout(
        tuple(
            tuple(word * WORD_BITS + lane * lane_bits + field * bits + bit for bit in range(bits))
            for word in range(words)
            for field in range(lane_bits // bits)
            for lane in range(per_word)
        ),
        words,
    )


def _three_bit_positions() -> Iterator[tuple[int, ...]]:
    fields, spare = 5, 15
    for word in range(3):
        for field in range(fields):
            for half in (0, HALF_BITS):
                start = word * WORD_BITS + half + 3 * field
                yield (start, start + 1, start + 2)
    for half in (0, HALF_BITS):
        yield tuple(word * WORD_BITS + half + spare for word in range(3))


#: 32 codes of 3 bits in three words: five in each half of each word, and one more pair in the six spare top bits
THREE_BIT = BitLayout(tuple(_three_bit_positions()), words=3)

_BYTE_OF_WEIGHT = (0, 2, 1, 3)  # four weights in the bytes of a register become two registers of halves: bytes 0 and 2, 1 and 3


def _six_bit_positions(low_first: bool) -> Iterator[tuple[int, ...]]:
    for group in range(4):
        for byte in _BYTE_OF_WEIGHT:
            base = BYTE_BITS * byte
            nibble = WORD_BITS * (1 + group // 2) + base + 4 * (group % 2)
            four = tuple(nibble + bit for bit in range(4))
            if low_first:
                sign, top = ((base + place - 2 * group) % WORD_BITS for place in (7, 4))
                yield (*four, top, sign)
            else:
                yield (base + 2 * group, base + 2 * group + 1, *four)


#: 16 codes of 6 bits (FP6-LLM's split): the two top bits in word 0, spread so that a rotation brings sign and exponent into place
#: together, the four low bits in words 1 and 2
SIX_BIT_2_4 = BitLayout(tuple(_six_bit_positions(low_first=True)), words=3)
#: the other way round: the two low bits in word 0, the four top bits in words 1 and 2
SIX_BIT_4_2 = BitLayout(tuple(_six_bit_positions(low_first=False)), words=3)

TRITS, TRIT_STATES, BYTE_STATES = 5, 243, 256


@dataclass(frozen=True)
class TernaryBytes:
    """Five ternary digits (codes 0, 1, 2) in a byte, 20 in a word: with n the digits read as a base-3 number, the byte is
    ceil(n × 256 / 243). Code 4 d + b is digit d, the leading one first, of byte b."""

    weights: int = 4 * TRITS
    words: int = 1
    code_bits: int = 2

    def pack(self, codes: npt.NDArray[Any]) -> Words:
        """Codes of shape (..., 20) as words of shape (..., 1)."""
        digits = codes.reshape(*codes.shape[:-1], TRITS, 4).astype(np.uint32)
        number = np.zeros((*codes.shape[:-1], 4), dtype=np.uint32)
        for digit in range(TRITS):
            number = number * 3 + digits[..., digit, :]
        return np.ascontiguousarray(-(-number.astype(np.int64) * BYTE_STATES // TRIT_STATES)).astype(np.uint8).view("<u4")

    def unpack(self, words: Words) -> Codes:
        """Words of shape (..., 1) as codes of shape (..., 20), by the multiplications that the kernel makes."""
        rest = np.ascontiguousarray(words, dtype="<u4").view(np.uint8).astype(np.uint16)
        codes = np.empty((*words.shape[:-1], TRITS, 4), dtype=np.uint16)
        for digit in range(TRITS):
            rest = (rest % BYTE_STATES) * 3
            codes[..., digit, :] = rest // BYTE_STATES
        return codes.reshape(*words.shape[:-1], self.weights)


BASE_243 = TernaryBytes()
