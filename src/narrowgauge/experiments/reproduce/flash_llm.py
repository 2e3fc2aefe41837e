"""Flash-LLM (Xia et al., arXiv 2309.10285): unstructured sparsity on tensor cores, against the library's dense product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Annotated

import numpy as np

from narrowgauge.archmodels.machine import load_gpu
from narrowgauge.calibration.basis import basis_of
from narrowgauge.calibration.calibrated import price
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm_sparse import sparse_gemm
from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.experiments.reproduction.listed import numbers_of
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import Gemm, build_graph, read_model

DENSE = Variant("fp16", "")


@dataclass(frozen=True)
class Case:
    """The four products of a decoder layer, for some models and batches."""

    model: Annotated[str, "model cards or config.json, separated by spaces"] = "opt-30b opt-66b opt-175b"
    gpu: Annotated[str, "GPU"] = "a100-sxm-80gb"
    sparsity: Annotated[float, "share of zeros in the weights"] = 0.8
    batch: Annotated[str, "sequences, one token each, separated by spaces"] = "8 16 32 64"


def predict(case: Case) -> Mapping[str, float]:
    """Mean over models, batches and products of dense time over sparse time."""
    machine = load_gpu(case.gpu)
    basis = basis_of("gemm", DENSE, machine)
    gains = []
    for name in case.model.split():
        for batch in numbers_of("batch", case.batch):
            graph = build_graph(read_model(name), parse_scheme("fp16"), "decode", batch=batch)
            maps = [op for op in graph.operators if isinstance(op, Gemm) and op.count > 1]
            rows = {column: np.array([getattr(op, column) for op in maps], float) for column in ("m", "n", "k")}
            dense = price(machine, "gemm", DENSE, rows).latency_us
            sparse = [sparse_gemm(op.m, op.n, op.k, case.sparsity, basis.gpu, basis.parameters).latency_us for op in maps]
            gains += list(dense / np.array(sparse))
    return {"speedup": fmean(gains)}


EXPERIMENT = Experiment(
    "flash-llm", Case, predict, {"speedup": Measure("x", "time of the dense library kernel over that of the sparse one")}
)
