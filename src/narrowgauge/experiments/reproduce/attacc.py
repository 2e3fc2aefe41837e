"""AttAcc (Park et al., ASPLOS 2024): GPUs with devices that compute attention, over the same GPUs with as much memory.

The GPU is the authors' A100a, an A100 with the bandwidth of HBM3: the calibrated A100 with one number changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from narrowgauge.archmodels import Machine, System, load_machine
from narrowgauge.experiments.predict import predict as price
from narrowgauge.experiments.reproduction.contract import Experiment, Measure

SYSTEM = "a100-attacc"
PLACES = {"bank": "attacc-bank", "bankgroup": "attacc-bankgroup", "buffer": "attacc-buffer"}


@dataclass(frozen=True)
class Case:
    """One model under one load."""

    model: Annotated[str, "model card or config.json"] = "gpt-3-175b"
    devices: Annotated[int, "GPUs, each with one AttAcc device of five stacks"] = 8
    batch: Annotated[int, "requests that run together"] = 92
    input_tokens: Annotated[int, "tokens of a prompt"] = 1024
    output_tokens: Annotated[int, "tokens of an answer"] = 1024
    place: Annotated[Literal["bank", "bankgroup", "buffer"], "where the units are"] = "bank"


def predict(case: Case) -> Mapping[str, float]:
    """Decoding with and without the devices: time per token, energy per token."""
    system = load_machine(SYSTEM)
    assert isinstance(system, System) and isinstance(system.host, Machine)  # noqa: S101 - its specification says so
    gpu = system.host.with_(**{"dram.capacity_gb": system.memory_gb})
    machine = system.with_pim(PLACES[case.place])
    both = [
        price(case.model, on, "fp16", case.batch, case.input_tokens, case.output_tokens, case.devices, framework="none")
        for on in (gpu, machine)
    ]
    before, now = both
    return {
        "decode_speedup": before.tpot_ms.value / now.tpot_ms.value,
        "speedup": before.total_ms.value / now.total_ms.value,
        "energy_efficiency": before.energy_per_output_token_j.value / now.energy_per_output_token_j.value,
    }


EXPERIMENT = Experiment(
    "attacc",
    Case,
    predict,
    {
        "decode_speedup": Measure("x", "time per token of the GPUs alone over that with AttAcc"),
        "speedup": Measure("x", "the same of a whole request, prefill included"),
        "energy_efficiency": Measure("x", "energy per token of the GPUs alone over that with AttAcc; lower bounds on both sides"),
    },
)
