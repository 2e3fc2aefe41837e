"""One machine per row of a table: all alike but for numbers that no schedule branches on, which are columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy.typing as npt

from narrowgauge.archmodels.machine import Machine
from narrowgauge.archmodels.override import OVERRIDE, Override
from narrowgauge.archmodels.schema import rules
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.provenance import Kind, Quantity


@dataclass(frozen=True, eq=False)
class MachineRows:
    """`machine` is one of them and has an override for every path of `columns`; `columns` holds each row's value by path.

    Kernels' closed forms take its `resources` as they take a machine's: where those hold one number, these hold a column."""

    machine: Machine
    columns: Mapping[str, npt.NDArray[Any]]

    @property
    def name(self) -> str:
        """The name that all of them have."""
        return self.machine.name

    @cached_property
    def resources(self) -> GpuResources:
        """The plain numbers of every row."""
        return self._varied.resources

    def like(self, gpu: GpuResources) -> GpuResources:
        """Every row's counterpart of `gpu`, which holds the numbers of `machine` with or without what was measured on it."""
        return self.resources if gpu == self.machine.resources else self._varied.as_specified.resources

    def take(self, rows: npt.NDArray[Any]) -> MachineRows:
        """The machines of some rows."""
        return MachineRows(self.machine, {path: column[rows] for path, column in self.columns.items()})

    @cached_property
    def _varied(self) -> Machine:
        columns: Mapping[str, Any] = self.columns
        changes = (
            Override(path, None, Quantity(column, rules()[path].unit, OVERRIDE, Kind.ASSUMED)) for path, column in columns.items()
        )
        return replace(self.machine, overrides=(*self.machine.overrides, *changes))
