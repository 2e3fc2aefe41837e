"""Accurate Block Quantization in LLMs with Outliers: a KV cache of block floating point, channels rearranged when compiling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.formats.catalogue import FORMATS


@dataclass(frozen=True)
class Case:
    """Two formats of the cache."""

    format: Annotated[str, "format of the cache's elements"] = "mxint8"
    baseline: Annotated[str, "format that it replaces"] = "fp16"


def predict(case: Case) -> Mapping[str, float]:
    """Bits stored per element, shared exponents included; the rearrangement of channels happens before and costs none."""
    problems = [
        Problem(option, f"unknown format '{name}', {nearest(name, FORMATS)}")
        for option, name in (("format", case.format), ("baseline", case.baseline))
        if name not in FORMATS
    ]
    if problems:
        raise InputError(problems)
    return {"memory_saving": float(FORMATS[case.baseline].storage_bits / FORMATS[case.format].storage_bits)}


EXPERIMENT = Experiment(
    "block-quantization",
    Case,
    predict,
    {"memory_saving": Measure("x", "bytes of the baseline's KV cache over those of the format")},
)
