"""MatMul-free LM (Zhu et al., arXiv 2406.02528): memory of a ternary model without a KV cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import memory_footprint, read_model


@dataclass(frozen=True)
class Case:
    """A model of the same size in both forms, generating."""

    model: Annotated[str, "model card or config.json of a Transformer of the same size"] = "llama-2-13b"
    context: Annotated[int, "tokens in the Transformer's cache"] = 2048
    batch: Annotated[int, "sequences"] = 1


def predict(case: Case) -> Mapping[str, float]:
    """The Transformer in 16 bits with its cache, and its weights in ternary with a state that does not grow."""
    model = read_model(case.model)
    transformer = memory_footprint(model, parse_scheme("fp16"), case.batch, case.context)
    ternary = memory_footprint(model, parse_scheme("w2a8-ternary"), case.batch, 1)
    return {"memory": transformer.total_gb / ternary.total_gb}


EXPERIMENT = Experiment(
    "matmul-free", Case, predict, {"memory": Measure("x", "memory of the Transformer over that of the ternary model")}
)
