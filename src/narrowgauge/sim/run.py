"""One way to run a graph, whichever engine does it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from narrowgauge.errors import InputError, Problem, UnsupportedError, nearest
from narrowgauge.sim.graph import TaskGraph
from narrowgauge.sim.schedule import Schedule
from narrowgauge.sim.table import TaskTable

if TYPE_CHECKING:
    from narrowgauge.sim.pipeline import TilePipeline


class Engine(StrEnum):
    """`compiled` runs everything. `reference` does too, a hundred times slower, to be read. `pipeline` runs tile pipelines
    only, in closed form."""

    COMPILED = "compiled"
    REFERENCE = "reference"
    PIPELINE = "pipeline"


def run(
    work: TaskGraph | TaskTable | TilePipeline,
    engine: Engine | str = Engine.COMPILED,
    prices_pj: Mapping[str, float] | None = None,
) -> Schedule:
    """The schedule of a graph or tile pipeline. Engines differ in speed and never in the answer.

    `prices_pj` is the energy of each action by name. Raises InputError for a faulty graph, a deadlock, an unknown engine or an
    action without price, UnsupportedError where the engine cannot run this kind of work."""
    from narrowgauge.sim.pipeline import TilePipeline

    if engine not in tuple(Engine):
        raise InputError([Problem("engine", f"given {engine!r}; {nearest(str(engine), tuple(Engine))}")])
    table = work if isinstance(work, TaskTable) else work.to_graph().table() if isinstance(work, TilePipeline) else work.table()
    match Engine(engine):
        case Engine.COMPILED:
            from narrowgauge.sim.compiled import run_compiled

            times = run_compiled(table)
        case Engine.REFERENCE:
            from narrowgauge.sim.reference import run_reference

            times = run_reference(table)
        case Engine.PIPELINE:
            if not isinstance(work, TilePipeline):
                raise UnsupportedError(
                    "the pipeline engine runs a TilePipeline; a task graph may hold shared channels, priorities and irregular "
                    "waiting, which have no closed form: use the compiled engine"
                )
            from narrowgauge.sim.pipeline_times import pipeline_times

            times = pipeline_times(work, table)
    return Schedule(table, times, str(engine), prices_pj)
