"""A finished task graph as arrays: rows are tasks in the order of their names, so the row number *is* the tie-break.

Engines, bounds, schedules and files read this form; nothing in it depends on the order in which the graph was built.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from narrowgauge.errors import InputError, Problem
from narrowgauge.sim.check import problems_of
from narrowgauge.sim.graph import NONE, TaskGraph
from narrowgauge.sim.names import join_name, natural
from narrowgauge.sim.resources import Buffer, Channel, Resource, Unit

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Ragged:
    """A list of (item, count) for every row: those of row i are at `start[i]:start[i + 1]`, items ascending."""

    start: Ints
    item: Ints
    count: npt.NDArray[np.int64] | npt.NDArray[np.float64]

    @classmethod
    def build(cls, rows: int, row: Ints, item: Ints, count: npt.NDArray[np.int64] | npt.NDArray[np.float64]) -> Ragged:
        """From triples in any order; several of the same row and item are added up."""
        order = np.lexsort((item, row))
        row, item, count = row[order], item[order], count[order]
        first = np.ones(len(row), dtype=bool)
        first[1:] = (row[1:] != row[:-1]) | (item[1:] != item[:-1])
        at = np.flatnonzero(first)
        summed = np.add.reduceat(count, at) if len(at) else count
        start = np.zeros(rows + 1, dtype=np.int64)
        np.cumsum(np.bincount(row[at], minlength=rows), out=start[1:])
        return cls(start, item[at], summed)

    @property
    def row(self) -> Ints:
        """The row of every entry."""
        return np.repeat(np.arange(len(self.start) - 1, dtype=np.int64), np.diff(self.start))

    def of(self, row: int) -> list[tuple[int, float]]:
        """The (item, count) of one row."""
        part = slice(int(self.start[row]), int(self.start[row + 1]))
        return list(zip(self.item[part].tolist(), self.count[part].tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class TaskTable:
    """Tasks as columns. `unit`, `channel`, `operator`, `category` and the items of the ragged columns are positions in the tuples
    of the same name (-1: none), which are sorted by name. `before` lists what a task waits for, `after` what waits for it."""

    bases: tuple[str, ...]
    units: tuple[Unit, ...]
    channels: tuple[Channel, ...]
    buffers: tuple[Buffer, ...]
    operators: tuple[str, ...]
    categories: tuple[str, ...]
    actions: tuple[str, ...]
    base: Ints
    index: Ints
    unit: Ints
    amount: Ints
    duration_ps: Ints
    channel: Ints
    transfer_bytes: Ints
    priority: Ints
    operator: Ints
    category: Ints
    before: Ragged
    after: Ragged
    acquire: Ragged
    release: Ragged
    action: Ragged
    #: the row of every handle of the graph that this was made from
    row_of_handle: Ints

    def __len__(self) -> int:
        return len(self.base)

    def name(self, row: int) -> str:
        """The name of the task in a row."""
        return join_name(self.bases[self.base[row]], int(self.index[row]))

    @cached_property
    def names(self) -> list[str]:
        """The names of all tasks."""
        return [join_name(self.bases[b], i) for b, i in zip(self.base.tolist(), self.index.tolist(), strict=True)]


def freeze(graph: TaskGraph) -> TaskTable:
    """Sort and check a graph. Raises one InputError with every fault."""
    problems = list(graph.problems)
    columns = {name: np.array(column, dtype=np.int64) for name, column in graph.columns.items()}
    bases, base = sorted_words(graph.bases, columns["base"])
    order = np.lexsort((columns["index"], base))
    row_of_handle = np.empty(len(order), dtype=np.int64)
    row_of_handle[order] = np.arange(len(order), dtype=np.int64)
    kinds = {kind: sorted_resources(graph, kind) for kind in (Unit, Channel, Buffer)}
    operators, operator = sorted_words(graph.operators, columns["operator"])
    categories, category = sorted_words(graph.categories, columns["category"])
    actions, action = sorted_words(graph.actions, np.array(graph.acted[1], dtype=np.int64))
    table = TaskTable(
        bases=bases,
        units=tuple(r for r in kinds[Unit][0] if isinstance(r, Unit)),
        channels=tuple(r for r in kinds[Channel][0] if isinstance(r, Channel)),
        buffers=tuple(r for r in kinds[Buffer][0] if isinstance(r, Buffer)),
        operators=operators,
        categories=categories,
        actions=actions,
        base=base[order],
        index=columns["index"][order],
        unit=kinds[Unit][1][columns["unit"][order]],
        amount=columns["amount"][order],
        duration_ps=columns["duration_ps"][order],
        channel=kinds[Channel][1][columns["channel"][order]],
        transfer_bytes=columns["bytes"][order],
        priority=columns["priority"][order],
        operator=operator[order],
        category=category[order],
        row_of_handle=row_of_handle,
        acquire=slots(graph.acquired, row_of_handle, kinds[Buffer][1]),
        release=slots(graph.released, row_of_handle, kinds[Buffer][1]),
        action=Ragged.build(
            len(order), row_of_handle[np.array(graph.acted[0], dtype=np.int64)], action, np.array(graph.acted[2])
        ),
        **edges(graph, row_of_handle, problems),
    )
    problems += problems_of(table)
    if problems:
        raise InputError(problems)
    return table


def sorted_words(words: dict[str, int], numbers: Ints) -> tuple[tuple[str, ...], Ints]:
    """The words in natural order, and the numbers that refer to them renumbered."""
    ordered = sorted(words, key=natural)
    renumber = np.zeros(len(words), dtype=np.int64)
    renumber[[words[word] for word in ordered]] = np.arange(len(words))
    return tuple(ordered), renumber[numbers] if len(words) else numbers


def sorted_resources(graph: TaskGraph, kind: type[Resource]) -> tuple[list[Resource], Ints]:
    """The resources of a kind in natural order, and for each position in the graph (and NONE) the new number."""
    found = sorted((r for r in graph.resources.values() if isinstance(r, kind)), key=lambda r: natural(r.name))
    renumber = np.full(len(graph.resources) + 1, NONE, dtype=np.int64)  # the last entry stands for NONE = -1
    renumber[[graph.positions[r.name] for r in found]] = np.arange(len(found))
    return found, renumber


def slots(triples: Iterable[Iterable[int]], row_of_handle: Ints, buffer: Ints) -> Ragged:
    """Acquired or released slots by row; entries of unknown buffers are left out (the graph holds a problem for each)."""
    task, position, count = (np.array(column, dtype=np.int64) for column in triples)
    known = position != NONE
    return Ragged.build(len(row_of_handle), row_of_handle[task[known]], buffer[position[known]], count[known])


def edges(graph: TaskGraph, row_of_handle: Ints, problems: list[Problem]) -> dict[str, Ragged]:
    """Dependencies in both directions. Adds a problem for every task that is waited for and does not exist."""
    task, on = (np.array(column, dtype=np.int64) for column in graph.edges)
    count = len(row_of_handle)
    lost = (on < 0) | (on >= count)
    for one, other in zip(task[lost].tolist(), on[lost].tolist(), strict=True):
        problems.append(Problem(f"task '{graph.name(one)}'", f"waits for {other}; handles of this graph are 0 to {count - 1}"))
    task, on = row_of_handle[task[~lost]], row_of_handle[on[~lost]]
    if graph.named_edges:
        by_name = {graph.name(handle): handle for handle in range(count)}
        for handle, name in graph.named_edges:
            if name not in by_name:
                problems.append(Problem(f"task '{graph.name(handle)}'", f"waits for '{name}', which is not there"))
        found = [(handle, by_name[name]) for handle, name in graph.named_edges if name in by_name]
        task = np.concatenate([task, row_of_handle[[one for one, _ in found]]]) if found else task
        on = np.concatenate([on, row_of_handle[[other for _, other in found]]]) if found else on
    ones = np.ones(len(task), dtype=np.int64)
    return {"before": Ragged.build(count, task, on, ones), "after": Ragged.build(count, on, task, ones)}
