"""Round arrays to a number format, vectorised. Works on float64, in which every format of up to 32 bits is exact."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from narrowgauge.errors import InputError, UnsupportedError
from narrowgauge.formats.number import (
    BlockFormat,
    CodebookFormat,
    FloatFormat,
    IntFormat,
    MixtureFormat,
    NumberFormat,
    ScaleRule,
)

Doubles = npt.NDArray[np.float64]


def quantize(x: npt.ArrayLike, fmt: NumberFormat) -> Doubles:
    """The nearest values of `fmt`.

    Floats and integers round to nearest, ties to even, and saturate at the largest finite value (what a satfinite conversion
    does); codebooks resolve ties to the lower entry. NaN stays NaN. Blocks and mixtures lie along the last axis: a block format
    chooses a scale per block by its rule, a mixture takes the last axis as one group and picks the member with the least squared
    error. Raises InputError where the last axis is no whole number of blocks."""
    values = np.asarray(x, dtype=np.float64)
    match fmt:
        case FloatFormat():
            return _round_float(values, fmt)
        case IntFormat():
            rounded: Doubles = np.clip(np.rint(values / fmt.step) * fmt.step, fmt.min, fmt.max)
            return rounded
        case CodebookFormat():
            return _nearest_entry(values, np.array(fmt.values()))
        case MixtureFormat():
            return _best_member(values, fmt)
        case BlockFormat():
            return _round_blocks(values, fmt)
        case _:
            raise UnsupportedError(f"no rounding is known for {fmt.name}")


def _round_float(values: Doubles, fmt: FloatFormat) -> Doubles:
    _, exponent = np.frexp(values)  # |x| = f × 2^exponent with 0.5 <= f < 1
    ulp = np.ldexp(1.0, np.maximum(exponent - 1, fmt.emin) - fmt.mantissa)
    low = -fmt.max if fmt.signed else (0.0 if fmt.subnormals else fmt.min_positive)
    rounded: Doubles = np.clip(np.rint(values / ulp) * ulp, low, fmt.max)
    return rounded


def _nearest_entry(values: Doubles, entries: Doubles) -> Doubles:
    middles = (entries[1:] + entries[:-1]) / 2
    nearest: Doubles = entries[np.searchsorted(middles, values, side="left")]
    return np.where(np.isnan(values), values, nearest)


def _best_member(values: Doubles, fmt: MixtureFormat) -> Doubles:
    candidates = np.stack([quantize(values, member) for member in fmt.members])
    errors = np.sum((candidates - values) ** 2, axis=-1)
    best = np.argmin(errors, axis=0)
    chosen: Doubles = np.take_along_axis(candidates, best[None, ..., None], axis=0)[0]
    return chosen


def _round_blocks(values: Doubles, fmt: BlockFormat) -> Doubles:
    if values.ndim == 0 or values.shape[-1] % fmt.block_size:
        raise InputError(f"{fmt.name} needs a last axis that is a multiple of {fmt.block_size}; given shape {values.shape}")
    blocks = values.reshape(*values.shape[:-1], -1, fmt.block_size)
    amax = np.max(np.abs(blocks), axis=-1, keepdims=True)
    scale = _block_scale(amax, fmt)
    safe = np.where(scale > 0, scale, 1.0)
    rounded: Doubles = (quantize(blocks / safe, fmt.element) * safe).reshape(values.shape)
    return rounded


def _block_scale(amax: Doubles, fmt: BlockFormat) -> Doubles:
    match fmt.rule:
        case ScaleRule.FLOOR_POWER_OF_TWO:
            emax = fmt.element.emax if isinstance(fmt.element, FloatFormat) else int(np.floor(np.log2(fmt.element.max)))
            _, exponent = np.frexp(amax)
            return quantize(np.ldexp(1.0, exponent - 1 - emax), fmt.scale)
        case ScaleRule.AMAX_TWO_LEVEL:
            tensor_scale = max(float(np.max(amax, initial=0.0)), np.finfo(np.float64).tiny) / (fmt.scale.max * fmt.element.max)
            per_block = amax / fmt.element.max / tensor_scale
            return np.maximum(quantize(per_block, fmt.scale), fmt.scale.min_positive) * tensor_scale


@cache
def _code_table(fmt: NumberFormat) -> tuple[Doubles, npt.NDArray[np.int64]]:
    values = fmt.values()
    first_code: dict[float, int] = {}
    for code in range(1 << fmt.bits):
        first_code.setdefault(fmt.decode(code), code)
    return np.array(values), np.array([first_code[value] for value in values])


def encode(x: npt.ArrayLike, fmt: FloatFormat | IntFormat | CodebookFormat) -> npt.NDArray[Any]:
    """Codes of the nearest values (formats up to 16 bits). Zero gets the code of positive zero; NaN raises InputError."""
    rounded = quantize(x, fmt)
    if np.isnan(rounded).any():
        raise InputError(f"NaN cannot be encoded in {fmt.name}")
    values, codes = _code_table(fmt)
    return codes[np.searchsorted(values, rounded)]


def decode(codes: npt.ArrayLike, fmt: FloatFormat | IntFormat | CodebookFormat) -> Doubles:
    """Values of an array of codes (formats up to 16 bits)."""
    table = np.array([fmt.decode(code) for code in range(1 << fmt.bits)])
    decoded: Doubles = table[np.asarray(codes, dtype=np.int64)]
    return decoded
