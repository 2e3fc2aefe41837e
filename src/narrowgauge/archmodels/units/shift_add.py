"""ShiftAddLLM (You et al., NeurIPS 2024, arXiv 2406.05981): weights as binary matrices with power-of-two scales, no multiplier.

A weight of q bits is q binary digits. Sums of a group of activations under every pattern of signs stand in a table; one query per
digit and group replaces the group's products, and a shift by the digit's scale each product with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from narrowgauge.archmodels.rule import Rule
from narrowgauge.archmodels.schema import Count, Section, Text
from narrowgauge.archmodels.specification import Schema
from narrowgauge.archmodels.units.pe_array import Array, Pace, PeArray, UnitsPerSm, element, unknown_formats
from narrowgauge.archmodels.units.unit import MatrixTask, Service
from narrowgauge.formats import QuantScheme
from narrowgauge.provenance import Quantity

Energy = Annotated[Quantity, Rule("pJ", 1e-6, 1e6)]


class Operations(Section):
    """Energy of each kind of work, and the area of a PE that does all of them."""

    query_pj: Energy
    add_pj: Energy
    shift_pj: Energy
    area_um2: Annotated[Quantity, Rule("um2", 1e-3, 1e9)]


class ShiftAddSheet(Section):
    """An array of table look-ups and adders."""

    title: Text
    unit: Literal["shift_add"]
    process: Text
    weights: Text
    activations: Text
    #: activations of one table
    table_inputs: Count
    array: Array
    operations: Operations
    units_per_sm: UnitsPerSm = None


@dataclass(frozen=True)
class ShiftAddArray(PeArray):
    """A query per PE and cycle; each serves `table_inputs` activations with one digit of their weights."""

    schema: ClassVar[Schema] = Schema(ShiftAddSheet, unknown_formats)

    def pace(self, scheme: QuantScheme) -> Pace:
        """As many queries as weights have digits."""
        return Pace(dot=self.count("table_inputs"), steps=element(scheme.weight.format).bits)

    def service(self, task: MatrixTask) -> Service:
        """Tables are built by the adders of the PEs before they are used; queries and additions are one pipeline."""
        inputs, digits = self.count("table_inputs"), self.pace(task.scheme).steps
        cycles = self.words(task) * digits
        tables = task.m * -(-task.k // inputs)
        building = tables * (2**inputs - 1)  # every entry but the first is one addition away from another
        queries = task.m * task.n * -(-task.k // inputs) * digits
        shifts = task.m * task.n * digits * self._scales(task)
        spent = {
            "query": queries * self.value("operations.query_pj"),
            "add": (queries + shifts) * self.value("operations.add_pj"),
            "shift": shifts * self.value("operations.shift_pj"),
            "table": building * self.value("operations.add_pj"),
        }
        building_cycles = -(-building // self.pes)
        return Service(
            cycles=cycles + building_cycles,
            busy_cycles={"pe_array": cycles, "table": building_cycles},
            energy_pj=spent,
            actions={"mac": task.macs, "word": self.words(task), "query": queries, "shift": shifts, "table": tables},
        )

    def _scales(self, task: MatrixTask) -> int:
        """Scales along the sum of one output."""
        group = task.scheme.weight.scale_group
        return 1 if group is None else -(-task.k // group)

    def cycle_pj(self, scheme: QuantScheme) -> float:
        """Dynamic energy of a cycle in which every PE queries and adds."""
        return self.pes * (self.value("operations.query_pj") + self.value("operations.add_pj"))

    def area_um2(self) -> Mapping[str, float]:
        """The PEs."""
        return {"pe_array": self.pes * self.value("operations.area_um2")}
