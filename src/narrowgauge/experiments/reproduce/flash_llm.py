"""Flash-LLM (Xia et al., arXiv 2309.10285): unstructured sparsity on tensor cores, against the library's dense product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Annotated, Literal

import numpy as np

from narrowgauge.archmodels.machine import Machine, load_gpu
from narrowgauge.calibration.basis import basis_of
from narrowgauge.calibration.calibrated import price
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm_sparse import ELEMENT_BYTES, NONZERO_BYTES, sparse_gemm
from narrowgauge.errors import CapacityError
from narrowgauge.experiments.kernel_pass import GemmTime, pass_time
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Within
from narrowgauge.experiments.reproduction.listed import models_of, numbers_of
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import Gemm, ModelConfig, build_graph, memory_footprint

DENSE = Variant("fp16", "")
FP16 = parse_scheme("fp16")
GPU_COUNTS = (1, 2, 4, 8)


@dataclass(frozen=True)
class Case:
    """The four products of a decoder layer, for some models and batches."""

    model: Annotated[str, "model cards or config.json files, with commas between them"] = "opt-30b,opt-66b,opt-175b"
    on: Annotated[str, "GPU"] = "a100-sxm-80gb"
    sparsity: Annotated[float, "share of zeros in the weights", Within(0, 0.99)] = 0.8
    batches: Annotated[str, "numbers of sequences, one token each, whose gains are averaged"] = "8,16,32,64"
    level: Annotated[Literal["kernel", "model"], "products of a layer, or whole models on the fewest GPUs that do"] = "kernel"
    context: Annotated[int, "tokens in the cache, for whole models"] = 320


def predict(case: Case) -> Mapping[str, float]:
    """Means over models and batches: of dense over sparse time for the products of a layer, or of tokens per GPU and second."""
    machine = load_gpu(case.on)
    models = models_of("model", case.model)
    cases = [(model, batch) for model in models for batch in numbers_of("batches", case.batches)]
    if case.level == "kernel":
        gains = [gain for model, batch in cases for gain in _kernel_gains(model, batch, case.sparsity, machine)]
        return {"speedup": fmean(gains)}
    gains = [_token_gain(model, batch, case, machine) for model, batch in cases]
    return {"token_gain": fmean(gains), "largest_token_gain": max(gains)}


def _kernel_gains(model: ModelConfig, batch: int, sparsity: float, machine: Machine) -> list[float]:
    graph = build_graph(model, FP16, "decode", batch=batch)
    maps = [op for op in graph.operators if isinstance(op, Gemm) and op.count > 1]
    rows = {column: np.array([getattr(op, column) for op in maps], float) for column in ("m", "n", "k")}
    dense = price(machine, "gemm", DENSE, rows).latency_us
    return list(dense / np.array([_sparse_us(op, sparsity, machine) for op in maps]))


def _sparse_us(op: Gemm, sparsity: float, machine: Machine) -> float:
    basis = basis_of("gemm", DENSE, machine)
    return sparse_gemm(op.m, op.n, op.k, sparsity, basis.gpu, basis.parameters).latency_us


def _token_gain(model: ModelConfig, batch: int, case: Case, machine: Machine) -> float:
    """Tokens per GPU and second, sparse over dense, each on the fewest GPUs that hold the model and its cache."""

    def per_gpu_s(share: float, gemm_us: GemmTime | None) -> float:
        gpus = _gpus(model, batch, case.context, share, machine)
        graph = build_graph(model, FP16, "decode", batch=batch, context_len=case.context, tensor_parallel=gpus)
        return batch / (pass_time(graph, machine, gemm_us).total_us * gpus)

    stored = (1.0 - case.sparsity) * NONZERO_BYTES / ELEMENT_BYTES
    return per_gpu_s(stored, lambda op: _sparse_us(op, case.sparsity, machine)) / per_gpu_s(1.0, None)


def _gpus(model: ModelConfig, batch: int, context: int, stored: float, machine: Machine) -> int:
    """The fewest GPUs whose memory holds the cache and that share of the weights; raises CapacityError if eight do not."""
    for gpus in GPU_COUNTS:
        need = memory_footprint(model, FP16, batch, context, tensor_parallel=gpus)
        if need.weights_gb * stored + need.kv_cache_gb + need.activations_gb <= machine.resources.memory_gb:
            return gpus
    raise CapacityError(f"{model.name} with a batch of {batch} does not fit into {GPU_COUNTS[-1]} × {machine.name}")


EXPERIMENT = Experiment(
    "flash-llm",
    Case,
    predict,
    {
        "speedup": Measure("x", "time of the dense library kernel over that of the sparse one"),
        "token_gain": Measure("x", "tokens per GPU and second over those of the dense model"),
        "largest_token_gain": Measure("x", "the largest of these over models and batches"),
    },
)
