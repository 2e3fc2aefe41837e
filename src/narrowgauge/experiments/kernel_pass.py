"""A forward pass with some of its products done by another kernel: what a published kernel is worth in a whole model.

Kernels follow each other back to back, host work apart. Operators are priced as everywhere; products for which a time is given
take that instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from narrowgauge.archmodels import Machine
from narrowgauge.errors import UnsupportedError
from narrowgauge.experiments.fidelity import Fidelity
from narrowgauge.experiments.lowering import lower
from narrowgauge.experiments.predict_pricing import price_calls
from narrowgauge.experiments.serving import ALONE, framework
from narrowgauge.workloads import Gemm, Graph, GroupedGemm

ATTENTION = ("attention-decode", "attention-prefill")
#: the name of the product that makes logits, which published kernels leave as it is
HEAD = "lm_head"

GemmTime = Callable[[Gemm], float]


@dataclass(frozen=True)
class PassTime:
    """Microseconds of one pass: matrix products, attention, everything else."""

    gemm_us: float
    attention_us: float
    other_us: float

    @property
    def total_us(self) -> float:
        """The sum."""
        return self.gemm_us + self.attention_us + self.other_us


def pass_time(graph: Graph, machine: Machine, gemm_us: GemmTime | None = None) -> PassTime:
    """Time of the kernels of a pass on one GPU; `gemm_us` gives that of every product but the output head's.

    Raises UnsupportedError if the machine cannot run an operator that is not replaced, and for experts where products are."""
    products = {op.name: op for op in graph.operators if isinstance(op, Gemm) and op.name != HEAD}
    if gemm_us is not None and any(isinstance(op, GroupedGemm) for op in graph.operators):
        raise UnsupportedError(f"{graph.model.name} has grouped products, which no kernel that could replace them runs here")
    calls = lower(graph, machine.resources, framework(ALONE))
    replaced = {} if gemm_us is None else {name: gemm_us(op) for name, op in products.items()}
    priced = price_calls((call for call in calls if call.operator not in replaced), machine, Fidelity.ANALYTIC, False)
    time = {"gemm": 0.0, "attention": 0.0, "other": 0.0}
    for call in calls:
        part = "gemm" if call.family == "gemm" else "attention" if call.family in ATTENTION else "other"
        us = replaced.get(call.operator)
        if us is None:
            us = priced[(call.family, call.variant), call.row].latency_us.value
        time[part] += call.count * us
    return PassTime(time["gemm"], time["attention"], time["other"])
