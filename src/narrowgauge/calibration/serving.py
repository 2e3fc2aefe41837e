"""What a framework adds to the kernels of a pass, fitted on whole models: a file of its own below `fits/serving`.

    prefill = kernels × (1 + prefill_share) + step_us + prefill_gap_us × number of kernels + logit_ns × logits
    decode  = kernels                       + step_us + gap_us         × number of kernels + logit_ns × logits

`kernels` is the sum of the kernels of the pass as they were measured, one kind after the other in a loop. A gap is what a kernel
costs in the framework beyond that: decode runs in a CUDA graph, prefill is launched kernel by kernel. `prefill_share` is what
prefill kernels lose against that loop, to other libraries' versions and to the clock of a board that runs all kinds at once.
`step_us` is host work, `logits` is batch × vocabulary, and `logit_ns` what sampling costs beyond taking the maximum. A parameter
that the data of a framework cannot tell is absent and counts as nothing.

Schema 1: {"schema", "framework", "version", "sources": [...], "rows", "parameters": {NAME: {"value", "low", "high", "unit"}},
"held_out": {...}, "interval": [low, high]} with `interval` the 5 % and 95 % quantile of log(measured / predicted) of whole models
that the fit never saw.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from importlib import resources
from operator import add
from pathlib import Path
from typing import Any

from narrowgauge.calibration.record import FittedValue
from narrowgauge.errors import InputError, Problem
from narrowgauge.provenance import Source

SCHEMA = 1
FOLDER = "serving"
PREFILL_GAP, PREFILL_SHARE, STEP, GAP, LOGIT = "prefill_gap_us", "prefill_share", "step_us", "gap_us", "logit_ns"
NS_PER_US = 1e3


@dataclass(frozen=True)
class StepCost:
    """The fitted step cost of one framework. `interval` says how far whole models were off that were left out of the fit."""

    framework: str
    version: str
    sources: tuple[Source, ...]
    rows: int
    parameters: Mapping[str, FittedValue]
    held_out: Mapping[str, float]
    interval: tuple[float, float]

    def overhead_us(self, prefill: bool, kernels: int, kernels_us: float, logits: int) -> FittedValue:
        """Time of a pass beyond its kernels, of which there are `kernels` that take `kernels_us` together."""
        own = ((PREFILL_GAP, float(kernels)), (PREFILL_SHARE, kernels_us)) if prefill else ((GAP, float(kernels)),)
        parts = ((STEP, 1.0), *own, (LOGIT, logits / NS_PER_US))
        found = [(self.parameters[name], count) for name, count in parts if name in self.parameters]
        return FittedValue(
            value=reduce(add, (part.value * count for part, count in found), 0.0),
            low=reduce(add, (part.low * count for part, count in found), 0.0),
            high=reduce(add, (part.high * count for part, count in found), 0.0),
            unit="us",
        )


def to_json(cost: StepCost) -> dict[str, Any]:
    """Plain data in the order of the schema."""
    return {
        "schema": SCHEMA,
        "framework": cost.framework,
        "version": cost.version,
        "sources": [vars(source) for source in cost.sources],
        "rows": cost.rows,
        "parameters": {name: {key: _short(part) for key, part in vars(value).items()} for name, value in cost.parameters.items()},
        "held_out": {name: _short(value) for name, value in cost.held_out.items()},
        "interval": [_short(bound) for bound in cost.interval],
    }


def _short(value: Any) -> Any:
    return float(f"{value:.5g}") if isinstance(value, float) else value


def from_json(data: Mapping[str, Any], where: str) -> StepCost:
    """Inverse of `to_json`; raises InputError for data of another schema."""
    try:
        if data["schema"] != SCHEMA:
            raise InputError([Problem(where, f"schema {data['schema']} is not known; this version reads {SCHEMA}")])
        return StepCost(
            framework=data["framework"],
            version=data["version"],
            sources=tuple(Source(**source) for source in data["sources"]),
            rows=data["rows"],
            parameters={name: FittedValue(**value) for name, value in data["parameters"].items()},
            held_out=data["held_out"],
            interval=(data["interval"][0], data["interval"][1]),
        )
    except (KeyError, TypeError, IndexError) as error:
        raise InputError([Problem(where, f"not a serving fit of schema {SCHEMA}: {type(error).__name__}: {error}")]) from error


@lru_cache(maxsize=16)
def shipped(framework: str) -> StepCost | None:
    """The fit that ships with the package for this framework, if there is one."""
    path = Path(str(resources.files("narrowgauge.calibration") / "fits" / FOLDER / f"{framework}.json"))
    if not path.exists():
        return None
    try:
        return from_json(json.loads(path.read_text(encoding="utf-8")), str(path))
    except json.JSONDecodeError as error:
        raise InputError([Problem(str(path), f"is not JSON: {error}")]) from error


def save(cost: StepCost, folder: Path) -> Path:
    """Write the fit below `folder`/serving and return its path."""
    path = folder / FOLDER / f"{cost.framework}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(to_json(cost), indent=1) + "\n", encoding="utf-8")
    shipped.cache_clear()
    return path
