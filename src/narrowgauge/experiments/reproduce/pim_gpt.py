"""PIM-GPT (Wu et al., npj Unconventional Computing 2024, arXiv 2310.09385): GPT models, token by token, in GDDR6 that multiplies.

A GPU or CPU stands for the least that it can take: all weights once over its memory's pins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.archmodels import System, load_machine
from narrowgauge.experiments.hetero.plan import HOST
from narrowgauge.experiments.hetero.predict import SystemPrediction
from narrowgauge.experiments.hetero.steady import steady
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Within
from narrowgauge.units import BYTES_PER_GB, MS_PER_S, PS_PER_S
from narrowgauge.workloads import read_model

SYSTEM, SCHEME, ELEMENT_BYTES = "asic-pim-gpt", "bf16", 2


@dataclass(frozen=True)
class Case:
    """One model that generates tokens one by one."""

    model: Annotated[str, "model card or config.json"] = "gpt2-xl"
    tokens: Annotated[int, "tokens of the whole text; the mean step is half way"] = 1000
    channels: Annotated[int, "channels of PIM memory"] = 8
    gpu_gb_per_s: Annotated[float, "memory bandwidth of the GPU; 320 of a T4's datasheet", Within(1, 1e6)] = 320.0
    cpu_gb_per_s: Annotated[
        float, "memory bandwidth of the CPU; 128 of a Xeon Gold 6154, six channels of DDR4-2666", Within(1, 1e6)
    ] = 128.0


def predict(case: Case) -> Mapping[str, float]:
    """Time of the mean step, against the bounds of GPU and CPU; what the ASIC's part is; what the ideal of all banks would be."""
    model, system = read_model(case.model), load_machine(SYSTEM)
    assert isinstance(system, System)  # noqa: S101 - its specification says so
    system = system.with_(pim_channels=case.channels)
    found = steady(model, system, SCHEME, 1, 1, case.tokens)
    assert isinstance(found, SystemPrediction)  # noqa: S101 - it is one of a system
    weights_gb, step_ms = found.memory.weights_gb, found.tpot_ms.value
    host = sum(line.total_us.value for line in found.decode.lines if line.device == HOST)
    macs = weights_gb * BYTES_PER_GB / ELEMENT_BYTES
    lanes = system.pim.mac_bytes // ELEMENT_BYTES * system.pim.standard.organisation.banks * case.channels
    cycle_ms = system.pim.mac_pace.latency_cycles * system.pim.standard.tck_ps * MS_PER_S / PS_PER_S
    return {
        "step_ms": step_ms,
        "over_gpu_bound": weights_gb / case.gpu_gb_per_s * MS_PER_S / step_ms,
        "over_cpu_bound": weights_gb / case.cpu_gb_per_s * MS_PER_S / step_ms,
        "asic_share": 100 * host / found.decode.latency_us.value,
        "of_ideal": macs / lanes * cycle_ms / step_ms,
    }


EXPERIMENT = Experiment(
    "pim-gpt",
    Case,
    predict,
    {
        "step_ms": Measure("ms", "time of a token half way through the text"),
        "over_gpu_bound": Measure("x", "least time of the GPU, its weights over its bandwidth, over that of PIM-GPT"),
        "over_cpu_bound": Measure("x", "the same of the CPU"),
        "asic_share": Measure("%", "share of a step that is no matrix product"),
        "of_ideal": Measure("ratio", "step with all multipliers busy over the step"),
    },
)
