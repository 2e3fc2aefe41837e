"""SMASH on PIUMA: sparse times sparse with hashing in scratchpads, a qualitative row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.dataflows.spgemm import SparseSquare
from narrowgauge.experiments.reproduction.contract import Experiment, Measure


@dataclass(frozen=True)
class Case:
    """The square of one matrix."""

    rows: Annotated[int, "rows and columns"] = 16384
    per_row: Annotated[int, "non-zeros of a row"] = 16


def predict(case: Case) -> Mapping[str, float]:
    """Bytes with partial products in memory over bytes with merging on chip."""
    square = SparseSquare(case.rows, case.per_row)
    return {"traffic": square.spilled_bytes() / square.merged_bytes()}


EXPERIMENT = Experiment("smash", Case, predict, {"traffic": Measure("x", "memory traffic without hashing over that with it")})
