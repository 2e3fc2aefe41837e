"""Number formats as records: what a code of so many bits stands for. Everything else about a format is derived from its record.

Three kinds stand alone (`FloatFormat`, `IntFormat`, `CodebookFormat`); `MixtureFormat` lets every group of elements choose one
of several codebooks; `BlockFormat` gives each block of elements of one of those kinds a shared scale.

`storage_bits` is what one element costs in memory, block scales included. `serial_steps` is how many one-bit planes a bit-serial
unit walks through for one element. They are different things: a block scale costs storage and no step, a hidden bit costs a step
and no storage.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cache
from math import ceil, inf, log2, nan

from narrowgauge.errors import UnsupportedError

MAX_ENUMERATED_BITS = 16  # 65,536 values; wider formats are described by their fields, never listed


@dataclass(frozen=True)
class NumberFormat(ABC):
    """Base of all formats; `name` is the canonical name in the catalogue."""

    name: str

    @property
    @abstractmethod
    def bits(self) -> int:
        """Width of one code in bits."""

    @property
    @abstractmethod
    def max(self) -> float:
        """Largest finite value."""

    @property
    @abstractmethod
    def serial_steps(self) -> int:
        """One-bit planes of one element in a bit-serial unit."""

    @property
    def storage_bits(self) -> Fraction:
        """Bits of memory per element, block scales included."""
        return Fraction(self.bits)

    @abstractmethod
    def decode(self, code: int) -> float:
        """Value of a code (0 <= code < 2**bits); NaN for codes that stand for no number."""

    def values(self) -> tuple[float, ...]:
        """The distinct finite values in ascending order; raises UnsupportedError for formats wider than 16 bits."""
        if self.bits > MAX_ENUMERATED_BITS:
            raise UnsupportedError(
                f"{self.name} has 2^{self.bits} codes; only formats up to {MAX_ENUMERATED_BITS} bits are listed"
            )
        return _finite_values(self)


@cache
def _finite_values(fmt: NumberFormat) -> tuple[float, ...]:
    decoded = (fmt.decode(code) for code in range(1 << fmt.bits))
    return tuple(sorted({value + 0.0 for value in decoded if -inf < value < inf}))


class Specials(StrEnum):
    """Which codes of a float are not numbers."""

    IEEE = "ieee"  #: the top exponent holds infinities (mantissa 0) and NaNs
    ONE_NAN = "one-nan"  #: the code with all exponent and mantissa bits set is NaN, there is no infinity ("fn")
    NONE = "none"  #: every code is a number


@dataclass(frozen=True)
class FloatFormat(NumberFormat):
    """Sign, exponent, mantissa. `subnormals` = False also means that there is no zero (a pure scale such as E8M0).

    `container_bits` is the width in memory where it differs from the code (TF32: 32)."""

    exponent: int
    mantissa: int
    bias: int
    specials: Specials
    signed: bool = True
    subnormals: bool = True
    container_bits: int | None = None

    @property
    def bits(self) -> int:
        """Sign, exponent and mantissa bits."""
        return int(self.signed) + self.exponent + self.mantissa

    @property
    def storage_bits(self) -> Fraction:
        """Width in memory."""
        return Fraction(self.container_bits or self.bits)

    @property
    def serial_steps(self) -> int:
        """Sign and significand with its hidden bit."""
        return int(self.signed) + 1 + self.mantissa

    @property
    def emin(self) -> int:
        """Exponent of the smallest normal value."""
        return (1 if self.subnormals else 0) - self.bias

    @property
    def emax(self) -> int:
        """Exponent of the largest finite value."""
        top = (1 << self.exponent) - 1 - self.bias
        loses_top = self.specials is Specials.IEEE or (self.specials is Specials.ONE_NAN and self.mantissa == 0)
        return top - 1 if loses_top else top

    @property
    def max(self) -> float:
        """Largest finite value."""
        loses_last_step = self.specials is Specials.ONE_NAN and self.mantissa > 0
        significand = 2 - (2 if loses_last_step else 1) * 2.0**-self.mantissa
        return significand * 2.0**self.emax

    @property
    def min_normal(self) -> float:
        """Smallest positive value with a hidden one."""
        return 2.0**self.emin

    @property
    def min_positive(self) -> float:
        """Smallest positive value, subnormal where there are any."""
        return 2.0 ** (self.emin - self.mantissa) if self.subnormals else self.min_normal

    def decode(self, code: int) -> float:
        """Value of a code: (-1)^sign × 1.mantissa × 2^(exponent - bias), or the special that it stands for."""
        fraction = code & ((1 << self.mantissa) - 1)
        exponent = (code >> self.mantissa) & ((1 << self.exponent) - 1)
        sign = -1.0 if self.signed and code >> (self.exponent + self.mantissa) else 1.0
        at_top = exponent == (1 << self.exponent) - 1
        if at_top and self.specials is Specials.IEEE:
            return sign * inf if fraction == 0 else nan
        if at_top and self.specials is Specials.ONE_NAN and fraction == (1 << self.mantissa) - 1:
            return nan
        if exponent == 0 and self.subnormals:
            return sign * fraction * self.min_positive
        return sign * (1 + fraction * 2.0**-self.mantissa) * 2.0 ** (exponent - self.bias)


@dataclass(frozen=True)
class IntFormat(NumberFormat):
    """Two's complement or unsigned integer, divided by 2^`fraction_bits` (MXINT8: 6)."""

    width: int
    signed: bool = True
    fraction_bits: int = 0

    @property
    def bits(self) -> int:
        """Width of the code."""
        return self.width

    @property
    def serial_steps(self) -> int:
        """One step per bit."""
        return self.width

    @property
    def step(self) -> float:
        """Distance of neighbouring values."""
        return 2.0**-self.fraction_bits

    @property
    def max(self) -> float:
        """Largest value."""
        return ((1 << (self.width - int(self.signed))) - 1) * self.step

    @property
    def min(self) -> float:
        """Smallest value."""
        return -(1 << (self.width - 1)) * self.step if self.signed else 0.0

    def decode(self, code: int) -> float:
        """Value of a two's complement (or plain binary) code."""
        negative = self.signed and code >> (self.width - 1)
        return (code - (1 << self.width) if negative else code) * self.step


