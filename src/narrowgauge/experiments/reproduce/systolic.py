"""SCALE-Sim (Samajdar et al., arXiv 1811.02883): cycles of one matrix product on a systolic array."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from narrowgauge.archmodels.units.systolic import Stationary, SystolicArray
from narrowgauge.experiments.reproduction.contract import Experiment, Measure


@dataclass(frozen=True)
class Case:
    """One product on one array."""

    m: Annotated[int, "rows of the product"] = 64
    n: Annotated[int, "columns of the product"] = 64
    k: Annotated[int, "length of the sums"] = 64
    rows: Annotated[int, "rows of the array"] = 16
    columns: Annotated[int, "columns of the array"] = 16
    stationary: Annotated[Literal["output", "weight", "input"], "the operand at rest"] = "output"


def predict(case: Case) -> Mapping[str, float]:
    """SCALE-Sim prints the number of the last cycle, counted from 0."""
    array = SystolicArray(case.rows, case.columns, Stationary(case.stationary))
    return {"last_cycle": array.compute_cycles(case.m, case.n, case.k) - 1}


EXPERIMENT = Experiment(
    "systolic", Case, predict, {"last_cycle": Measure("cycle", "number of the last cycle of the product, counted from 0")}
)
