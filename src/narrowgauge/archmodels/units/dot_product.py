"""Arrays of dot products without tables: by multiplication, or by adding what each bit of a weight selects.

mac   k multipliers and k additions to a sum; both operands of one format
add   k conditional additions to a sum and a cycle per bit of the weight (bit-serial, Judd et al., Stripes, MICRO 2016, turned
      to the weight's side), integer weights under any activation
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, inf
from typing import ClassVar, Literal

from narrowgauge.archmodels.components import Components, Cost
from narrowgauge.archmodels.schema import Count, Section, Text
from narrowgauge.archmodels.specification import Schema
from narrowgauge.archmodels.units.array import (
    Array,
    ArrayUnit,
    Bits,
    Clock,
    NodeNm,
    OptionalBits,
    PublishedArea,
    Supply,
    format_faults,
    plane_refusal,
    planes,
)
from narrowgauge.archmodels.units.unit import MatrixTask, Service
from narrowgauge.formats import FORMATS, FloatFormat, IntFormat, QuantScheme
from narrowgauge.provenance import Quantity


class DotProductSheet(Section):
    """Everything that a specification of an array of dot products says."""

    title: Text
    unit: Literal["dot_product"]
    process: Text
    arithmetic: Literal["mac", "add"]
    #: format of the activations (and, for `mac`, of the weights), and of the sums
    operand: Text
    accumulator: Text
    node_nm: NodeNm
    supply_v: Supply
    clock_mhz: Clock
    units_per_sm: Count
    array: Array
    #: bits of a weight that the array holds
    weight_bits: Bits
    #: of floating-point products that are added as integers; not there where each addition is one of floats
    aligned_bits: OptionalBits = None
    #: of one unit as synthesised; the parts are scaled to add up to it
    synthesised_area_um2: PublishedArea = None


def _contradictions(numbers: Mapping[str, Quantity], texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from format_faults(texts, ("operand", "accumulator"))
    if "aligned_bits" in numbers and not isinstance(FORMATS.get(texts["operand"]), FloatFormat):
        yield "aligned_bits", f"is there, while {texts['operand']} products are integers already"


@dataclass(frozen=True)
class DotProductArray(ArrayUnit):
    """`array.count` arrays of m × n dot products of length k."""

    schema: ClassVar[Schema] = Schema(DotProductSheet, _contradictions)

    def refusal(self, scheme: QuantScheme) -> str | None:
        """Activations of its format; weights of that format too, or integers where it adds or multiplies integers."""
        operand, weight = self.format("operand"), scheme.weight.format
        if scheme.activation.format != operand:
            return f"{scheme.activation.format.name} activations, it takes {operand.name}"
        if self._serial or (isinstance(operand, IntFormat) and planes(weight)):
            return plane_refusal(scheme, self.count("weight_bits"))
        return None if weight == operand else f"{weight.name} weights would have to be converted to {operand.name} before it"

    def cycles_per_step(self, scheme: QuantScheme) -> int:
        """One, or where it adds one for every bit of a weight."""
        return planes(scheme.weight.format) or 1 if self._serial else 1

    def service(self, task: MatrixTask) -> Service:
        """Steps dealt out to the arrays."""
        steps, rounds = self.steps(task)
        m, n, k = self.tile(task.scheme)
        per_step = self.cycles_per_step(task.scheme)
        return Service(
            cycles=float(rounds * per_step),
            busy_cycles={"arithmetic": float(rounds * per_step)},
            energy_pj={name: steps * per_step * cost.energy_pj for name, cost in self.parts(per_step).items()},
            actions={"macs": float(task.macs), "additions": float(steps * per_step * m * n * k)},
        )

    @property
    def _serial(self) -> bool:
        return self.texts["arithmetic"] == "add"

    def parts(self, cycles_per_step: int) -> Mapping[str, Cost]:
        """The parts of one array: area, and energy of one cycle."""
        components = Components(self.value("node_nm"), self.value("supply_v"))
        m, n, k = (self.count(f"array.{size}") for size in "mnk")
        operand, accumulator = self.format("operand"), self.format("accumulator")
        sign_bits = operand.bits if isinstance(operand, IntFormat) else 1
        parts = {
            "adders": m * n * self._additions(components, k),
            "accumulators": m * n * components.register(accumulator.bits),
            "activations": components.register(m * k * operand.bits),
            "weights": components.register(k * n * self.count("weight_bits")),
        }
        if self._serial:
            return {"negation": m * n * k * components.negator(sign_bits), **parts}
        whole = isinstance(operand, IntFormat)
        multiplier = (
            components.multiplier(operand.bits, self.count("weight_bits")) if whole else components.multiply(operand, operand)
        )
        parts = {"multipliers": m * n * k * multiplier, **parts}
        return {**parts, "alignment": m * n * k * self._alignment(components)} if self._aligned else parts

    @property
    def _aligned(self) -> bool:
        return "aligned_bits" in self.quantities

    def _alignment(self, components: Components) -> Cost:
        """One product: its exponent's sum, the distance to the largest one, shift and sign."""
        operand, bits = self.format("operand"), self.count("aligned_bits")
        exponent_bits = operand.exponent + 1 if isinstance(operand, FloatFormat) else 1
        return 2 * components.adder(exponent_bits) + components.shifter(bits, bits) + components.negator(bits)

    def _additions(self, components: Components, k: int) -> Cost:
        """One sum: a tree over k terms, and the addition to the accumulator. Integers grow by a bit per level, floats have the
        accumulator's format."""
        operand, accumulator = self.format("operand"), self.format("accumulator")
        if isinstance(operand, FloatFormat) and not self._aligned:
            return k * components.add(accumulator)
        bits = operand.bits + (0 if self._serial else self.count("weight_bits"))
        bits, widest = (self.count("aligned_bits"), inf) if self._aligned else (bits, accumulator.bits)
        total, terms = components.add(accumulator), k
        while terms > 1:
            total += terms // 2 * components.adder(int(min(bits + 1, widest)))
            bits, terms = bits + 1, ceil(terms / 2)
        return total
