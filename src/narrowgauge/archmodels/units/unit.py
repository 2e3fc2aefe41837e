"""The contract of a compute unit: what a LUT tensor core, a bit-serial array or a MAC says about one matrix product.

A unit is one file here (behaviour, no constants), one or more YAML files in `specs/` (numbers with unit, kind and source, over
a schema of its own) and one test. The conformance kit tries every unit of `specs/`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from narrowgauge.archmodels.specified import Specified
from narrowgauge.errors import InputError, Problem, UnsupportedError
from narrowgauge.formats import QuantScheme

#: the path of the number of units in one SM
PER_SM = "units_per_sm"
LARGE = 1024  # a product of which the edges do not matter


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
class Unit(Specified, ABC):
    """Base of every unit. Load one with `load_unit`; change it with `with_`, which returns a new one."""

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

    def tile(self, scheme: QuantScheme) -> tuple[int, int, int]:
        """Sizes (m, n, k) that one instruction covers: those of a product are rounded up to multiples of them."""
        self.check(scheme)
        return 1, 1, 1

    @property
    def per_sm(self) -> int:
        """How many of this unit stand in one SM of a GPU; raises UnsupportedError for a unit that was not made for one."""
        if PER_SM not in self.quantities:
            raise UnsupportedError(f"{self.name} has no {PER_SM}: it was not made to stand in an SM")
        return self.count(PER_SM)

    def activation_bits(self, scheme: QuantScheme) -> float:
        """Bits that a kernel streams into the unit per activation: its storage, or the share of the lookup table that stands for
        it where tables are made by an operator of their own (`precompute`)."""
        return float(scheme.activation.storage_bits)

    def pj_per_mac(self, scheme: QuantScheme) -> float:
        """Dynamic energy of a multiply-accumulate in a large task."""
        task = MatrixTask(LARGE, LARGE, LARGE, scheme)
        return self.service(task).total_energy_pj / task.macs
