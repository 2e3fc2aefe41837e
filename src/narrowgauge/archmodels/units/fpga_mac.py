"""Six-input look-up tables (LUTs) of a multiply-accumulate in the fabric of an FPGA, for integers and minifloats.

Counted by structure, for fabrics with one carry bit per LUT: an adder takes a LUT a bit; a product of at most six input bits is
its truth table, a wider one rows of two bits of one operand each (Walters, FCCM 2016); a shifter takes a 4:1 multiplexer, one
LUT, per bit and two bits of distance. Minifloat products are shifted into a fixed-point sum that no product overflows, so that
additions are exact, as they are for integers. Registers are free, they stand behind every LUT.
"""

from __future__ import annotations

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
