"""GQSA (Zeng et al., arXiv 2412.17560): four-bit weights of which half the groups are left out, against 2 bits and 2:4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from narrowgauge.archmodels.machine import load_gpu
from narrowgauge.calibration.basis import basis_of
from narrowgauge.dataflows.conversion import CODECS
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemv_lowbit import StoredWeights, compressed_gemv_us
from narrowgauge.experiments.kernel_pass import pass_time
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Within
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import build_graph, read_model

SCALE_BITS, PLACE_BITS = 16, 16
TWO_BIT_GROUP = 64


@dataclass(frozen=True)
class Case:
    """Generation of one sequence."""

    model: Annotated[str, "model card or config.json"] = "llama-2-7b"
    on: Annotated[str, "GPU"] = "a100-sxm-80gb"
    bits: Annotated[Literal[2, 3, 4, 8], "bits of a weight that is kept"] = 4
    sparsity: Annotated[float, "share of groups left out", Within(0, 0.99)] = 0.5
    group: Annotated[int, "weights of a group"] = 16
    context: Annotated[int, "tokens in the cache"] = 256


def predict(case: Case) -> Mapping[str, float]:
    """Decode passes that differ in what stands for the weights; every product is the same matrix-vector kernel."""
    machine = load_gpu(case.on)
    basis = basis_of("gemm", Variant("w4a16-g128", ""), machine)
    graph = build_graph(read_model(case.model), parse_scheme("fp16"), "decode", batch=1, context_len=case.context)
    grouped = (SCALE_BITS + case.bits + PLACE_BITS) / case.group
    forms = {
        "sparse": StoredWeights(case.bits, grouped, 1.0 - case.sparsity, CODECS[f"int{case.bits}-f16"]),
        "two_bit": StoredWeights(2, (SCALE_BITS + 2) / TWO_BIT_GROUP, 1.0, CODECS["int2-f16"]),
        "two_of_four": StoredWeights(16, 2, 0.5, {}),
    }

    def whole_us(form: StoredWeights) -> float:
        return pass_time(graph, machine, lambda op: compressed_gemv_us(op.n, op.k, form, basis.gpu, basis.parameters)).total_us

    sparse_us = whole_us(forms["sparse"])
    return {
        "speedup_w2": whole_us(forms["two_bit"]) / sparse_us,
        "speedup_2_4": whole_us(forms["two_of_four"]) / sparse_us,
        "speedup_fp16": pass_time(graph, machine).total_us / sparse_us,
    }


EXPERIMENT = Experiment(
    "gqsa",
    Case,
    predict,
    {
        "speedup_w2": Measure("x", "time of the pass with dense 2-bit weights over that with sparse groups"),
        "speedup_2_4": Measure("x", "the same for 16-bit weights with 2:4 sparsity"),
        "speedup_fp16": Measure("x", "the same for dense 16-bit weights"),
    },
)
