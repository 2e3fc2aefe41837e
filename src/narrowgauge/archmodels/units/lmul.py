"""L-Mul (Luo and Sun, arXiv 2410.00907): the product of two floats by one integer addition.

    (1 + x)(1 + y) · 2^(a + b)  ≈  (1 + x + y + 2^-l(m)) · 2^(a + b)

Exponents and mantissas lie side by side in a code, so that one addition of the two codes adds both; the carry of the mantissas
runs into the exponent, and 2^-l(m) is a constant that is added with the bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import frexp
from typing import ClassVar, Literal

from narrowgauge.archmodels.components import Cost
from narrowgauge.archmodels.specification import Schema
from narrowgauge.archmodels.units.cell_array import CellArray, CellSheet, unknown_words
from narrowgauge.archmodels.units.pe_array import ACTIVATIONS, WEIGHTS, Pace, element
from narrowgauge.errors import UnsupportedError
from narrowgauge.formats import FloatFormat, NumberFormat, QuantScheme

EXACT_OFFSET_MANTISSA = 3  # l(m) = m up to here, 3 at 4, 4 beyond (section 2.1)


def offset_exponent(mantissa: int) -> int:
    """l(m): 2^-l(m) stands for the product of two mantissas of `mantissa` bits, which is dropped."""
    if mantissa <= EXACT_OFFSET_MANTISSA:
        return mantissa
    return EXACT_OFFSET_MANTISSA if mantissa == EXACT_OFFSET_MANTISSA + 1 else EXACT_OFFSET_MANTISSA + 1


class LMulSheet(CellSheet):
    """An array of L-Mul PEs."""

    unit: Literal["lmul"]


@dataclass(frozen=True)
class LMulArray(CellArray):
    """One approximate product per PE and cycle; both operands in the same float."""

    schema: ClassVar[Schema] = Schema(LMulSheet, unknown_words)

    def refusal(self, scheme: QuantScheme) -> str | None:
        """As of any array; and operands of two formats, whose codes do not line up."""
        weight, activation = element(scheme.weight.format), element(scheme.activation.format)
        if super().refusal(scheme) is None and weight != activation:
            return f"it adds codes of one format, given {weight.name} {WEIGHTS} and {activation.name} {ACTIVATIONS}"
        return super().refusal(scheme)

    def pace(self, scheme: QuantScheme) -> Pace:
        """One neighbour, one cycle."""
        return Pace()

    def multiply(self, fmt: NumberFormat) -> Cost:
        """The product alone: codes without sign added, signs compared; raises UnsupportedError for anything but floats."""
        if not isinstance(fmt, FloatFormat):
            raise UnsupportedError(f"L-Mul multiplies floats, {fmt.name} is none")
        return self.components.adder(fmt.exponent + fmt.mantissa) + self.components.negator(1)

    def pe(self, weight: NumberFormat, activation: NumberFormat) -> Cost:
        """The addition of codes, the adder and the register of the sum."""
        wider = max(weight, activation, key=lambda fmt: fmt.bits)
        return self.multiply(wider) + self.components.add(self.accumulate) + self.components.register(self.accumulate.bits)


def lmul(x: float, y: float, mantissa: int) -> float:
    """The approximate product of two numbers whose mantissas have `mantissa` bits; zero where one of them is."""
    if x == 0.0 or y == 0.0:
        return 0.0
    (a, exponent_a), (b, exponent_b) = frexp(abs(x)), frexp(abs(y))
    sign = 1.0 if (x > 0) == (y > 0) else -1.0
    sum_of_parts = 1.0 + (2 * a - 1) + (2 * b - 1) + 2.0 ** -offset_exponent(mantissa)
    return float(sign * sum_of_parts * 2.0 ** (exponent_a + exponent_b - 2))
