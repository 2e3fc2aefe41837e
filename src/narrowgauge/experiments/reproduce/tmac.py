"""T-MAC (Wei et al., arXiv 2407.00088): tokens per second of low-bit models on CPUs, by table lookup and by llama.cpp."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from narrowgauge.archmodels.cpu import load_cpu, token_time
from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import build_graph, read_model


@dataclass(frozen=True)
class Case:
    """Generation of one sequence."""

    model: Annotated[str, "model card or config.json"] = "llama-2-7b"
    scheme: Annotated[str, "quantization scheme; one scale per 128 weights in the published runs"] = "w2a16-g128-sym"
    on: Annotated[str, "CPU, or its YAML file"] = "m2-ultra"
    threads: Annotated[int, "threads, one a core"] = 1
    context: Annotated[int, "tokens in the cache on average; 64 for the 128 tokens that llama-bench generates"] = 64
    kernel: Annotated[Literal["t-mac", "q4-0"], "table lookup, or llama.cpp's blocks of four bits"] = "t-mac"


def predict(case: Case) -> Mapping[str, float]:
    """Tokens per second of the decode graph at the mean context, operators as ggml runs them."""
    graph = build_graph(
        read_model(case.model),
        parse_scheme(case.scheme),
        "decode",
        batch=1,
        context_len=case.context,
        fuse_residual=False,
    )
    return {"tokens_per_s": token_time(graph, load_cpu(case.on), case.kernel, case.threads).tokens_per_s}


EXPERIMENT = Experiment("tmac", Case, predict, {"tokens_per_s": Measure("token/s", "generated tokens per second")})
