"""Where a prediction on a heterogeneous machine comes from, what to be careful about, and what would make a model fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from narrowgauge.archmodels import Npu, System
from narrowgauge.archmodels.heterogeneous.schema import Access
from narrowgauge.errors import InputError
from narrowgauge.experiments.hetero.pim_line import INCOMPLETE
from narrowgauge.experiments.hetero.placement import Decision
from narrowgauge.experiments.hetero.plan import HOST, PIM
from narrowgauge.experiments.predict_manifest import origin
from narrowgauge.experiments.predict_passes import Pass
from narrowgauge.experiments.predict_request import SystemRequest
from narrowgauge.workloads import MemoryFootprint, Phase, memory_footprint

MOST_DEVICES = 16
ASSUMPTIONS = (
    "static batch: all prompts pass through prefill at once, no sequence ends early",
    "operators of one part of the batch run one after another; parts overlap as far as their devices allow",
    "placement is a local optimum over single moves",
    "a framework's step on a GPU host costs what it does with all kernels on the GPU",
    "experts are picked uniformly and independently",
    "appending to the KV cache is part of attention where it runs in PIM memory on a GPU, and costs nothing there",
    "host and PIM do not slow each other where access is concurrent",
    "energy: cited component and command energies; what has none counts as nothing and is named",
)


def manifest(request: SystemRequest, passes: Iterable[Pass], decisions: Mapping[Phase, Decision]) -> dict[str, Any]:
    """What it takes to reproduce the prediction."""
    return {
        **origin(request, passes),
        "left_out": request.machine.texts["left_out"],
        "unit": None,
        "sub_batches": {str(phase): found.sub_batches for phase, found in decisions.items()},
        "assumptions": list(ASSUMPTIONS),
    }


def warnings(passes: Iterable[Pass], decisions: Mapping[Phase, Decision]) -> tuple[str, ...]:
    """What a reader should know before trusting the numbers."""
    found = ["no silicon behind devices that were never built: their intervals are assumed"]
    unknown = dict.fromkeys(line.operator for phase in passes for line in phase.lines if INCOMPLETE in line.source)
    if unknown:
        found.append(f"energy is a lower bound, not all of it is known for {', '.join(unknown)}")
    decode = decisions[Phase.DECODE]
    if set(decode.placement.values()) == {HOST} and any(PIM in op.ways for op in decode.operators):
        found.append("the host is faster for everything that the PIM memory could do: it does nothing in decode")
    return tuple(found)


def fits(machine: Npu | System, needed: MemoryFootprint) -> bool:
    """Whether a model fits: all of it, and its weights into the host's own memory where that of the PIM units is another."""
    if isinstance(machine, System) and machine.access is Access.SEPARATE and _resident_gb(needed) > machine.host_gb:
        return False
    return needed.total_gb <= machine.memory_gb


def _resident_gb(needed: MemoryFootprint) -> float:
    """What stays with the host: weights and activations."""
    return needed.weights_gb + needed.activations_gb


def hints(request: SystemRequest, needed: MemoryFootprint) -> Iterable[str]:
    """What is missing, and how many devices would do."""
    machine = request.machine
    where, need, have = "memory", needed.total_gb, machine.memory_gb
    if need <= have and isinstance(machine, System):
        where, need, have = (
            "the host's own memory for weights and activations",
            needed.total_gb - needed.kv_cache_gb,
            machine.host_gb,
        )
    yield (
        f"{request.model.name} in {request.scheme.name} with batch {request.batch} and {request.context} tokens needs "
        f"{needed.total_gb:.1f} GB per device (weights {needed.weights_gb:.1f}, KV cache {needed.kv_cache_gb:.1f}, activations "
        f"{needed.activations_gb:.1f}); {machine.name} has {have:.1f} GB of {where}, {need - have:.1f} GB are missing"
    )
    fitting = (tp for tp in range(request.tp + 1, MOST_DEVICES + 1) if _fits(request, tp))
    tp = next(fitting, None)
    if tp is None:
        yield f"no tensor parallelism up to {MOST_DEVICES} devices fits"
    else:
        yield f"smallest tensor parallelism that fits: --tp {tp}"


def _fits(request: SystemRequest, tp: int) -> bool:
    try:
        needed = memory_footprint(request.model, request.scheme, request.batch, request.context, tp)
    except InputError:  # the model cannot be split over that many devices
        return False
    return fits(request.machine, needed)
