"""MatMul-free language modelling (Zhu et al., arXiv 2406.02528): memory of a model of ternary weights without a KV cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.errors import InputError, Problem
from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import memory_footprint, read_model


@dataclass(frozen=True)
class Case:
    """A transformer that a MatMul-free model of the same sizes replaces."""

    model: Annotated[str, "model card or config.json"] = "llama-2-13b"
    batch: Annotated[int, "sequences"] = 1
    tokens: Annotated[int, "tokens of a sequence"] = 2048


def predict(case: Case) -> Mapping[str, float]:
    """Memory of FP16 weights and cache over that of ternary weights alone: its token mixer keeps a state, not a cache."""
    if case.batch < 1 or case.tokens < 1:
        raise InputError([Problem("batch and tokens", f"given {case.batch} and {case.tokens}, allowed: 1 or more")])
    model = read_model(case.model)
    wide = memory_footprint(model, parse_scheme("fp16"), case.batch, case.tokens)
    ternary = memory_footprint(model, parse_scheme("w2a8-ternary"), case.batch, case.tokens)
    return {"memory_ratio": wide.total_gb / (ternary.weights_gb + ternary.activations_gb)}


EXPERIMENT = Experiment(
    "matmulfree",
    Case,
    predict,
    {"memory_ratio": Measure("x", "memory of inference in FP16 over that of the MatMul-free model")},
)
