"""Timelines for Perfetto: one kernel task by task, or the kernels of a forward pass one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from narrowgauge.archmodels import Hardware, Machine
from narrowgauge.calibration.basis import basis_of
from narrowgauge.calibration.datasets.originals_read import normalised
from narrowgauge.dataflows.event.coarse import fused, shortened
from narrowgauge.dataflows.event.lower import task_graph
from narrowgauge.dataflows.event.run import kernels_of
from narrowgauge.dataflows.family import Variant
from narrowgauge.errors import InputError
from narrowgauge.experiments.predict_passes import FRAMEWORK_LINE, Line, Pass
from narrowgauge.experiments.predict_result import Prediction
from narrowgauge.experiments.price import kernel_groups
from narrowgauge.experiments.price_rows import ERROR, RowProblems
from narrowgauge.sim import Schedule, TaskGraph, run
from narrowgauge.units import us_to_ps

if TYPE_CHECKING:
    import pandas as pd

SMS_SHOWN = 4  # of a kernel: the others look alike, and a trace with all of them is too large to open
GPU, HOST = "gpu", "host"


def kernel_schedule(
    machine: Machine, family: str, variant: Variant, columns: Mapping[str, npt.NDArray[Any]]
) -> tuple[Schedule, float]:
    """The kernels of a table of one row by discrete events, and which share of their CTAs the schedule holds: long kernels are
    shown with their first rounds and their end (`coarse`). Raises UnsupportedError if the machine cannot run the variant."""
    basis, gpu = basis_of(family, variant, machine), machine.resources
    kernels, shown, ctas = [], 0, 0
    for kernel in kernels_of(family, columns, basis.variant, basis.gpu, basis.parameters):
        parts = shortened(fused(kernel), gpu.sm_count)
        kernels.append(fused(kernel) if parts is None else parts.longer)
        shown, ctas = shown + len(kernels[-1].steps), ctas + len(kernel.steps)
    prices = {name: gpu.energy_pj[name] for kernel in kernels for name in kernel.actions}
    return run(task_graph(kernels, gpu.sm_count), prices_pj=prices), shown / ctas if ctas else 1.0


def table_schedule(frame: pd.DataFrame, machine: Hardware) -> tuple[Schedule, float]:
    """`kernel_schedule` of a table of one row. Raises InputError for another number of rows, a row that is no kernel, or hardware
    that is no GPU."""
    if len(frame) != 1:
        raise InputError(f"a timeline shows one kernel, the table has {len(frame)} rows")
    if not isinstance(machine, Machine):
        raise InputError(f"{machine.name} is no GPU: `narrowgauge memory` shows what a PIM machine's memory does")
    problems = RowProblems(1)
    for family, variant, group in kernel_groups(normalised(frame), problems):
        return kernel_schedule(machine, family, variant, {str(name): group[name].to_numpy(float) for name in group.columns})
    raise InputError(problems.texts()[0].removeprefix(ERROR))


def shown_units(schedule: Schedule) -> list[str]:
    """The units of the whole GPU and those of the first SMs."""
    some = tuple(f"sm{number}." for number in range(SMS_SHOWN))
    return [unit.name for unit in schedule.table.units if not unit.name.startswith("sm") or unit.name.startswith(some)]


def pass_schedule(prediction: Prediction, machine: Machine) -> Schedule:
    """The mean prefill pass and the mean decode pass of a prediction, kernel after kernel, with the power of each."""
    graph = TaskGraph()
    graph.unit(GPU)
    graph.unit(HOST)
    last: list[int] = []
    for phase in (prediction.prefill, prediction.decode):
        for number, line in enumerate(executions(phase)):
            host = line.operator == FRAMEWORK_LINE
            handle = graph.task(
                f"{phase.phase}.{line.operator}[{number}]",
                after=last,
                unit=HOST if host else GPU,
                duration_ps=us_to_ps(line.total_us.value / line.count),
                operator=line.operator,
                category=line.bound_by,
                actions={name: count / line.count for name, count in line.actions.items()},
            )
            last = [handle]
    energy = machine.resources.energy_pj
    used = {name for phase in (prediction.prefill, prediction.decode) for line in phase.lines for name in line.actions}
    return run(graph, prices_pj={name: energy[name] for name in used})


def executions(phase: Pass) -> Iterator[Line]:
    """The lines of a pass in the order in which they run: those of a layer come again with each layer."""
    return (phase.lines[number] for number in interleaved([line.count for line in phase.lines]))


def interleaved(counts: Sequence[int]) -> Iterator[int]:
    """Positions of operators in the order in which they run, from how often each does: those of a layer come again with each."""
    layers = max(counts, default=0)
    layered = [number for number, count in enumerate(counts) if count > 1]
    first = layered[0] if layered else len(counts)
    yield from range(first)
    for layer in range(layers if layered else 0):
        for number in layered:  # one that runs in every second layer comes every second time
            yield from [number] * ((layer + 1) * counts[number] // layers - layer * counts[number] // layers)
    yield from (number for number in range(first, len(counts)) if counts[number] == 1)
