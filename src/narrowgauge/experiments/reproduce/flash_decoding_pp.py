"""FlashDecoding++ (Hong et al., arXiv 2311.01282): products of few tokens, by the fastest of three ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Annotated

from narrowgauge.archmodels.machine import load_gpu
from narrowgauge.calibration.basis import basis_of
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm_flat import flat_times
from narrowgauge.experiments.kernel_pass import HEAD, pass_time
from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import Gemm, build_graph, read_model

MOST_TOKENS = 256  # beyond, no way but the padded one is considered


@dataclass(frozen=True)
class Case:
    """Generation: one more token for each sequence."""

    model: Annotated[str, "model card or config.json"] = "llama-2-7b"
    on: Annotated[str, "GPU"] = "a100-sxm-80gb"
    batch: Annotated[int, "sequences"] = 1
    context: Annotated[int, "tokens in the cache"] = 1024


def predict(case: Case) -> Mapping[str, float]:
    """Ratios are means over the products of a layer; an inflection is the first batch at which the next way is as fast for the
    whole layer."""
    machine = load_gpu(case.on)
    basis = basis_of("gemm", Variant("fp16", ""), machine)
    graph = build_graph(read_model(case.model), parse_scheme("fp16"), "decode", batch=case.batch, context_len=case.context)
    products = [op for op in graph.operators if isinstance(op, Gemm) and op.name != HEAD]
    times = [flat_times(case.batch, op.n, op.k, basis.gpu, basis.parameters) for op in products]

    def layer_us(batch: int) -> tuple[float, float, float]:
        ways = [flat_times(batch, op.n, op.k, basis.gpu, basis.parameters) for op in products]
        return sum(t.cuda_core_us for t in ways), sum(t.flat_us for t in ways), sum(t.padded_us for t in ways)

    def first(slower: int, faster: int) -> float:
        found = (batch for batch in range(1, MOST_TOKENS + 1) if layer_us(batch)[faster] <= layer_us(batch)[slower])
        return float(next(found, MOST_TOKENS))

    best = pass_time(graph, machine, lambda op: flat_times(op.m, op.n, op.k, basis.gpu, basis.parameters).best_us)
    padded = pass_time(graph, machine, lambda op: flat_times(op.m, op.n, op.k, basis.gpu, basis.parameters).padded_us)
    return {
        "tensor_to_cuda_core": fmean(t.cuda_core_us / t.padded_us for t in times),
        "cuda_core_to_tensor": fmean(t.flat_us / t.cuda_core_us for t in times),
        "inflection_1": first(0, 1),
        "inflection_2": first(1, 2),
        "model_speedup": padded.total_us / best.total_us,
    }


EXPERIMENT = Experiment(
    "flash-decoding-pp",
    Case,
    predict,
    {
        "tensor_to_cuda_core": Measure("x", "performance on tensor cores, padded to 64 rows, over that on CUDA cores"),
        "cuda_core_to_tensor": Measure("x", "performance on CUDA cores over that on tensor cores, padded to 8 rows"),
        "inflection_1": Measure("token", "first batch at which tensor cores beat CUDA cores"),
        "inflection_2": Measure("token", "first batch at which padding to 64 rows beats padding to 8"),
        "model_speedup": Measure("x", "time of the decode pass with padded products over that with the fastest ones"),
    },
)
