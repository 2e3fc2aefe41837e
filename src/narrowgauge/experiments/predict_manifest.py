"""Where a prediction comes from: what was asked, what was fitted, what was assumed, what to be careful about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from typing import Any

from narrowgauge.calibration.serving import LOGIT
from narrowgauge.dataflows.gemm_operands import UNIT_PJ
from narrowgauge.experiments.fidelity import Fidelity
from narrowgauge.experiments.predict_passes import Pass
from narrowgauge.experiments.predict_reasons import SOUND, knowledge
from narrowgauge.experiments.predict_request import Request, SystemRequest
from narrowgauge.experiments.serving import ALONE
from narrowgauge.units import MJ_PER_J, US_PER_S

ASSUMPTIONS = (
    "static batch: all prompts pass through prefill at once (chunked prefill is not modelled), no sequence ends early",
    "kernels run one after another; a tensor-parallel all-reduce overlaps with nothing",
    "experts are picked uniformly and independently",
    "appending to the KV cache is part of the measured attention calls",
    "a grouped product is priced as one product with its groups side by side along N",
    "energy is first order: cited component energies × actions + static power × time, tagged assumed",
    "intervals: kernels of one variant are wrong together, different variants and the framework independently",
)
SMALL_SHARE = 0.1  # less than this of a pass is not worth a warning; the breakdown names every source


@cache
def _version() -> str:
    return metadata.version("narrowgauge")


def origin(request: Request | SystemRequest, passes: Iterable[Pass]) -> dict[str, Any]:
    """What manifests of all hardware have in common: version, question, overrides, and how many operators each source priced."""
    machine = request.machine
    sources = Counter((line.source, line.relation) for phase in passes for line in phase.lines)
    return {
        "version": _version(),
        "model": request.model.name,
        "machine": machine.name,
        "overrides": [
            {"path": change.path, "old": change.old.value if change.old else None, "new": change.new.value}
            for change in machine.overrides
        ],
        "scheme": request.scheme.name,
        "batch": request.batch,
        "input_tokens": request.input_tokens,
        "output_tokens": request.output_tokens,
        "tp": request.tp,
        "framework": request.framework.name,
        "kernel_library": request.framework.library,
        "fidelity": str(request.fidelity),
        "physics_only": request.physics_only,
        "sources": [
            {"source": source, "relation": relation, "operators": count} for (source, relation), count in sources.items()
        ],
    }


def manifest(request: Request, passes: Iterable[Pass]) -> dict[str, Any]:
    """What it takes to reproduce the prediction."""
    return {
        **origin(request, passes),
        "layers": {layer.name: len(layer.quantities) for layer in request.machine.layers},
        "unit": _unit(request, passes),
        "framework_step": _step(request),
        "assumptions": [*ASSUMPTIONS, *_sampling(request)],
    }


def _unit(request: Request, passes: Iterable[Pass]) -> dict[str, Any] | None:
    """The unit in the tensor core's place, and what it takes over: operators that it refuses stay on the tensor cores."""
    unit = request.machine.unit
    if unit is None:
        return None
    lines = [line for phase in passes for line in phase.lines]
    takes = {line.operator: None for line in lines if UNIT_PJ in line.actions}
    stays = {line.operator: None for line in lines if any(name.startswith("mac_") for name in line.actions)}
    return {"slot": "tensor_core", "name": unit.name, "operators": list(takes), "on_tensor_cores": list(stays)}


def _sampling(request: Request) -> list[str]:
    """What a framework is taken to do after the logits."""
    if request.framework.step is not None and LOGIT in request.framework.step.parameters:
        return [f"{request.framework.name} samples from the whole vocabulary (top-k or top-p), as in the runs it was fitted to"]
    return ["the next token is the one of the largest logit"]


def _step(request: Request) -> dict[str, Any] | None:
    cost = request.framework.step
    if cost is None:
        return None
    return {
        "version": cost.version,
        "rows": cost.rows,
        "parameters": {name: vars(value) for name, value in cost.parameters.items()},
        "held_out": dict(cost.held_out),
    }


def warnings(request: Request, passes: Iterable[Pass]) -> tuple[str, ...]:
    """What a reader should know before trusting the numbers, the gravest first."""
    found: list[str] = []
    gpu, model = request.machine.resources, request.model
    for phase in passes:
        power = phase.energy_mj / MJ_PER_J * US_PER_S / phase.latency_us.value
        if power > gpu.tdp_w:
            found.append(f"{phase.phase}: the assumed energy means {power:.0f} W, above the board's limit of {gpu.tdp_w:.0f} W")
        found += _far_from_home(phase)
    unit = _unit(request, passes)
    if unit is not None and not unit["operators"]:
        found.append(f"{unit['name']} takes no operator of {request.scheme.name}: everything runs on the tensor cores")
    if request.framework.step is None and request.framework.name != ALONE and request.fidelity is Fidelity.ANALYTIC:
        found.append(f"nobody measured what a step of {request.framework.name} costs beyond its kernels: taken as nothing")
    if model.max_positions and request.context > model.max_positions:
        found.append(f"{request.context} tokens, {model.name} was made for {model.max_positions}")
    return tuple(dict.fromkeys(found))


def _far_from_home(phase: Pass) -> list[str]:
    return [
        f"{phase.phase}: {share:.0%} of the time is priced by kernels that were {what}"
        for what, share in knowledge(phase).items()
        if share >= SMALL_SHARE and what not in SOUND
    ]
