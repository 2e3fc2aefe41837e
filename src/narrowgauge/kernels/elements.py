"""The element types of tensor-core operands: how many bits a code has, what value it stands for, what accumulators hold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from narrowgauge.formats.catalogue import BF16, FP8_E4M3, FP8_E5M2, FP16, TF32
from narrowgauge.formats.rounding import decode, encode

Words = npt.NDArray[np.uint32]
Doubles = npt.NDArray[np.float64]

BITS = {"f16": 16, "bf16": 16, "tf32": 32, "e4m3": 8, "e5m2": 8, "s8": 8, "s4": 4, "b1": 1}
FLOATS = {"f16": FP16, "bf16": BF16, "tf32": TF32, "e4m3": FP8_E4M3, "e5m2": FP8_E5M2}
ACCUMULATOR_BITS = {"f16": 16, "f32": 32, "s32": 32}
_UPPER_HALF = 16


def to_codes(values: npt.ArrayLike, element: str) -> Words:
    """Codes of values that the element type holds exactly, each in the low bits of a word."""
    given = np.asarray(values)
    match element:
        case "f16":
            return given.astype(np.float16).view(np.uint16).astype(np.uint32)
        case "bf16":
            return np.asarray(given.astype(np.float32).view(np.uint32) >> _UPPER_HALF)
        case "tf32":
            return np.asarray(given.astype(np.float32).view(np.uint32))
        case "e4m3" | "e5m2":
            return np.asarray(encode(given, FLOATS[element]), dtype=np.uint32)
        case _:
            return np.asarray(given.astype(np.int32).view(np.uint32) & np.uint32((1 << BITS[element]) - 1))


def to_values(codes: Words, element: str) -> Doubles:
    """The values of codes."""
    match element:
        case "f16":
            return codes.astype(np.uint16).view(np.float16).astype(np.float64)
        case "bf16":
            return (codes << _UPPER_HALF).view(np.float32).astype(np.float64)
        case "tf32":
            return codes.view(np.float32).astype(np.float64)
        case "e4m3" | "e5m2":
            return decode(codes, FLOATS[element])
        case "b1":
            return codes.astype(np.float64)
        case _:
            unused = 32 - BITS[element]
            return ((codes << unused).view(np.int32) >> unused).astype(np.float64)


def accumulator_values(words: Words, accumulator: str) -> Doubles:
    """Values in registers of shape (..., registers, lanes): as (..., elements, lanes), two elements to a register of f16."""
    match accumulator:
        case "f32":
            return words.view(np.float32).astype(np.float64)
        case "s32":
            return words.view(np.int32).astype(np.float64)
        case _:
            halves = np.stack([words & 0xFFFF, words >> _UPPER_HALF], axis=-2).astype(np.uint16).view(np.float16)
            *lead, registers, _, lanes = halves.shape
            return halves.reshape(*lead, 2 * registers, lanes).astype(np.float64)


def accumulator_words(values: npt.ArrayLike, accumulator: str) -> Words:
    """Registers that hold the given values; in f16 both elements of a register hold it."""
    given = np.asarray(values)
    match accumulator:
        case "f32":
            return given.astype(np.float32).view(np.uint32)
        case "s32":
            return given.astype(np.int32).view(np.uint32)
        case _:
            half = given.astype(np.float16).view(np.uint16).astype(np.uint32)
            return np.asarray(half | half << _UPPER_HALF)
