"""Which tensors of a graph are on chip when: operator schedule, replacement and addresses under one capacity (COSMA's problem).

graph = TensorGraph.of_network(load_network("resnet-50", explicit_padding=True), bits=8)
plan = schedule(graph, graph.largest_working_set)        # Method.EXACT for a proof on a small graph
plan.noncompulsory_bytes, plan.steps[0]
"""

from narrowgauge.dataflows.residency.addresses import Placement, place
from narrowgauge.dataflows.residency.graph import Tensor, TensorGraph, TensorOperator
from narrowgauge.dataflows.residency.peak import MinimumPeak, minimum_peak, peak_of
from narrowgauge.dataflows.residency.plan import Plan, Step
from narrowgauge.dataflows.residency.schedule import Method, schedule

__all__ = [
    "Method",
    "MinimumPeak",
    "Placement",
    "Plan",
    "Step",
    "Tensor",
    "TensorGraph",
    "TensorOperator",
    "minimum_peak",
    "peak_of",
    "place",
    "schedule",
]
