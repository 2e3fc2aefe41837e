"""Why a pass takes as long as it does, in words: what binds its kernels, and how well each part of its time is known."""

from __future__ import annotations

from collections.abc import Callable

from narrowgauge.calibration.basis import Relation
from narrowgauge.experiments.fidelity import ROOFLINE
from narrowgauge.experiments.predict_passes import FRAMEWORK_LINE, Line, Pass

BINDS = {
    "dram": "DRAM bandwidth",
    "l2": "L2 bandwidth",
    "smem": "shared-memory bandwidth",
    "tensor_core": "tensor cores",
    "unit": "the unit in the tensor cores' place",
    "cuda_core": "CUDA cores",
    "launch": "kernel launches",
    "latency": "memory latency",
    "link": "links between GPUs",
    "host": "framework steps",
}
#: the same in the column of a table
SHORT = {
    "dram": "DRAM",
    "l2": "L2",
    "smem": "shared memory",
    "unit": "unit",
    "launch": "launch",
    "latency": "latency",
    "link": "links",
    "host": "framework",
}
KNOWN = {
    Relation.OWN: "fitted to kernels measured on this GPU",
    Relation.PRECISION: "not measured here, fit of the nearest one",
    Relation.SIBLING: "fitted on a GPU of the same architecture",
    Relation.TRANSFER: "fitted on a GPU of another architecture",
    Relation.UNBUILT: "fitted with tensor cores, and hold an unbuilt unit here",
    Relation.UNFITTED: "never measured, documented initial values",
}
#: relation of lines that no kernel fit stands behind: NPUs, PIM memory, links
MODELLED = "modelled"
SIMULATED = "bank model and published rules, no silicon"
OUTSIDE = "outside the range of the measurements, physics alone"
STEPS = "framework steps, fitted to whole models"
BOUND = "rooflines"
#: what a reader need not be warned of
SOUND = (KNOWN[Relation.OWN], STEPS, BOUND)


def shares(phase: Pass, of: Callable[[Line], str]) -> dict[str, float]:
    """Share of the pass's time by the text that `of` gives its lines, largest first."""
    total = sum(line.total_us.value for line in phase.lines)
    found: dict[str, float] = {}
    for line in phase.lines:
        found[of(line)] = found.get(of(line), 0.0) + line.total_us.value / total
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def bottleneck(phase: Pass) -> str:
    """`bound by DRAM bandwidth (87 % of the time; weights of mlp.gate_up most), then CUDA cores (5 %)`."""
    by_resource = list(shares(phase, lambda line: line.bound_by).items())
    name, share = by_resource[0]
    heaviest = max((line for line in phase.lines if line.bound_by == name), key=lambda line: line.total_us.value)
    words = f"bound by {BINDS.get(name, name)} ({share:.0%} of the time, {heaviest.operator} most of all)"
    if len(by_resource) > 1:
        name, share = by_resource[1]
        words += f", then by {BINDS.get(name, name)} ({share:.0%})"
    return words


def knowledge(phase: Pass) -> dict[str, float]:
    """Share of the pass's time by how well its prices are known."""
    return shares(phase, _known)


def _known(line: Line) -> str:
    if line.relation == MODELLED:
        return SIMULATED
    if line.operator == FRAMEWORK_LINE:
        return STEPS
    if line.source == ROOFLINE:
        return BOUND
    return OUTSIDE if line.relation == Relation.OWN and "outside" in line.source else KNOWN[Relation(line.relation)]
