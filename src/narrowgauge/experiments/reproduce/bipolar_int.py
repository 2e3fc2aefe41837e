"""bipolar-INT (Ma et al., arXiv 2409.17870) and APT-LLM (arXiv 2508.19087): binary products against CUTLASS and FP16."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from narrowgauge.archmodels.machine import load_gpu
from narrowgauge.calibration.basis import basis_of
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm import GEMM
from narrowgauge.dataflows.gemm_planes import plane_gemm
from narrowgauge.dataflows.gemm_schedule import check_sizes
from narrowgauge.experiments.kernel_pass import pass_time
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Within
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import Gemm, build_graph, read_model

DENSE = ("fp16", "w8a8-int8", "w4a4")


@dataclass(frozen=True)
class Case:
    """One product, and the decode pass of a model at that batch."""

    on: Annotated[str, "GPU with binary tensor cores"] = "rtx-3090"
    model: Annotated[str, "model card or config.json"] = "llama-2-7b"
    weight_bits: Annotated[int, "planes of weights, 1 to 8", Within(1, 8)] = 1
    activation_bits: Annotated[int, "planes of activations, 1 to 8", Within(1, 8)] = 2
    batch: Annotated[int, "rows of activations"] = 1
    n: Annotated[int, "output channels"] = 4096
    k: Annotated[int, "length of the sums"] = 4096


def predict(case: Case) -> Mapping[str, float]:
    """CUTLASS kernels of 16, 8 and 4 bits run on the same schedule with the shares of the machine's 16-bit GEMM."""
    check_sizes(batch=case.batch, n=case.n, k=case.k)
    machine, model = load_gpu(case.on), read_model(case.model)
    basis = basis_of("gemm", Variant("fp16", ""), machine)

    def planes(m: int, n: int, k: int) -> float:
        return plane_gemm(m, n, k, case.weight_bits, case.activation_bits, basis.gpu, basis.parameters).latency_us

    def dense(precision: str) -> float:
        row = {name: np.array([float(size)]) for name, size in zip(GEMM.columns, (case.batch, case.n, case.k), strict=True)}
        variant = Variant(precision, "cutlass")
        return float(GEMM.cost(row, variant, basis.gpu, basis.parameters).latency_us[0])

    def whole(product: Gemm) -> float:
        return planes(product.m, product.n, product.k)

    graph = build_graph(model, parse_scheme("fp16"), "decode", batch=case.batch, context_len=256)
    product_us = planes(case.batch, case.n, case.k)
    fp16_us, int8_us, int4_us = (dense(precision) for precision in DENSE)
    return {
        "speedup_fp16": fp16_us / product_us,
        "speedup_int8": int8_us / product_us,
        "speedup_int4": int4_us / product_us,
        "model_speedup": pass_time(graph, machine).total_us / pass_time(graph, machine, whole).total_us,
    }


EXPERIMENT = Experiment(
    "bipolar-int",
    Case,
    predict,
    {
        "speedup_fp16": Measure("x", "time of the 16-bit product over that of the binary ones"),
        "speedup_int8": Measure("x", "the same for INT8 operands"),
        "speedup_int4": Measure("x", "the same for INT4 operands"),
        "model_speedup": Measure("x", "time of the 16-bit decode pass over that with binary products"),
    },
)
