"""How far a fit may be trusted away from where it was made: quantiles of log(measured / predicted) that were found by doing it.

`fits/transfer.json` is derived by `fit`: each machine's rows are predicted with the other machines' parameters, each
precision's rows with those of the nearest other precision.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from typing import Any

from narrowgauge.calibration.basis import Relation

#: for kernels that nobody measured anywhere: a factor of two either way, a convention and not a measurement
ASSUMED = (-0.6931, 0.6931)
FILE = "transfer.json"


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    path = resources.files("narrowgauge.calibration") / "fits" / FILE
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def log_interval(family: str, relation: Relation) -> tuple[float, float]:
    """5 % and 95 % quantile of log(measured / predicted) when a fit of the family is used at that distance.

    Where no sibling was measured, other architectures stand in. For an unbuilt unit, whose kernels nobody wrote, the error of
    using another precision's kernels stands in: its own rate is taken at its word."""
    known = _table().get(family, {})
    stand_in = {Relation.SIBLING: Relation.TRANSFER, Relation.UNBUILT: Relation.PRECISION}.get(relation, "")
    entry = known.get(str(relation)) or known.get(str(stand_in))
    return (entry["low"], entry["high"]) if entry else ASSUMED
