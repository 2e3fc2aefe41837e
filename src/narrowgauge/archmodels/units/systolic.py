"""Systolic array: rows × columns of multiply-accumulate cells, with one of three operands at rest in them.

The product is folded over the array; a partly used array takes as long as a full one. A fold streams its third dimension through
the skewed array and lets it drain before the next one starts (Samajdar et al., SCALE-Sim, arXiv 1811.02883, section 3):

    output at rest   fold m over rows, n over columns, stream k        k + rows + columns − 2
    weight at rest   fold k over rows, n over columns, stream m        rows to load, then m + rows + columns − 2
    input at rest    fold k over rows, m over columns, stream n        rows to load, then n + rows + columns − 2
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal

from narrowgauge.archmodels.specification import Schema
from narrowgauge.archmodels.units.pe_array import Pace, PeArray, PeSheet, unknown_formats
from narrowgauge.archmodels.units.unit import MatrixTask, Service
from narrowgauge.errors import InputError, Problem
from narrowgauge.formats import QuantScheme


class Stationary(StrEnum):
    """Which operand stays in the cells."""

    OUTPUT = "output"
    WEIGHT = "weight"
    INPUT = "input"


@dataclass(frozen=True)
class SystolicArray:
    """An array of `rows` × `columns` cells, one multiply-accumulate per cell and cycle."""

    rows: int
    columns: int
    stationary: Stationary

    def __post_init__(self) -> None:
        wrong = [Problem(f"array.{name}", f"given {getattr(self, name)}, allowed: 1 or more") for name in ("rows", "columns")]
        wrong = [problem for problem, size in zip(wrong, (self.rows, self.columns), strict=True) if size < 1]
        if wrong:
            raise InputError(wrong)

    def folds(self, m: int, n: int, k: int) -> int:
        """How many times the array is filled for C[m,n] = A[m,k] · B[k,n]."""
        over_rows, over_columns, _ = self._dimensions(m, n, k)
        return -(-over_rows // self.rows) * -(-over_columns // self.columns)

    def compute_cycles(self, m: int, n: int, k: int) -> int:
        """Cycles from the first operand entering to the last result leaving, memory never waiting."""
        *_, streamed = self._dimensions(m, n, k)
        loading = 0 if self.stationary is Stationary.OUTPUT else self.rows
        return self.folds(m, n, k) * (loading + streamed + self.rows + self.columns - 2)

    def utilization(self, m: int, n: int, k: int) -> float:
        """Multiply-accumulates done over those that the array could have done in that time."""
        return m * n * k / (self.compute_cycles(m, n, k) * self.rows * self.columns)

    def _dimensions(self, m: int, n: int, k: int) -> tuple[int, int, int]:
        wrong = [
            Problem(name, f"given {size}, allowed: 1 or more") for name, size in zip("mnk", (m, n, k), strict=True) if size < 1
        ]
        if wrong:
            raise InputError(wrong)
        match self.stationary:
            case Stationary.OUTPUT:
                return m, n, k
            case Stationary.WEIGHT:
                return k, n, m
            case Stationary.INPUT:
                return k, m, n


class SystolicSheet(PeSheet):
    """A systolic array and the operand at rest in it."""

    unit: Literal["systolic"]
    stationary: Literal["output", "weight", "input"]


@dataclass(frozen=True)
class SystolicUnit(PeArray):
    """The array as a unit: skew, drain and loading of the operand at rest are in its cycles."""

    schema: ClassVar[Schema] = Schema(SystolicSheet, unknown_formats)

    @property
    def geometry(self) -> SystolicArray:
        """Rows, columns and what rests in them."""
        return SystolicArray(self.count("array.rows"), self.count("array.columns"), Stationary(self.texts["stationary"]))

    def pace(self, scheme: QuantScheme) -> Pace:
        """One product per cell and cycle."""
        return Pace()

    def tile(self, scheme: QuantScheme) -> tuple[int, int, int]:
        """The two dimensions that fold over the array; the third one streams."""
        self.check(scheme)
        array = self.geometry
        match array.stationary:
            case Stationary.OUTPUT:
                return array.rows, array.columns, 1
            case Stationary.WEIGHT:
                return 1, array.columns, array.rows
            case Stationary.INPUT:
                return array.columns, 1, array.rows

    def service(self, task: MatrixTask) -> Service:
        """Cells spend energy while a fold streams through them, also those outside of the product."""
        words = self.words(task)
        cycles = self.geometry.compute_cycles(task.m, task.n, task.k)
        return Service(
            cycles=cycles,
            busy_cycles={"pe_array": cycles},
            energy_pj={"pe_array": words * self.cycle_pj(task.scheme)},
            actions={"mac": task.macs, "word": words, "fold": self.geometry.folds(task.m, task.n, task.k)},
        )
