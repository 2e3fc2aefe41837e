"""ShiftAddLLM (You et al., NeurIPS 2024, arXiv 2406.05981): energy and memory of a token by shifts, adds and table look-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.archmodels.accelerator import Layer, linear_layers, load_accelerator
from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import read_model

HEAD = "lm_head"


@dataclass(frozen=True)
class Case:
    """One model with weights of one width."""

    model: Annotated[str, "model card or config.json"] = "opt-6.7b"
    bits: Annotated[int, "binary digits of a weight: 2, 3 or 4"] = 3


def predict(case: Case) -> Mapping[str, float]:
    """One generated token on the shift-and-add accelerator against FP16 on the same memories; the output head stays FP16."""
    model, wide = read_model(case.model), parse_scheme("fp16")
    narrow = parse_scheme(f"w{case.bits}a16")
    baseline, shift_add = load_accelerator("fp16-45nm-chip"), load_accelerator("shift-add-chip")
    plain = linear_layers(model, wide, 1)
    head = [layer for layer in plain if layer.name == HEAD]
    body = [layer for layer in linear_layers(model, narrow, 1) if layer.name != HEAD]
    before = baseline.run(plain)
    after = shift_add.run(body) + baseline.run(head)
    return {
        "energy_saved": 1 - after.total_pj / before.total_pj,
        "memory_saved": 1 - _weight_bytes([*body, *head]) / _weight_bytes(plain),
    }


def _weight_bytes(layers: list[Layer]) -> int:
    return sum(layer.count * layer.weight.bytes for layer in layers)


EXPERIMENT = Experiment(
    "shiftaddllm",
    Case,
    predict,
    {
        "energy_saved": Measure("x", "share of the energy of a token's linear maps that is saved against FP16"),
        "memory_saved": Measure("x", "share of the weights' memory that is saved against FP16"),
    },
)
