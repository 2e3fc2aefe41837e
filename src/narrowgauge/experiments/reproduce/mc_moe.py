"""MC-MoE (Huang et al., ICLR 2025, arXiv 2410.06270): experts of 1, 2 and 3 bits, attention of 4; average bits and memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.errors import InputError, Problem
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Within
from narrowgauge.formats.catalogue import FP16
from narrowgauge.units import BITS_PER_BYTE, BYTES_PER_GB
from narrowgauge.workloads import parameter_count, read_model
from narrowgauge.workloads.layers import linears

EXPERTS = "moe.experts"
GROUP_BITS = 2 * FP16.bits  # a scale and a zero point of 16 bits per group (HQQ, GPTQ)


@dataclass(frozen=True)
class Case:
    """One model and one total of its blocks."""

    model: Annotated[str, "model card or config.json"] = "mixtral-8x7b"
    total_bits: Annotated[int, "sum of the bits of a block's experts"] = 20
    attention_bits: Annotated[int, "bits of the attention's weights", Within(1, 16)] = 4
    group: Annotated[int, "weights per scale", Within(8, 2**16)] = 128


def predict(case: Case) -> Mapping[str, float]:
    """Average bits over quantised weights, without scales, and memory of all weights, with them."""
    model = read_model(case.model)
    if model.moe is None:
        raise InputError([Problem("model", f"{model.name} has no experts")])
    if case.total_bits > FP16.bits * model.moe.experts:
        what = f"given {case.total_bits}, allowed: 1 to {FP16.bits * model.moe.experts}, 16 for each expert of {model.name}"
        raise InputError([Problem("total_bits", what)])
    maps = [linear for linear in linears(model) if linear.quantized]
    experts = sum(linear.weights for linear in maps if linear.name.startswith(EXPERTS))
    others = sum(linear.weights for linear in maps) - experts
    bits = experts * case.total_bits / model.moe.experts + others * case.attention_bits
    scales = (experts + others) * GROUP_BITS / case.group
    whole = parameter_count(model)
    wide = (whole - experts - others) * FP16.bits
    stored = bits + scales + wide
    return {
        "average_bits": bits / (experts + others),
        "static_gb": stored / BITS_PER_BYTE / BYTES_PER_GB,
        "saved": 1 - stored / (whole * FP16.bits),
    }


EXPERIMENT = Experiment(
    "mc-moe",
    Case,
    predict,
    {
        "average_bits": Measure("bit", "of weights of experts and attention"),
        "static_gb": Measure("GB", "memory of all weights, scales included"),
        "saved": Measure("1", "share of the model's bytes at 16 bits that is no longer there"),
    },
)
