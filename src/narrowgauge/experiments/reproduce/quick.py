"""QUICK (Kim et al., arXiv 2402.10076): weight-only GEMMs without a write-back to shared memory, beside AWQ's kernel and FP16."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from narrowgauge.archmodels import load_gpu
from narrowgauge.experiments.kernel_latency import gemm_latency
from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.reproduction.contract import Experiment, Measure

KERNELS = {"fp16": ("fp16", "trtllm"), "awq": ("w4a16-g128", "awq"), "quick": ("w4a16-g128", "quick")}
FLOP_PER_US_OF_TFLOPS = 1e6


@dataclass(frozen=True)
class Case:
    """One product in one kernel."""

    on: Annotated[str, "GPU"] = "a100-sxm-80gb"
    kernel: Annotated[Literal["fp16", "awq", "quick"], "kernel"] = "quick"
    m: Annotated[int, "rows of activations"] = 64
    n: Annotated[int, "output channels"] = 8192
    k: Annotated[int, "input channels"] = 8192


def predict(case: Case) -> Mapping[str, float | Estimate]:
    """Rate of the kernel, and its speedup over the two others."""
    machine = load_gpu(case.on)
    latency = {name: gemm_latency(machine, *kernel, case.m, case.n, case.k) for name, kernel in KERNELS.items()}
    own = latency[case.kernel]
    return {
        "rate_tflops": own.inverse(2.0 * case.m * case.n * case.k / FLOP_PER_US_OF_TFLOPS),
        "latency_us": own,
        "speedup_over_fp16": latency["fp16"].value / own.value,
        "speedup_over_awq": latency["awq"].value / own.value,
    }


EXPERIMENT = Experiment(
    "quick",
    Case,
    predict,
    {
        "rate_tflops": Measure("Tflop/s", "two operations per multiply-accumulate of the product"),
        "latency_us": Measure("us", "of the kernel"),
        "speedup_over_fp16": Measure("x", "over cuBLAS"),
        "speedup_over_awq": Measure("x", "over AutoAWQ's GEMM kernel"),
    },
)
