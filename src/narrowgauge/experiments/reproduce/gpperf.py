"""GPPerf (pavlyhalim/GPPerf): CUTLASS products on an RTX 4070, which nobody measured for this project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np

from narrowgauge.archmodels.machine import load_gpu
from narrowgauge.calibration.basis import basis_of
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm import GEMM
from narrowgauge.dataflows.gemm_schedule import check_sizes
from narrowgauge.dataflows.gemm_simt import simt_gemm
from narrowgauge.experiments.reproduction.contract import Experiment, Measure

OPERATIONS_PER_MAC = 2
DENSE = Variant("fp16", "")


@dataclass(frozen=True)
class Case:
    """One product with one CUTLASS tile."""

    on: Annotated[str, "GPU"] = "rtx-4070"
    kernel: Annotated[
        Literal["sgemm", "s16816gemm", "h16816gemm"], "FP32 on CUDA cores; FP16 on tensor cores summed in FP32; in FP16"
    ] = "sgemm"
    m: Annotated[int, "rows"] = 512
    n: Annotated[int, "columns"] = 512
    k: Annotated[int, "length of the sums"] = 512
    tile_m: Annotated[int, "rows of a tile (sgemm; tensor-core kernels choose)"] = 128
    tile_n: Annotated[int, "columns of a tile (likewise)"] = 128
    step_k: Annotated[int, "elements of k in a step (likewise)"] = 8
    stages: Annotated[int, "tiles in flight (likewise)"] = 2


def predict(case: Case) -> Mapping[str, float]:
    """The schedule of the calibrated GEMM, its shares transferred to this GPU."""
    check_sizes(m=case.m, n=case.n, k=case.k)
    basis = basis_of("gemm", DENSE, load_gpu(case.on))
    gpu = basis.gpu
    if case.kernel == "sgemm":
        tile = (case.tile_m, case.tile_n)
        latency_us = simt_gemm(case.m, case.n, case.k, tile, case.step_k, case.stages, gpu, basis.parameters).latency_us
    else:
        if case.kernel == "h16816gemm":
            narrow_sums = gpu.tensor_macs.get("fp16_f16acc", gpu.tensor_macs["fp16"])
            gpu = replace(gpu, tensor_macs={**gpu.tensor_macs, "fp16": narrow_sums})
        row = {name: np.array([float(getattr(case, name))]) for name in GEMM.columns}
        latency_us = float(GEMM.cost(row, DENSE, gpu, basis.parameters).latency_us[0])
    operations = OPERATIONS_PER_MAC * case.m * case.n * case.k
    return {"latency_us": latency_us, "gflops": operations / latency_us / 1e3}


EXPERIMENT = Experiment(
    "gpperf",
    Case,
    predict,
    {"latency_us": Measure("us", "time of the kernel"), "gflops": Measure("Gflop/s", "operations over that time")},
)
