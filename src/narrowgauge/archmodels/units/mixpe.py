"""MixPE (arXiv 2411.16158): products of narrow weights by shift and add, scales after each group's sum.

A PE splits into lanes for narrow operands as a precision-scalable one does. The products of a group are summed first and the
sum is multiplied by the group's scale, once per output, where other designs multiply every weight before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from narrowgauge.archmodels.rule import Rule
from narrowgauge.archmodels.specification import Schema
from narrowgauge.archmodels.units.fused import FusedArray, FusedSheet
from narrowgauge.archmodels.units.pe_array import unknown_formats
from narrowgauge.archmodels.units.unit import MatrixTask, Service
from narrowgauge.provenance import Quantity


class MixSheet(FusedSheet):
    """An array of mixed-precision PEs."""

    unit: Literal["mixpe"]  # type: ignore[assignment]  # one word where its base has another
    #: group sums that a PE scales in a cycle
    group_sums_per_cycle: Annotated[Quantity, Rule("count", 1e-3, 1e6)]


@dataclass(frozen=True)
class MixArray(FusedArray):
    """Several products per PE and cycle, and a multiplication per group and output."""

    schema: ClassVar[Schema] = Schema(MixSheet, unknown_formats)

    def service(self, task: MatrixTask) -> Service:
        """Products and the scaling of group sums take turns in a PE."""
        plain = super().service(task)
        group = task.scheme.weight.scale_group
        if group is None:
            return plain
        sums = task.m * task.n * -(-task.k // group)
        scaling = sums / (self.pes * self.value("group_sums_per_cycle"))
        return Service(
            cycles=plain.cycles + scaling,
            busy_cycles={**plain.busy_cycles, "group_scale": scaling},
            energy_pj={**plain.energy_pj, "group_scale": scaling * self.cycle_pj(task.scheme)},
            actions={**plain.actions, "group_scale": sums},
        )
