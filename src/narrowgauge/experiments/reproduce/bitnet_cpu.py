"""bitnet.cpp (Wang et al., arXiv 2410.16144): ternary models on CPUs by table lookup, against llama.cpp at 16 bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.archmodels.cpu import load_cpu, token_time
from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import build_graph, read_model

TERNARY_KERNELS = {"neon": "bitnet-tl1", "neon-dot": "bitnet-tl1", "avx2": "bitnet-tl2"}


@dataclass(frozen=True)
class Case:
    """Generation of one sequence."""

    model: Annotated[str, "model card or config.json, with ternary weights"] = "bitnet-3b"
    on: Annotated[str, "CPU, or its YAML file"] = "m2-ultra"
    threads: Annotated[int, "threads, one a core"] = 6
    context: Annotated[int, "tokens in the cache on average"] = 64


def predict(case: Case) -> Mapping[str, float]:
    """The same graph with ternary weights by the lookup kernel of the CPU, and with 16-bit weights."""
    cpu, model = load_cpu(case.on), read_model(case.model)

    def speed(scheme: str, kernel: str) -> float:
        graph = build_graph(model, parse_scheme(scheme), "decode", batch=1, context_len=case.context, fuse_residual=False)
        return token_time(graph, cpu, kernel, case.threads).tokens_per_s

    ternary = speed("w2a8-ternary", TERNARY_KERNELS[cpu.instruction_set])
    wide = speed("fp16", "f16")
    return {"tokens_per_s": ternary, "llama_cpp_tokens_per_s": wide, "speedup": ternary / wide}


EXPERIMENT = Experiment(
    "bitnet-cpu",
    Case,
    predict,
    {
        "tokens_per_s": Measure("token/s", "generated tokens per second, ternary weights by table lookup"),
        "llama_cpp_tokens_per_s": Measure("token/s", "the same with 16-bit weights"),
        "speedup": Measure("x", "the first over the second"),
    },
)
