"""Bit-serial PEs: one operand, or both, goes through the multiplier a term at a time.

* BitMoD (HPCA 2025, arXiv 2411.11745, section IV): weights as signed powers of two, four neighbours at a time, activations in
  parallel; a group's sum is multiplied by its scale in a few cycles beside the sum of the next group.
* Stripes (MICRO 2016): activations a bit at a time; Loom (DAC 2018): activations and weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from narrowgauge.archmodels.rule import Rule
from narrowgauge.archmodels.schema import Count, Section
from narrowgauge.archmodels.specification import Schema
from narrowgauge.archmodels.units.digits import terms
from narrowgauge.archmodels.units.pe_array import Pace, PeArray, PeSheet, element, unknown_formats
from narrowgauge.archmodels.units.unit import MatrixTask, Service
from narrowgauge.formats import NumberFormat, QuantScheme
from narrowgauge.provenance import Quantity


class Serial(Section):
    """Which operand comes in terms, and what a term is: a bit, or a signed power of two (Booth)."""

    operand: Literal["weight", "activation", "both"]
    term: Literal["bit", "signed-digit"]
    #: neighbours along k that a PE multiplies by one term each
    dot: Count
    #: cycles of the multiplication of a group's sum by its scale; none where scales are applied elsewhere
    group_scale_cycles: Annotated[Quantity | None, Rule("cycle", 1, 1000, whole=True)] = None
    #: the part of the recoding of the serial operand that falls to one PE
    encoder_um2: Annotated[Quantity | None, Rule("um2", 0, 1e9)] = None


class BitSerialSheet(PeSheet):
    """An array of bit-serial PEs."""

    unit: Literal["bit_serial"]
    serial: Serial


@dataclass(frozen=True)
class BitSerialArray(PeArray):
    """As many cycles per word as the serial operand has terms."""

    schema: ClassVar[Schema] = Schema(BitSerialSheet, unknown_formats)

    def pace(self, scheme: QuantScheme) -> Pace:
        """The terms of the operands that come serially, multiplied where both do."""
        serial = self.texts["serial.operand"]
        steps = self._terms(scheme.weight.format) if serial != "activation" else 1
        steps *= self._terms(scheme.activation.format) if serial != "weight" else 1
        return Pace(dot=self.count("serial.dot"), steps=steps)

    def _terms(self, fmt: NumberFormat) -> int:
        one = element(fmt)
        return terms(one) if self.texts["serial.term"] == "signed-digit" else one.serial_steps

    def service(self, task: MatrixTask) -> Service:
        """The array and the scaling of group sums run side by side; the slower one counts."""
        plain = super().service(task)
        groups = self._group_sums(task)
        scaling = groups * self.count("serial.group_scale_cycles") if groups else 0
        return Service(
            cycles=max(plain.cycles, scaling),
            busy_cycles={**plain.busy_cycles, **({"group_scale": scaling} if groups else {})},
            energy_pj=plain.energy_pj,
            actions={**plain.actions, "group_scale": groups * self.pes},
        )

    def _group_sums(self, task: MatrixTask) -> int:
        """Group sums that one PE scales; none where weights have no groups or scales are applied elsewhere."""
        group = task.scheme.weight.scale_group
        if group is None or "serial.group_scale_cycles" not in self.quantities:
            return 0
        rows, columns, _ = self.tile(task.scheme)
        return -(-task.m // rows) * -(-task.n // columns) * -(-task.k // group)

    def macs_per_cycle(self, scheme: QuantScheme) -> float:
        """The array's rate, or that at which group sums are scaled where groups are so small."""
        rate, group = super().macs_per_cycle(scheme), scheme.weight.scale_group
        if group is None or "serial.group_scale_cycles" not in self.quantities:
            return rate
        return min(rate, self.pes * group / self.value("serial.group_scale_cycles"))

    def area_um2(self) -> Mapping[str, float]:
        """The PEs and the encoders of the serial operand."""
        encoders = {}
        if "serial.encoder_um2" in self.quantities:
            encoders = {"encoder": self.pes * self.value("serial.encoder_um2")}
        return {**super().area_um2(), **encoders}
