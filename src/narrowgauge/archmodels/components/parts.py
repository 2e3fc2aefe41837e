"""Adders, multipliers, multiplexers, registers: cells counted, their area and energy at one process node.

Area is cells of a 45 nm library, counted and scaled to the node; that of floating-point operators goes with a power of the
significand that passes through the published FP16 and FP32 ones. Energy of arithmetic goes with a power of the width that passes
through the published INT8 and INT32 (FP16 and FP32) operations at 45 nm, scaled to the node but not below what was published at
7 nm: from 20 nm on the scaling laws promise more than those figures hold. Other cells spend, per area, what a full adder does.
Cell area only: no wiring, no clock tree, no timing closure; no leakage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, log, log2, sqrt

from narrowgauge.archmodels.components.cost import FREE, Cost
from narrowgauge.archmodels.components.process import area_factor, check_node, energy_factor, nominal_supply_v
from narrowgauge.archmodels.components.tables import table
from narrowgauge.errors import InputError, Problem, UnsupportedError
from narrowgauge.formats import BlockFormat, CodebookFormat, FloatFormat, IntFormat, NumberFormat

_LARGE_NM, _SMALL_NM = 45, 7  # of the tables `energy_45nm_pj` and `energy_7nm_pj` of operations.yaml
_INTEGERS = {"int8": 8, "int32": 32}  # published widths
_SIGNIFICANDS = {"fp16": 11, "fp32": 24}
_ADDER_BITS = 16  # of the addition whose share per bit is a full adder's energy, in the middle of the published ones


@dataclass(frozen=True)
class Components:
    """Parts at one node. `supply_v` is the node's usual supply unless given. Raises InputError outside of 1 to 65 nm."""

    node_nm: float
    supply_v: float | None = None

    def __post_init__(self) -> None:
        check_node(self.node_nm)
        if self.supply_v is not None and not self.supply_v > 0:
            raise InputError([Problem("supply_v", f"given {self.supply_v:g}, allowed: above 0")])

    def cell(self, name: str) -> Cost:
        """One standard cell by its name in cells.yaml, at the activity of an adder (a flip-flop: clocked every cycle)."""
        area = table("cells")[f"area_um2.{name}"].value
        adder_area = table("cells")["area_um2.full_adder"].value
        share = table("cells")["flip_flop_over_full_adder"].value if name == "flip_flop" else area / adder_area
        return Cost(area * self._area_factor, share * self._full_adder_pj)

    def adder(self, bits: int) -> Cost:
        """Two's complement addition of two words: a full adder a bit."""
        area = _positive(bits) * self.cell("full_adder").area_um2
        return Cost(area, self._energy_pj("add", bits, _INTEGERS))

    def multiplier(self, bits: int, other_bits: int | None = None) -> Cost:
        """Array multiplier: an AND gate per pair of bits, a full adder for all rows but the first."""
        other = _positive(bits if other_bits is None else other_bits)
        cells = _positive(bits) * other * self.cell("and2") + bits * (other - 1) * self.cell("full_adder")
        return Cost(cells.area_um2, self._energy_pj("multiply", sqrt(bits * other), _INTEGERS))

    def negator(self, bits: int) -> Cost:
        """Conditional one's complement of a word (the carry goes into the adder that follows)."""
        return _positive(bits) * self.cell("xor2")

    def multiplexer(self, inputs: int, bits: int) -> Cost:
        """One word out of `inputs`: AND-OR with the select decoded once for the word, or a tree of 2:1 cells, the smaller."""
        if _positive(inputs) == 1:
            return FREE
        tree = bits * (inputs - 1) * self.cell("mux2")
        pairs = ceil(inputs / 2)
        and_or = bits * (pairs * self.cell("aoi22") + (pairs - 1) * self.cell("nand2")) + inputs * self.cell("and2")
        return min(tree, and_or, key=lambda cost: cost.area_um2)

    def shifter(self, bits: int, positions: int) -> Cost:
        """Barrel shifter by 0 to `positions` - 1 places: a row of 2:1 cells per doubling."""
        return ceil(log2(_positive(positions))) * _positive(bits) * self.cell("mux2")

    def register(self, bits: int) -> Cost:
        """A word of flip-flops, energy of one clocked cycle."""
        return _positive(bits) * self.cell("flip_flop")

    def float_adder(self, mantissa: int) -> Cost:
        """Floating-point addition with `mantissa` stored bits."""
        return self._float("add", mantissa)

    def float_multiplier(self, mantissa: int) -> Cost:
        """Floating-point multiplication, significands of `mantissa` stored bits."""
        return self._float("multiply", mantissa)

    def add(self, fmt: NumberFormat) -> Cost:
        """Addition in a format; raises UnsupportedError for one without arithmetic of its own."""
        element = _arithmetic(fmt)
        return self.float_adder(element.mantissa) if isinstance(element, FloatFormat) else self.adder(element.bits)

    def multiply(self, a: NumberFormat, b: NumberFormat) -> Cost:
        """Multiplication of two formats: of integers as wide as each, of floats (or of one and an integer) with the wider's
        significand; raises likewise."""
        first, second = _arithmetic(a), _arithmetic(b)
        if isinstance(first, IntFormat) and isinstance(second, IntFormat):
            return self.multiplier(first.bits, second.bits)
        return self.float_multiplier(max(_mantissa(first), _mantissa(second)))

    def mac(self, a: NumberFormat, b: NumberFormat, accumulate: NumberFormat) -> Cost:
        """Multiply-accumulate with the accumulator's register; operands come from elsewhere. Raises likewise."""
        return self.multiply(a, b) + self.add(accumulate) + self.register(accumulate.bits)

    @cached_property
    def _area_factor(self) -> float:
        return area_factor(self.node_nm)

    @cached_property
    def _energy_factors(self) -> tuple[float, float]:
        """What published energies at 45 nm become here, and what those at 7 nm do; the latter change with the supply and, below
        7 nm, with the node."""
        usual = nominal_supply_v(self.node_nm)
        supply = usual if self.supply_v is None else self.supply_v
        smaller = energy_factor(min(self.node_nm, _SMALL_NM), nominal_supply_v(_SMALL_NM), _SMALL_NM, nominal_supply_v(_SMALL_NM))
        from_large = energy_factor(self.node_nm, supply, _LARGE_NM, nominal_supply_v(_LARGE_NM))
        return from_large, smaller * energy_factor(self.node_nm, supply, self.node_nm, usual)

    @cached_property
    def _full_adder_pj(self) -> float:
        return self._energy_pj("add", _ADDER_BITS, _INTEGERS) / _ADDER_BITS

    def _operation_pj(self, name: str) -> float:
        from_large, from_small = self._energy_factors
        large, small = (table("operations")[f"energy_{node}nm_pj.{name}"].value for node in (_LARGE_NM, _SMALL_NM))
        return max(large * from_large, small * from_small)

    def _energy_pj(self, operation: str, width: float, widths: Mapping[str, int]) -> float:
        return _power_law(width, widths, [self._operation_pj(f"{fmt}_{operation}") for fmt in widths])

    def _float(self, operation: str, mantissa: int) -> Cost:
        significand = _positive(mantissa + 1)
        areas = [table("operations")[f"area_um2.{fmt}_{operation}"].value * self._area_factor for fmt in _SIGNIFICANDS]
        return Cost(_power_law(significand, _SIGNIFICANDS, areas), self._energy_pj(operation, significand, _SIGNIFICANDS))


def _power_law(width: float, widths: Mapping[str, int], published: Sequence[float]) -> float:
    narrow, wide = widths.values()
    exponent = log(published[1] / published[0]) / log(wide / narrow)
    return float(published[0] * (width / narrow) ** exponent)


def _arithmetic(fmt: NumberFormat) -> FloatFormat | IntFormat:
    element = fmt.element if isinstance(fmt, BlockFormat) else fmt
    if isinstance(element, FloatFormat | IntFormat):
        return element
    if isinstance(element, CodebookFormat) and all(entry == int(entry) for entry in element.entries):
        return IntFormat(element.name, max(2, ceil(log2(max(abs(entry) for entry in element.entries) + 1)) + 1))
    raise UnsupportedError(f"{fmt.name} has no arithmetic of its own: convert it to an integer or a float first")


def _mantissa(fmt: FloatFormat | IntFormat) -> int:
    return fmt.mantissa if isinstance(fmt, FloatFormat) else fmt.bits - 2


def _positive(count: int) -> int:
    if count < 1:
        raise InputError([Problem("bits", f"given {count}, allowed: 1 or more")])
    return count
