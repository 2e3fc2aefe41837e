"""Parts of a graph as graphs of their own."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.sim.arguments import add_resources, arguments
from narrowgauge.sim.graph import TaskGraph
from narrowgauge.sim.schedule import Schedule
from narrowgauge.sim.table import TaskTable

Mask = npt.NDArray[np.bool_]


def of_operators(graph: TaskGraph, operators: Iterable[str]) -> TaskGraph:
    """The tasks of some operators. Raises InputError for an operator that no task has."""
    table, wanted = graph.table(), set(operators)
    unknown = sorted(wanted - set(table.operators))
    if unknown:
        raise InputError([Problem("operators", f"unknown '{name}'; {nearest(name, table.operators)}") for name in unknown])
    return part(table, np.isin(table.operator, [table.operators.index(name) for name in wanted]))


def of_window(schedule: Schedule, from_ps: int, to_ps: int) -> TaskGraph:
    """The tasks that were under way at some time t with from_ps ≤ t < to_ps; those without duration at their moment."""
    start, end = schedule.times.start_ps, schedule.times.end_ps
    return part(schedule.table, (start < to_ps) & ((end > from_ps) | ((end == start) & (start >= from_ps))))


def with_ancestors(graph: TaskGraph, names: Iterable[str]) -> TaskGraph:
    """Some tasks and everything that they wait for, directly or not. Raises InputError for a task that is not there."""
    table, wanted = graph.table(), list(names)
    row_of = {name: row for row, name in enumerate(table.names)}
    unknown = [name for name in wanted if name not in row_of]
    if unknown:
        raise InputError([Problem("tasks", f"'{name}' is not there") for name in unknown])
    chosen = np.zeros(len(table), dtype=bool)
    todo = [row_of[name] for name in wanted]
    while todo:
        row = todo.pop()
        if not chosen[row]:
            chosen[row] = True
            todo += [before for before, _ in table.before.of(row)]
    return part(table, chosen)


def part(table: TaskTable, chosen: Mask) -> TaskGraph:
    """The graph of the chosen rows, with all units and channels.

    Dependencies on other tasks are dropped. A buffer stays if everyone who takes or gives back its slots is chosen; else it is
    left out, since nobody could say how many of its slots are free."""
    graph, kept = TaskGraph(), {buffer.name for buffer in table.buffers}
    for ragged in (table.acquire, table.release):
        kept -= {table.buffers[number].name for number in set(ragged.item[~chosen[ragged.row]].tolist())}
    add_resources(table, graph, kept)
    names = {table.name(row) for row in np.flatnonzero(chosen).tolist()}
    for row in np.flatnonzero(chosen).tolist():
        call = arguments(table, row)
        call["after"] = [name for name in call.get("after", ()) if name in names]
        for what in ("acquire", "release"):
            call[what] = {buffer: count for buffer, count in call.get(what, {}).items() if buffer in kept}
        graph.task(**call)
    return graph
