"""COSMA (Li, Gupta, Malik, arXiv 2311.18246): operator schedule and tensor replacement that move the fewest bytes off chip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal

from narrowgauge.dataflows.residency import MinimumPeak, TensorGraph, minimum_peak, peak_of, schedule
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Within
from narrowgauge.units import BYTES_PER_KB
from narrowgauge.workloads.convolutional import load_network


@dataclass(frozen=True)
class Case:
    """One network on one size of memory."""

    network: Annotated[str, "convolutional network"] = "resnet-50"
    bits: Annotated[int, "bits of an element", Within(1, 64)] = 8
    budget: Annotated[
        Literal["working-set", "half", "peak"], "M_R, the largest operands of one operator; M_P, the least peak; or their mean"
    ] = "working-set"
    padding: Annotated[Literal["fused", "explicit"], "padding of strided operators: in them, or an operator"] = "fused"
    weights: Annotated[Literal["off", "on"], "whether weights take on-chip memory too"] = "off"


def predict(case: Case) -> Mapping[str, float]:
    """Budgets of the graph, and the bytes that the best plan found moves beyond the compulsory ones."""
    graph, peak = _graph(case.network, case.bits, case.padding == "explicit", case.weights == "on")
    capacity = {
        "working-set": graph.largest_working_set,
        "half": (graph.largest_working_set + peak.peak_bytes) // 2,
        "peak": peak.peak_bytes,
    }[case.budget]
    plan = schedule(graph, capacity)
    return {
        "working_set_kb": graph.largest_working_set / BYTES_PER_KB,
        "peak_kb": peak.peak_bytes / BYTES_PER_KB,
        "peak_as_given_kb": peak_of(graph, range(len(graph.operators))) / BYTES_PER_KB,
        "noncompulsory_bytes": plan.noncompulsory_bytes,
    }


@cache
def _graph(network: str, bits: int, explicit_padding: bool, weights: bool) -> tuple[TensorGraph, MinimumPeak]:
    graph = TensorGraph.of_network(load_network(network, explicit_padding), bits, weights)
    return graph, minimum_peak(graph)


EXPERIMENT = Experiment(
    "cosma",
    Case,
    predict,
    {
        "working_set_kb": Measure("KB", "M_R: the least memory in which every operator can run"),
        "peak_kb": Measure("KB", "M_P: the least memory in which no byte moves that is not compulsory, over all orders"),
        "peak_as_given_kb": Measure("KB", "the same for the order in which the network is written down"),
        "noncompulsory_bytes": Measure("B", "read and written beyond each input once and each result once"),
    },
)
