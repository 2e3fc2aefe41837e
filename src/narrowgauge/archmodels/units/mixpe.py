"""MixPE (arXiv 2411.16158): products of narrow weights and wide activations by shift and add, scales after each group's sum.

Four-bit weights make a product of at most four shifted copies of the activation, so a PE of this family has several lanes where
a multiplier has one. A group of products is summed first and then multiplied by its scale once, instead of every weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from narrowgauge.archmodels.rule import Rule
from narrowgauge.archmodels.schema import Count, Section
from narrowgauge.archmodels.specification import Schema
from narrowgauge.archmodels.units.pe_array import Pace, PeArray, PeSheet, unknown_formats
from narrowgauge.archmodels.units.unit import MatrixTask, Service
from narrowgauge.formats import QuantScheme
from narrowgauge.provenance import Quantity


class Mixed(Section):
    """Lanes of a PE along m and n, and how many group sums it scales in a cycle."""

    lanes_m: Count
    lanes_n: Count
    group_sums_per_cycle: Annotated[Quantity, Rule("count", 1e-3, 1e6)]


class MixSheet(PeSheet):
    """An array of mixed-precision PEs."""

    unit: Literal["mixpe"]
    mixed: Mixed


@dataclass(frozen=True)
class MixArray(PeArray):
    """Several products per PE and cycle, and a multiplication per group and output."""

    schema: ClassVar[Schema] = Schema(MixSheet, unknown_formats)

    def pace(self, scheme: QuantScheme) -> Pace:
        """The lanes of the specification."""
        return Pace(lanes_m=self.count("mixed.lanes_m"), lanes_n=self.count("mixed.lanes_n"))

    def service(self, task: MatrixTask) -> Service:
        """Products and the scaling of group sums take turns in a PE."""
        plain = super().service(task)
        group = task.scheme.weight.scale_group
        if group is None:
            return plain
        sums = task.m * task.n * -(-task.k // group)
        scaling = sums / (self.pes * self.value("mixed.group_sums_per_cycle"))
        return Service(
            cycles=plain.cycles + scaling,
            busy_cycles={**plain.busy_cycles, "group_scale": scaling},
            energy_pj={**plain.energy_pj, "group_scale": scaling * self.cycle_pj},
            actions={**plain.actions, "group_scale": sums},
        )
