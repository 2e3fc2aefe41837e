"""What units and simple devices have in common: a specification, what-if overrides on top, numbers by path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self

from narrowgauge.archmodels.frozen import FrozenMap
from narrowgauge.archmodels.override import OVERRIDE, Override
from narrowgauge.archmodels.schema import rules
from narrowgauge.archmodels.specification import Schema, Specification
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.provenance import Kind, Quantity


@dataclass(frozen=True)
class Specified:
    """Hardware that is fully said by a specification of one schema. `with_` returns a new one."""

    specification: Specification
    overrides: tuple[Override, ...] = ()

    #: which numbers and texts describe hardware of this class
    schema: ClassVar[Schema]

    @property
    def name(self) -> str:
        """The hardware name, or the stem of the file it was read from."""
        return self.specification.name

    @property
    def texts(self) -> Mapping[str, str]:
        """Every text of the specification by path (`title`, …)."""
        return self.specification.texts

    @cached_property
    def quantities(self) -> FrozenMap[Quantity]:
        """Every number by path, overrides included."""
        return FrozenMap({**self.specification.quantities, **{change.path: change.new for change in self.overrides}})

    def value(self, path: str) -> float:
        """The number at a path, in the unit that its name carries; raises InputError that names the nearest path."""
        if path not in self.quantities:
            raise InputError([Problem(path, f"{self.name} has no such number, {nearest(path, self.quantities)}")])
        return self.quantities[path].value

    def count(self, path: str) -> int:
        """A whole number at a path; raises likewise."""
        return int(self.value(path))

    def with_(self, **changes: float) -> Self:
        """A what-if variant, `with_(**{"array.rows": 64})`; raises InputError that holds every bad path and value."""
        known = rules(self.schema.sheet)
        problems: list[Problem] = []
        made: list[Override] = []
        for path, value in changes.items():
            faults = known[path].faults_of_value(value) if path in known else [f"unknown number, {nearest(path, known)}"]
            problems += [Problem(path, fault) for fault in faults]
            if not faults:
                old = self.quantities.get(path)
                note = f"instead of {old}" if old else "not there before"
                made.append(Override(path, old, Quantity(float(value), known[path].unit, OVERRIDE, Kind.ASSUMED, note)))
        if problems:
            raise InputError(problems)
        kept = tuple(change for change in self.overrides if change.path not in changes)
        return replace(self, overrides=(*kept, *made))
