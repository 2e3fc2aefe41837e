"""Operands and checks that the GEMM benches share: y (tokens, rows) = x (tokens, columns) W (rows, columns)^T."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from narrowgauge.formats.catalogue import BF16, FP8_E4M3
from narrowgauge.formats.rounding import quantize
from narrowgauge.kernels import elements
from narrowgauge.kernels.bench import Array, Check, Point

Doubles = npt.NDArray[np.float64]

STAGES = 4  #: of shared memory, as in gemm.cuh
_DRAWN = 1 << 16  #: different numbers that random operands are drawn from
_INT8_SPREAD = 32.0  #: standard deviation of int8 operands: four of them fill the range
_CHECKED_TOKENS = 32
#: relative error of a sum: of the store, and of each accumulation. The FP8 units align what they add to 13 fraction bits.
_STORE_STEP = {"f16": 2.0**-11, "bf16": 2.0**-8, "e4m3": 2.0**-8}
_SUM_STEP = {"f16": 2.0**-22, "bf16": 2.0**-22, "e4m3": 2.0**-13}
_LINE_BITS = 256  #: of K in one mma.sync


@dataclass(frozen=True)
class Shape:
    """Sizes of a point: `tokens` from its axis, rows × columns of the weights from `shape`."""

    tokens: int
    rows: int
    columns: int

    @classmethod
    def of(cls, point: Point) -> Shape:
        """From the axes `tokens` and `shape` ("8192x4096": rows × columns)."""
        rows, columns = str(point["shape"]).split("x")
        return cls(int(point["tokens"]), int(rows), int(columns))

    @property
    def macs(self) -> float:
        """Multiply-adds."""
        return float(self.tokens * self.rows * self.columns)


@dataclass(frozen=True)
class TileSizes:
    """Of a block: what gemm.cuh calls T::tokens, T::weights, T::row_bytes and T::threads."""

    tokens: int
    weights: int
    row_bytes: int
    threads: int

    def blocks(self, shape: Shape) -> int:
        """Blocks of a launch."""
        return -(-shape.tokens // self.tokens) * (shape.rows // self.weights)

    def shared_bytes(self, weight_stage_bytes: int) -> int:
        """Shared memory of a block."""
        return STAGES * (self.tokens * self.row_bytes + weight_stage_bytes)


def random_matrix(element: str, shape: tuple[int, int], rng: np.random.Generator, data: str) -> Array:
    """Codes of normally distributed numbers (or zeros) as bytes: (rows, columns × bits / 8)."""
    bits = elements.BITS[element]
    kind = np.uint16 if bits == 16 else np.uint8  # noqa: PLR2004
    if data == "zero":
        return np.zeros(shape, dtype=kind).view(np.uint8)
    normal = rng.standard_normal(_DRAWN)
    match element:
        case "s8":
            normal = np.clip(np.rint(normal * _INT8_SPREAD), -127, 127)
        case "bf16":
            normal = quantize(normal, BF16)
        case "e4m3":
            normal = quantize(normal, FP8_E4M3)
    codes = elements.to_codes(normal, element).astype(kind)
    return np.ascontiguousarray(codes[rng.integers(0, _DRAWN, size=shape, dtype=np.uint16)]).view(np.uint8)


def values(matrix: Array, element: str) -> Doubles:
    """Numbers of a byte matrix of `random_matrix`."""
    kind = np.uint16 if elements.BITS[element] == 16 else np.uint8  # noqa: PLR2004
    return elements.to_values(np.ascontiguousarray(matrix).view(kind).astype(np.uint32), element)


def some(count: int, most: int) -> npt.NDArray[np.intp]:
    """All indices below `count`, or `most` of them: the first, the last, and others at random."""
    if count <= most:
        return np.arange(count)
    inner = np.random.default_rng(0).choice(np.arange(1, count - 1), size=most - 2, replace=False)
    return np.sort(np.concatenate([[0], inner, [count - 1]]))


def checked_tokens(tokens: int) -> npt.NDArray[np.intp]:
    """The tokens whose results are compared."""
    return some(tokens, _CHECKED_TOKENS)


def compare(
    y: Array, x: Doubles, w: Doubles, token_index: Array, row_index: Array, element: str, weight_step: float = 0.0
) -> Check:
    """Chosen tokens and rows of `y` against x W^T in double precision; every element of y must be a number.

    Integers must agree exactly. Floats may err by the rounding of the store, of every accumulation, and of every weight
    (`weight_step`), each relative to the sum of the terms' magnitudes."""
    got = y[np.ix_(token_index, row_index)].astype(np.float64)
    wanted, terms = x @ w.T, np.abs(x) @ np.abs(w).T
    error = float(np.max(np.abs(got - wanted) / np.maximum(terms, 1.0)))
    if element == "s8":
        return Check(error, 0.0, "error of y, relative to the sum of its terms")
    steps = x.shape[1] * elements.BITS[element] / _LINE_BITS
    tolerance = _STORE_STEP[element] + weight_step + steps * _SUM_STEP[element] * _largest_part(element, x.shape[1])
    return Check(error if _all_numbers(y) else np.inf, tolerance, "error of y, relative to the sum of its terms")


def _largest_part(element: str, columns: int) -> float:
    """Largest partial sum beside the sum of magnitudes: any, or of random terms eight standard deviations."""
    return 1.0 if element != "e4m3" else min(1.0, 8 / np.sqrt(columns))


def _all_numbers(y: Array) -> bool:
    return bool(np.isfinite(y).all()) if y.dtype.kind == "f" else True
