"""FlightLLM (Zeng et al., arXiv 2401.03868): a pruned, mixed-precision model on an FPGA, against INT8 on a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.archmodels.fpga import Compression, load_fpga
from narrowgauge.experiments.predict import predict as predict_model
from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Within
from narrowgauge.formats import parse_scheme
from narrowgauge.units import MS_PER_S, US_PER_S
from narrowgauge.workloads import build_graph, read_model


@dataclass(frozen=True)
class Case:
    """Generation of one sequence."""

    model: Annotated[str, "model card or config.json"] = "llama-2-7b"
    on: Annotated[str, "FPGA accelerator, or its YAML file"] = "flightllm-vhk158"
    mean_weight_bits: Annotated[float, "mean bits of a weight", Within(1, 16)] = 3.5
    density: Annotated[float, "share of weights that pruning leaves", Within(0.01, 1)] = 1.0
    gpu: Annotated[str, "GPU of the comparison, with INT8 weights and activations"] = "a100-sxm-80gb"
    framework: Annotated[str, "serving framework on the GPU"] = "vllm"
    input_tokens: Annotated[int, "tokens of the prompt"] = 128
    output_tokens: Annotated[int, "tokens that are generated"] = 512


def predict(case: Case) -> Mapping[str, float | Estimate]:
    """The decode pass at the mean context on the FPGA, and the same generation on the GPU in a serving framework."""
    fpga = load_fpga(case.on)
    context = case.input_tokens + case.output_tokens // 2
    graph = build_graph(read_model(case.model), parse_scheme("w8a8-int8"), "decode", batch=1, context_len=context)
    compression = Compression(case.mean_weight_bits, case.density)
    token_us, spilled_us = (fpga.pass_us(graph, compression, on_chip) for on_chip in (True, False))
    gpu = predict_model(
        case.model,
        on=case.gpu,
        scheme="w8a8-int8",
        batch=1,
        input_tokens=case.input_tokens,
        output_tokens=case.output_tokens,
        framework=case.framework,
    )
    per_s = US_PER_S / token_us
    return {
        "tokens_per_s": per_s,
        "gpu_tokens_per_s": MS_PER_S / gpu.tpot_ms.value,
        "throughput": per_s * gpu.tpot_ms.value / MS_PER_S,
        "energy_efficiency": float(gpu.energy_per_output_token_j.value) * per_s / fpga.value("power_w"),
        "on_chip_gain": spilled_us / token_us,
    }


EXPERIMENT = Experiment(
    "flightllm",
    Case,
    predict,
    {
        "tokens_per_s": Measure("token/s", "generated tokens per second on the FPGA"),
        "gpu_tokens_per_s": Measure("token/s", "the same on the GPU"),
        "throughput": Measure("x", "the first over the second"),
        "energy_efficiency": Measure("x", "tokens per joule on the FPGA over those on the GPU"),
        "on_chip_gain": Measure("x", "time with activations in memory over that with activations on chip"),
    },
)
