"""How many signed powers of two a number needs: the terms that a bit-serial multiplier walks through.

A value is a sum of digits in {-1, 0, +1} times powers of two. Its canonical form, in which no two neighbours are set, has the
fewest (Reitwiesner 1960); radix-4 Booth recoding of n bits has ceil(n / 2) of them, which is that number for the worst value.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from narrowgauge.errors import UnsupportedError
from narrowgauge.formats import BlockFormat, FloatFormat, IntFormat, NumberFormat

MAX_FRACTION_BITS = 16  # a table entry with more is no sum of few powers of two


def signed_digits(value: float) -> int:
    """Fewest signed powers of two that add up to a value of at most 16 fractional bits; raises UnsupportedError for others."""
    scaled = Fraction(value) * 2**MAX_FRACTION_BITS
    if scaled.denominator != 1:
        raise UnsupportedError(f"{value!r} is no sum of powers of two down to 2^-{MAX_FRACTION_BITS}")
    magnitude = abs(int(scaled))
    # a digit of the canonical form is set where 3x and x differ in a bit
    return ((3 * magnitude) ^ magnitude).bit_count()


@cache
def terms(fmt: NumberFormat) -> int:
    """Terms of the worst value of a format, its scale aside: INT8 4, INT6 3, BitMoD FP4 and FP3 2.

    For a float it is the significand that is recoded, the exponent shifts. Raises UnsupportedError for tables whose entries are
    no sums of few powers of two (NF4)."""
    match fmt:
        case BlockFormat():
            return terms(fmt.element)
        case IntFormat():
            return max(signed_digits(magnitude) for magnitude in range(2 ** (fmt.width - fmt.signed) + 1))
        case FloatFormat():
            return max(signed_digits(significand) for significand in range(2 ** (fmt.mantissa + 1)))
    return max(signed_digits(value) for value in fmt.values())