@dataclass(frozen=True)
class CodebookFormat(NumberFormat):
    """A table: the code is an index into `entries`. Indices past the end stand for no number."""

    entries: tuple[float, ...]

    @property
    def bits(self) -> int:
        """Bits that an index needs."""
        return max(1, ceil(log2(len(self.entries))))

    @property
    def serial_steps(self) -> int:
        """One step per bit of the index."""
        return self.bits

    @property
    def max(self) -> float:
        """Largest entry."""
        return max(self.entries)

    def decode(self, code: int) -> float:
        """Entry of that index."""
        return float(self.entries[code]) if code < len(self.entries) else nan


@dataclass(frozen=True)
class MixtureFormat(NumberFormat):
    """Each group of elements is coded in one of several codebooks of equal width; its selector is paid once per group."""

    members: tuple[CodebookFormat, ...]

    @property
    def bits(self) -> int:
        """Width of a member's code."""
        return self.members[0].bits

    @property
    def selector_bits(self) -> int:
        """Bits per group that say which member it uses."""
        return ceil(log2(len(self.members)))

    @property
    def serial_steps(self) -> int:
        """As for a member."""
        return self.members[0].serial_steps

    @property
    def max(self) -> float:
        """Largest value of any member."""
        return max(member.max for member in self.members)

    def decode(self, code: int) -> float:
        """Refused: a code means nothing without its group's selector."""
        raise UnsupportedError(f"a code of {self.name} needs its group's selector: decode with one of its members")

    def values(self) -> tuple[float, ...]:
        """Every value that some member has."""
        return tuple(sorted({value for member in self.members for value in member.values()}))


class ScaleRule(StrEnum):
    """How the scale of a block follows from its largest magnitude, amax."""

    FLOOR_POWER_OF_TWO = "floor-power-of-two"  #: 2^(floor(log2 amax) - emax of the element), OCP MX v1.0
    AMAX_TWO_LEVEL = "amax-two-level"  #: amax / element max, rounded to the scale format under one fp32 scale per tensor (NVFP4)


@dataclass(frozen=True)
class BlockFormat(NumberFormat):
    """`block_size` elements share one scale of format `scale`. A scale per whole tensor is not counted as storage."""

    element: FloatFormat | IntFormat
    block_size: int
    scale: FloatFormat
    rule: ScaleRule

    @property
    def bits(self) -> int:
        """Width of an element's code."""
        return self.element.bits

    @property
    def storage_bits(self) -> Fraction:
        """Element plus its share of the scale."""
        return self.element.storage_bits + self.scale.storage_bits / self.block_size

    @property
    def serial_steps(self) -> int:
        """As for the element."""
        return self.element.serial_steps

    @property
    def max(self) -> float:
        """Largest element at scale 1."""
        return self.element.max

    def decode(self, code: int) -> float:
        """Value of an element at scale 1."""
        return self.element.decode(code)
