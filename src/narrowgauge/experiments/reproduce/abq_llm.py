"""ABQ-LLM (Zeng et al., arXiv 2408.08554): any bit widths on binary tensor cores, in a whole model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.archmodels.machine import load_gpu
from narrowgauge.calibration.basis import basis_of
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm_planes import plane_gemm
from narrowgauge.experiments.kernel_pass import pass_time
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Within
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import Gemm, Graph, build_graph, memory_footprint, read_model

STORED_BITS = (2, 3, 4, 5, 6, 8)  # widths that the notation of schemes has a weight format for


@dataclass(frozen=True)
class Case:
    """Generation: one more token for each sequence."""

    model: Annotated[str, "model card or config.json"] = "llama-30b"
    on: Annotated[str, "GPU"] = "a100-sxm-80gb"
    weight_bits: Annotated[int, "planes of weights, 1 to 8; W2* has five values and takes 3", Within(1, 8)] = 3
    activation_bits: Annotated[int, "planes of activations, 1 to 8", Within(1, 8)] = 8
    batch: Annotated[int, "sequences"] = 1
    context: Annotated[int, "tokens in the cache"] = 256


def predict(case: Case) -> Mapping[str, float]:
    """The decode pass with 16-bit, with INT8 and with binary products. Activations are quantised as for INT8."""
    machine, model = load_gpu(case.on), read_model(case.model)
    basis = basis_of("gemm", Variant("fp16", ""), machine)

    def graph(scheme: str) -> Graph:
        return build_graph(model, parse_scheme(scheme), "decode", batch=case.batch, context_len=case.context)

    def planes(op: Gemm) -> float:
        return plane_gemm(op.m, op.n, op.k, case.weight_bits, case.activation_bits, basis.gpu, basis.parameters).latency_us

    def memory_gb(scheme: str) -> float:
        return memory_footprint(model, parse_scheme(scheme), case.batch, case.context + 1).total_gb

    wide, int8 = (pass_time(graph(scheme), machine).total_us for scheme in ("fp16", "w8a8-int8"))
    ours = pass_time(graph("w8a8-int8"), machine, planes).total_us
    figures = {"speedup_fp16": wide / ours, "speedup_int8": int8 / ours}
    if case.weight_bits in STORED_BITS:
        packed_gb = memory_gb(f"w{case.weight_bits}a8-sym")
        figures |= {"memory_fp16": memory_gb("fp16") / packed_gb, "memory_int8": memory_gb("w8a8-int8") / packed_gb}
    return figures


EXPERIMENT = Experiment(
    "abq-llm",
    Case,
    predict,
    {
        "speedup_fp16": Measure("x", "time of the 16-bit pass over that with binary products"),
        "speedup_int8": Measure("x", "time of the INT8 pass over that with binary products"),
        "memory_fp16": Measure("x", "memory of the 16-bit model over that of the packed one"),
        "memory_int8": Measure("x", "memory of the INT8 model over that of the packed one"),
    },
)
