"""The contract of a compute unit: what a LUT tensor core, a bit-serial array or a MAC says about one matrix product.

A unit is one file here (behaviour, no constants), one or more YAML files in `specs/` (numbers with unit, kind and source, over
a schema of its own) and one test. The conformance kit tries every unit of `specs/`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self

from narrowgauge.archmodels.frozen import FrozenMap
from narrowgauge.archmodels.machine import OVERRIDE, Override
from narrowgauge.archmodels.schema import rules
from narrowgauge.archmodels.specification import Schema, Specification
from narrowgauge.errors import InputError, Problem, UnsupportedError, nearest
from narrowgauge.formats import QuantScheme
from narrowgauge.provenance import Kind, Quantity


@dataclass(frozen=True)
class MatrixTask:
    """C[m,n] = A[m,k] · B[k,n]: activations A and weights B (stored n × k) in the formats of `scheme`.

    Raises InputError for sizes below 1."""

    m: int
    n: int
    k: int
    scheme: QuantScheme

    def __post_init__(self) -> None:
        wrong = [(name, getattr(self, name)) for name in ("m", "n", "k") if getattr(self, name) < 1]
        if wrong:
            raise InputError(Problem(name, f"given {size}, allowed: 1 or more") for name, size in wrong)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the product, whatever a unit makes of them."""
        return self.m * self.n * self.k


@dataclass(frozen=True)
class Service:
    """What one unit needs for one task, its operands waiting in the storage next to it.

    `busy_cycles` is the time that each part of the unit alone would need; `energy_pj` is by component, dynamic energy only;
    `actions` counts what was done (multiply-accumulates, table builds, additions, dequantisations)."""

    cycles: float
    busy_cycles: Mapping[str, float]
    energy_pj: Mapping[str, float]
    actions: Mapping[str, float]

    @property
    def bound_by(self) -> str:
        """The part of the unit that is busy longest; of equals the first."""
        return max(self.busy_cycles, key=lambda part: self.busy_cycles[part])

    @property
    def total_energy_pj(self) -> float:
        """The sum over components, in order."""
        return sum(self.energy_pj.values())


@dataclass(frozen=True)
class Unit(ABC):
    """Base of every unit. Load one with `load_unit`; change it with `with_`, which returns a new one."""

    specification: Specification
    overrides: tuple[Override, ...] = ()

    #: which numbers and texts describe a unit of this class
    schema: ClassVar[Schema]

    @property
    def name(self) -> str:
        """The unit's name, or the stem of the file it was read from."""
        return self.specification.name

    @property
    def texts(self) -> Mapping[str, str]:
        """Every text of the specification by path (`title`, `unit`, `process`, …)."""
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

    @abstractmethod
    def refusal(self, scheme: QuantScheme) -> str | None:
        """Why this unit cannot multiply operands of these formats; None if it can."""

    def supports(self, scheme: QuantScheme) -> bool:
        """Whether it can."""
        return self.refusal(scheme) is None

    def check(self, scheme: QuantScheme) -> None:
        """Raise UnsupportedError with the reason if it cannot."""
        reason = self.refusal(scheme)
        if reason is not None:
            raise UnsupportedError(f"{self.name}: {reason}")

    @abstractmethod
    def service(self, task: MatrixTask) -> Service:
        """Cycles, energy and actions of one task; raises UnsupportedError with the reason if the unit cannot do it."""

    @abstractmethod
    def macs_per_cycle(self, scheme: QuantScheme) -> float:
        """Peak: multiply-accumulates per cycle of a large task whose sizes fit the unit; raises likewise."""

    @abstractmethod
    def area_um2(self) -> Mapping[str, float]:
        """Area by component at the specification's process node."""

    @property
    def total_area_um2(self) -> float:
        """The sum over components."""
        return sum(self.area_um2().values())
