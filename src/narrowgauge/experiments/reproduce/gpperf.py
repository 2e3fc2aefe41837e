"""GPPerf (pavlyhalim/GPPerf): CUTLASS FP32 products on an RTX 4070, which nobody measured for this project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.archmodels.machine import load_gpu
from narrowgauge.calibration.basis import basis_of
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm_simt import simt_gemm
from narrowgauge.experiments.reproduction.contract import Experiment, Measure

OPERATIONS_PER_MAC = 2


@dataclass(frozen=True)
class Case:
    """One product with one CUTLASS tile."""

    gpu: Annotated[str, "GPU"] = "rtx-4070"
    m: Annotated[int, "rows"] = 512
    n: Annotated[int, "columns"] = 512
    k: Annotated[int, "length of the sums"] = 512
    tile_m: Annotated[int, "rows of a tile"] = 128
    tile_n: Annotated[int, "columns of a tile"] = 128
    step_k: Annotated[int, "elements of k in a step"] = 8
    stages: Annotated[int, "tiles in flight"] = 2


def predict(case: Case) -> Mapping[str, float]:
    """The schedule of the calibrated GEMM, its shares transferred to this GPU, on CUDA cores."""
    basis = basis_of("gemm", Variant("fp16", ""), load_gpu(case.gpu))
    tile = (case.tile_m, case.tile_n)
    found = simt_gemm(case.m, case.n, case.k, tile, case.step_k, case.stages, basis.gpu, basis.parameters)
    operations = OPERATIONS_PER_MAC * case.m * case.n * case.k
    return {"latency_us": found.latency_us, "gflops": operations / found.latency_us / 1e3}


EXPERIMENT = Experiment(
    "gpperf",
    Case,
    predict,
    {"latency_us": Measure("us", "time of the kernel"), "gflops": Measure("Gflop/s", "operations over that time")},
)
