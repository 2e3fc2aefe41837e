"""`predict` on a heterogeneous machine or an NPU: both passes placed, scheduled, and put into the usual answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from narrowgauge.archmodels import Machine, Npu, System
from narrowgauge.archmodels.heterogeneous.schema import Access
from narrowgauge.dataflows.family import Variant
from narrowgauge.errors import CapacityError
from narrowgauge.experiments.hetero.manifest import fits, hints, manifest, warnings
from narrowgauge.experiments.hetero.operators import operators
from narrowgauge.experiments.hetero.pim_line import INCOMPLETE
from narrowgauge.experiments.hetero.placement import Decision, decide
from narrowgauge.experiments.hetero.plan import HOST, lines_of
from narrowgauge.experiments.hetero.schedule import busy_us
from narrowgauge.experiments.predict_estimate import ZERO, Estimate, total
from narrowgauge.experiments.predict_passes import Line, Pass
from narrowgauge.experiments.predict_pricing import Key
from narrowgauge.experiments.predict_reasons import MODELLED
from narrowgauge.experiments.predict_request import SystemRequest
from narrowgauge.experiments.predict_result import Prediction
from narrowgauge.sim import Schedule
from narrowgauge.units import PS_PER_US, US_PER_MS
from narrowgauge.workloads import Phase, memory_footprint

OVERLAP = "overlap"


@dataclass(frozen=True)
class SystemPrediction(Prediction):
    """The usual answer, with where operators run and how busy the devices are. A line `overlap` holds the time, below zero, that
    devices work side by side, so that the lines of a pass add up to it."""

    decisions: Mapping[Phase, Decision]

    @property
    def schedule(self) -> Schedule:
        """The mean decode pass as the engine ran it."""
        return self.decisions[Phase.DECODE].schedule

    def utilization(self, phase: Phase = Phase.DECODE) -> dict[str, float]:
        """Share of a pass that each device works."""
        found = self.decisions[phase]
        pass_us = found.schedule.makespan_ps / PS_PER_US
        busy = busy_us(found.operators, found.placement, found.sub_batches)
        return {device: spent / pass_us for device, spent in busy.items()}

    @property
    def notes(self) -> tuple[str, ...]:
        """Where decode ran."""
        found = self.decisions[Phase.DECODE]
        busy = ", ".join(f"{device} {share:.0%}" for device, share in self.utilization().items())
        elsewhere = [name for name, way in found.placement.items() if way != HOST]
        parts = f"{found.sub_batches} parts of the batch side by side" if found.sub_batches > 1 else "the batch in one part"
        return (f"Decode runs {parts}; busy: {busy}. In PIM memory: {', '.join(elsewhere) or 'nothing'}.",)

    def to_json(self) -> dict[str, Any]:
        """As always, and `devices`: of each phase the placement, the parts of the batch, the utilisation, and refusals."""
        devices = {
            str(phase): {
                "sub_batches": found.sub_batches,
                "placement": dict(found.placement),
                "utilization": self.utilization(phase),
                "not_in_memory": {op.name: op.refusal for op in found.operators if op.refusal},
            }
            for phase, found in self.decisions.items()
        }
        return super().to_json() | {"devices": devices}


def predict_system(request: SystemRequest) -> SystemPrediction:
    """The cost of a static batch. Raises CapacityError if the model does not fit into memory, UnsupportedError if the host cannot
    run the scheme."""
    memory = memory_footprint(request.model, request.scheme, request.batch, request.context, request.tp)
    machine = request.machine
    if not fits(machine, memory):
        raise CapacityError("\n  ".join(hints(request, memory)))
    access, most = (machine.access, machine.sub_batches) if isinstance(machine, System) else (Access.CONCURRENT, 1)
    static_w = _static_w(machine)
    decisions, passes = {}, []
    for phase, number, parts in ((Phase.PREFILL, 1, 1), (Phase.DECODE, request.output_tokens - 1, min(most, request.batch))):

        def priced(count: int, phase: Phase = phase) -> Sequence[Any]:
            return operators(request, phase, count)

        decisions[phase] = decide(priced, access, range(1, parts + 1))
        passes.append(_pass(phase, number, decisions[phase], static_w))
    step = request.framework.step
    return SystemPrediction(
        batch=request.batch,
        output_tokens=request.output_tokens,
        gpus=request.tp,
        prefill=passes[0],
        decode=passes[1],
        memory=memory,
        memory_available_gb=machine.memory_gb,
        interval=step.interval if step is not None and not isinstance(_host(machine), Npu) else (0.0, 0.0),
        manifest=manifest(request, passes, decisions),
        warnings=warnings(passes, decisions),
        decisions=decisions,
    )


def _host(machine: Npu | System) -> Machine | Npu:
    return machine.host if isinstance(machine, System) else machine


def _static_w(machine: Npu | System) -> float:
    host = _host(machine)
    return host.resources.static_w if isinstance(host, Machine) else 0.0


def _pass(phase: Phase, number: int, found: Decision, static_w: float) -> Pass:
    """The lines of all parts of the batch, and the overlap between them. Static energy is that of the pass, on the overlap's line
    where there is one."""
    chosen = [line for op in found.operators for line in lines_of(op.ways[found.placement[op.name]])]
    lines = [_known(_all_parts(line, found.sub_batches)) for line in chosen]
    pass_us = found.schedule.makespan_ps / PS_PER_US
    hidden_us = total(line.total_us.value for line in lines) - pass_us
    groups: dict[Key, Estimate] = {}
    for line in lines:
        key = (f"{line.device} {line.kernel}", Variant(line.variant, ""))
        groups[key] = groups.get(key, ZERO) + line.total_us
    lines = [replace(line, energy_mj=line.energy_mj + static_w * line.total_us.value / US_PER_MS) for line in lines]
    if hidden_us * PS_PER_US > len(found.schedule.table):  # more than what rounding to picoseconds makes
        lines.append(_overlap(phase, hidden_us, static_w))
        groups[OVERLAP, Variant("", "")] = Estimate(-hidden_us, -hidden_us, -hidden_us)
    return Pass(phase, number, tuple(lines), groups, ZERO, static_w)


def _all_parts(line: Line, parts: int) -> Line:
    return replace(
        line,
        count=line.count * parts,
        total_us=line.total_us.scaled(parts),
        energy_mj=line.energy_mj * parts,
        actions={name: amount * parts for name, amount in line.actions.items()},
    )


def _known(line: Line) -> Line:
    """With no energy in the place of one that is not known; a warning says so."""
    return replace(line, energy_mj=0.0, source=f"{line.source}; {INCOMPLETE}") if math.isnan(line.energy_mj) else line


def _overlap(phase: Phase, hidden_us: float, static_w: float) -> Line:
    return Line(
        phase=phase,
        operator=OVERLAP,
        kernel=OVERLAP,
        variant="",
        count=0,
        latency_us=-hidden_us,
        total_us=Estimate(-hidden_us, -hidden_us, -hidden_us),
        bound_by=OVERLAP,
        choice={},
        source="task-graph engine",
        relation=MODELLED,
        energy_mj=-static_w * hidden_us / US_PER_MS,
        actions={},
        device=OVERLAP,
    )
