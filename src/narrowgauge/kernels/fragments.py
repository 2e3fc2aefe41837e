"""How matrices lie in the registers of a warp and in shared memory, as the PTX manual defines it for mma and wgmma.

A fragment is an array (registers, 32 lanes) of words. With e elements of b bits in a word (e = 32 / b), group g = lane //
4 and thread t = lane % 4, register r of A holds row g + 8 (r mod 2), columns 4e (r div 2) + te .. +e-1; register r of B
holds column g, rows 4er + te .. +e-1. Element i of an accumulator stands in row g + 8 (i div 2 mod 2), column 8 (i div 4)
+ 2t + i mod 2."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]
Doubles = npt.NDArray[np.float64]

_WORD_BITS = 32
_ROWS = 8  #: of a register's or a core matrix's tile
_LANES = np.arange(32)
_GROUP, _THREAD = _LANES // 4, _LANES % 4
_CORE_WORDS = 4  #: a core matrix of wgmma has rows of 16 bytes
_LINE_CORES = 2  #: a row of a wgmma operand is 32 bytes long


def pack(codes: Words, bits: int) -> Words:
    """Words of 32 / bits codes each, the first one in the low bits; the last axis shrinks by that factor."""
    per_word = _WORD_BITS // bits
    places = np.arange(per_word, dtype=np.uint32) * np.uint32(bits)
    grouped = codes.reshape(*codes.shape[:-1], -1, per_word) << places
    return np.asarray(np.bitwise_or.reduce(grouped, axis=-1), dtype=np.uint32)


def unpack(words: Words, bits: int) -> Words:
    """The inverse of `pack`."""
    places = np.arange(_WORD_BITS // bits, dtype=np.uint32) * np.uint32(bits)
    mask = np.uint32((1 << bits) - 1)
    return ((words[..., None] >> places) & mask).reshape(*words.shape[:-1], -1)


def a_fragment(codes: Words, bits: int) -> Words:
    """Registers of A from codes (rows, columns); 8 or 16 rows. The compressed A of a sparse instruction lies the same way."""
    words = pack(codes, bits)
    return words[_a_places(words.shape[1], codes.shape[0])]


def a_codes(fragment: Words, bits: int, rows: int) -> Words:
    """The inverse of `a_fragment`."""
    columns = len(fragment) * len(_LANES) // rows
    words = np.empty((rows, columns), np.uint32)
    words[_a_places(columns, rows)] = fragment
    return unpack(words, bits)


def b_fragment(codes: Words, bits: int) -> Words:
    """Registers of B from codes (rows, 8 columns)."""
    return a_fragment(np.ascontiguousarray(codes.T), bits)


def b_codes(fragment: Words, bits: int) -> Words:
    """The inverse of `b_fragment`."""
    return a_codes(fragment, bits, _ROWS).T


def accumulator_matrix(elements: Doubles) -> Doubles:
    """The matrix (..., rows, columns) in accumulators of shape (..., elements, lanes): 8 × 8 from two elements, else 16 rows."""
    *lead, count, _ = elements.shape
    i = np.arange(count)[:, None]
    rows = _GROUP + _ROWS * (i // 2 % 2)
    columns = 8 * (i // 4) + 2 * _THREAD + i % 2
    matrix = np.empty((*lead, int(rows.max()) + 1, int(columns.max()) + 1))
    matrix[..., rows, columns] = elements
    return matrix


def core_matrices(codes: Words, bits: int) -> Words:
    """Shared memory of a wgmma operand whose rows are 32 bytes long, without swizzle, the inner dimension K innermost.

    Rows × 32 bytes become core matrices of 8 rows × 16 bytes, each contiguous; the two of the same rows follow each other
    (leading byte offset 128), then come the next eight rows (stride byte offset 256). B is given as (columns, K)."""
    blocks = pack(codes, bits).reshape(-1, _ROWS, _LINE_CORES, _CORE_WORDS)
    return np.ascontiguousarray(blocks.transpose(0, 2, 1, 3)).reshape(-1)


def core_codes(words: Words, bits: int) -> Words:
    """The inverse of `core_matrices`: codes (rows, K)."""
    blocks = words.reshape(-1, _LINE_CORES, _ROWS, _CORE_WORDS)
    return unpack(np.ascontiguousarray(blocks.transpose(0, 2, 1, 3)).reshape(-1, _LINE_CORES * _CORE_WORDS), bits)


def _a_places(columns: int, rows: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Row and column of the word in each register and lane."""
    chunks, tops = np.meshgrid(np.arange(0, columns, 4), np.arange(0, rows, _ROWS), indexing="ij")
    return tops.reshape(-1, 1) + _GROUP, chunks.reshape(-1, 1) + _THREAD
