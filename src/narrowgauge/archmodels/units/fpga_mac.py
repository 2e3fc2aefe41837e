"""What a multiply-accumulate takes of an FPGA: six-input look-up tables (LUTs) of the fabric, or a share of a hard multiplier.

Counted by structure, for fabrics with one carry bit per LUT: an adder takes a LUT a bit; a product of at most six input bits is
its truth table, a wider one rows of two bits of one operand each (Walters, FCCM 2016); a shifter takes a 4:1 multiplexer, one
LUT, per bit and two bits of distance. Minifloat products are shifted into a fixed-point sum that no product overflows, so that
additions are exact, as they are for integers. Registers are free, they stand behind every LUT.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2

from narrowgauge.errors import InputError, Problem, UnsupportedError
from narrowgauge.formats import BlockFormat, FloatFormat, IntFormat, NumberFormat

LUT_INPUTS = 6
BITS_PER_ROW = 2  # of one operand, in a row of a multiplier
BITS_PER_MULTIPLEXER = 2  # of a shift distance, in a 4:1 multiplexer


def mac_luts(weight: NumberFormat, activation: NumberFormat, terms: int) -> int:
    """LUTs of a product added to a sum of up to `terms` of them; both integers or both floats.

    Raises InputError for fewer than one term, UnsupportedError for other formats."""
    if terms < 1:
        raise InputError([Problem("terms", f"given {terms}, allowed: 1 or more")])
    first, second = (fmt.element if isinstance(fmt, BlockFormat) else fmt for fmt in (weight, activation))
    guard = ceil(log2(terms))
    if isinstance(first, IntFormat) and isinstance(second, IntFormat):
        return multiplier_luts(first.bits, second.bits) + first.bits + second.bits + guard
    if isinstance(first, FloatFormat) and isinstance(second, FloatFormat):
        return _float_mac_luts(first, second, guard)
    raise UnsupportedError(f"{weight.name} times {activation.name}: both must be integers, or both floats")


def multiplier_luts(bits: int, other_bits: int) -> int:
    """LUTs of a product of two unsigned or two's complement words."""
    if bits + other_bits <= LUT_INPUTS:
        return bits + other_bits
    return ceil(min(bits, other_bits) / BITS_PER_ROW) * (max(bits, other_bits) + 1)


def _float_mac_luts(first: FloatFormat, second: FloatFormat, guard: int) -> int:
    significands = first.mantissa + 1, second.mantissa + 1
    distances = (first.emax - first.emin) + (second.emax - second.emin) + 1
    width = sum(significands) + distances - 1 + guard + 1  # and the sign of the sum
    exponents = max(first.exponent, second.exponent) + 1
    shifter = ceil(log2(distances) / BITS_PER_MULTIPLEXER) * width
    return multiplier_luts(*significands) + exponents + shifter + width


@dataclass(frozen=True)
class DspBlock:
    """A hard multiplier with an accumulator: widths of its two signed inputs and of its sum, in bits."""

    wide: int
    narrow: int
    sum: int


DSP48E2 = DspBlock(wide=27, narrow=18, sum=48)  # AMD UG579, UltraScale DSP slice


def products_per_dsp(weight_bits: int, activation_bits: int, guard_bits: int = 2, block: DspBlock = DSP48E2) -> int:
    """Integer products that one block makes in a cycle, `guard_bits` between neighbours for sums and signs; 0 if not one fits.

    Several operands share an input at distances at which no two products overlap (AMD WP486: two of 8 bit; WP521: four of 4 bit).
    Raises InputError for widths below one bit or a negative guard."""
    given = {"weight_bits": (weight_bits, 1), "activation_bits": (activation_bits, 1), "guard_bits": (guard_bits, 0)}
    wrong = [Problem(name, f"given {value}, allowed: {low} or more") for name, (value, low) in given.items() if value < low]
    if wrong:
        raise InputError(wrong)
    spacing = weight_bits + activation_bits + guard_bits
    packed = (
        weights * activations
        for first, second in ((weight_bits, activation_bits), (activation_bits, weight_bits))
        for activations in range(1, block.narrow // second + 1)
        for weights in range(1, block.wide // first + 1)
        if (activations - 1) * spacing + second <= block.narrow
        and (weights - 1) * activations * spacing + first <= block.wide
        and (weights * activations - 1) * spacing + weight_bits + activation_bits <= block.sum
    )
    return max(packed, default=0)
