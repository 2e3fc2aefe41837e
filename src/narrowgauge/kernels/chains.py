"""Operands of multiply-accumulate chains that stay finite and end on an exactly known number, whatever the accumulator.

Random dense matrices of which neighbouring terms cancel: columns 2j and 2j+1 of A are the same, rows 2j and 2j+1 of B are
y and s - y, so A B = X S. A *counting* chain has one ±1 per column in S and ±1, ±2 in X: n multiplications add n X S,
which proves that there were n of them, while the multipliers see dense random operands. 992 stay exact in f16 (integers to
2048) and in the 13 fraction bits to which the FP8 units of Ada and Hopper align their sums. An *endless* chain has S = 0
and integers as wide as the element's significand allows with exact sums: the accumulator keeps its start however long the
chain. Integer and single-bit operands need no care in a counting chain: they are random over their whole range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from narrowgauge.kernels import elements
from narrowgauge.kernels.bench import Check

Doubles = npt.NDArray[np.float64]

LONGEST = 992  #: instructions of a counting chain
_START = 4  #: accumulators begin at random integers from 1 to this one
#: largest integer of an endless chain: every sum of products stays exact in the accumulator (f32; 13 fraction bits for FP8)
_WIDEST = {"f16": 1023, "bf16": 255, "tf32": 1023, "e4m3": 15, "e5m2": 7, "s8": 127, "s4": 7}


@dataclass(frozen=True)
class Factors:
    """A (m, kept columns) and B (k, n) as values."""

    a: Doubles
    b: Doubles


def kept_columns(k: int, element: str, sparse: bool) -> npt.NDArray[np.intp]:
    """Columns of A that are stored: all, or the first two of every four (tf32: the first of every two)."""
    if not sparse:
        return np.arange(k)
    half = np.arange(k // 2)
    return 2 * half if element == "tf32" else 4 * (half // 2) + half % 2


def random_factors(
    m: int, n: int, k: int, kept: npt.NDArray[np.intp], element: str, endless: bool, rng: np.random.Generator
) -> Factors:
    """Random operands of a counting or an endless chain."""
    if element not in elements.FLOATS and not endless:
        low, high = (0, 2) if element == "b1" else (-(1 << elements.BITS[element] - 1), 1 << elements.BITS[element] - 1)
        return Factors(_integers(rng, low, high, (m, len(kept))), _integers(rng, low, high, (k, n)))
    pairs = len(kept) // 2
    if endless:
        x, b = _nonzero(rng, _WIDEST[element], (m, pairs)), _nonzero(rng, _WIDEST[element], (k, n))
        single = np.zeros((pairs, n))
    else:
        x, b = _nonzero(rng, 2, (m, pairs)), _nonzero(rng, 4, (k, n))
        single = np.zeros((pairs, n))
        single[np.arange(n) % pairs, np.arange(n)] = rng.choice([-1.0, 1.0], n)
    b[kept[1::2]] = single - b[kept[::2]]
    return Factors(np.repeat(x, 2, axis=1), b)


def zeros_like(factors: Factors) -> Factors:
    """The same shapes, all zeros."""
    return Factors(np.zeros_like(factors.a), np.zeros_like(factors.b))


def product(factors: Factors, kept: npt.NDArray[np.intp], single_bit: str = "") -> Doubles:
    """What one instruction adds: A B, or for single bits the number of positions where both ("and") or one ("xor") is set."""
    b = factors.b[kept]
    return factors.a @ (1 - b) + (1 - factors.a) @ b if single_bit == "xor" else factors.a @ b


def start_values(shape: tuple[int, ...], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Small random integers for accumulators to begin with, none of them zero."""
    return rng.integers(1, _START + 1, shape)


def exactly(result: Doubles, expected: Doubles, what: str) -> Check:
    """A check that passes only if all numbers are equal."""
    return Check(float(np.max(np.abs(result - expected))), 0.0, f"largest difference from {what}")


def words(result: npt.NDArray[np.uint32], expected: npt.NDArray[np.uint32], what: str) -> Check:
    """A check that passes only if all words are the same bits; `expected` may be the same for every block."""
    return Check(float(np.count_nonzero(result != expected)), 0.0, what)


def _nonzero(rng: np.random.Generator, top: int, shape: tuple[int, int]) -> Doubles:
    values: Doubles = rng.choice([-1.0, 1.0], shape) * rng.integers(1, top + 1, shape)
    return values


def _integers(rng: np.random.Generator, low: int, high: int, shape: tuple[int, int]) -> Doubles:
    return rng.integers(low, high, shape).astype(np.float64)
