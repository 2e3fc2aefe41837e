"""Duplex (Yun et al., MICRO 2024, arXiv 2409.01141): throughput of H100-class GPUs whose memory multiplies, over the GPUs alone.

A static batch of equal requests stands for continuous batching: the same work, without prefill beside decode. All layers, experts
included, are divided by tensor parallelism over the devices of a node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.experiments.predict import predict as price
from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.predict_result import Prediction
from narrowgauge.experiments.reproduction.contract import Experiment, Measure

GPU, LOGIC, BANK = "h100-sxm", "h100-logic-pim", "h100-bank-pim"


@dataclass(frozen=True)
class Case:
    """One model under one load."""

    model: Annotated[str, "model card or config.json"] = "mixtral-8x7b"
    devices: Annotated[int, "GPUs, with or without PIM"] = 4
    batch: Annotated[int, "requests that run together"] = 64
    input_tokens: Annotated[int, "tokens of a prompt"] = 256
    output_tokens: Annotated[int, "tokens of an answer"] = 256


def predict(case: Case) -> Mapping[str, float]:
    """Throughput and time between tokens of both machines over the GPUs alone."""

    def run(on: str) -> Prediction:
        return price(case.model, on, "fp16", case.batch, case.input_tokens, case.output_tokens, case.devices, framework="none")

    gpu, logic, bank = run(GPU), run(LOGIC), run(BANK)

    def over(found: Prediction, base: Prediction) -> float:
        return found.output_tokens_per_s.value / base.output_tokens_per_s.value

    def saved(now: Estimate, before: Estimate) -> float:
        return 100 * (1 - now.value / before.value)

    return {
        "logic_pim": over(logic, gpu),
        "bank_pim": over(bank, gpu),
        "logic_over_bank": over(logic, bank),
        "tbt_saved": saved(logic.tpot_ms, gpu.tpot_ms),
        "latency_saved": saved(logic.total_ms, gpu.total_ms),
    }


EXPERIMENT = Experiment(
    "duplex",
    Case,
    predict,
    {
        "logic_pim": Measure("x", "throughput of Duplex over the GPUs'"),
        "bank_pim": Measure("x", "throughput with units at the banks over the GPUs'"),
        "logic_over_bank": Measure("x", "throughput of Duplex over that with units at the banks"),
        "tbt_saved": Measure("%", "time between tokens that Duplex saves"),
        "latency_saved": Measure("%", "time from first to last token of a request that Duplex saves"),
    },
)
