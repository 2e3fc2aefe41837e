"""What can be wrong with a task graph that its parts do not show: duplicates, cycles, demands that cannot be met, overflow."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from narrowgauge.errors import Problem
from narrowgauge.sim.resources import WORK_PER_BYTE

if TYPE_CHECKING:
    from narrowgauge.sim.table import TaskTable

Ints = npt.NDArray[np.int64]
LARGEST_PS = 2**62
SHOWN = 5  # names of culprits in one message


def problems_of(table: TaskTable) -> list[Problem]:
    """Every fault of a table."""
    problems = [*duplicates(table), *demands(table), *overflow(table), *counts(table)]
    return problems + list(cycles(table))


def listed(table: TaskTable, rows: Ints) -> str:
    """The names of tasks, the first few where there are many."""
    names = ", ".join(f"'{table.name(row)}'" for row in rows[:SHOWN].tolist())
    return names if len(rows) <= SHOWN else f"{names} and {len(rows) - SHOWN:,} more"


def duplicates(table: TaskTable) -> Iterator[Problem]:
    """Tasks of the same name; they are neighbours in the table."""
    same = (table.base[1:] == table.base[:-1]) & (table.index[1:] == table.index[:-1])
    rows = np.flatnonzero(same)
    if len(rows):
        yield Problem("tasks", f"names are unique; more than one {listed(table, rows)}")


def demands(table: TaskTable) -> Iterator[Problem]:
    """Amounts beyond a unit's capacity, slots beyond a buffer's, more slots given back than taken."""
    for number, unit in enumerate(table.units):
        rows = np.flatnonzero((table.unit == number) & (table.amount > unit.capacity))
        if len(rows):
            what = f"capacity {unit.capacity} is less than what is asked for by {listed(table, rows)}"
            yield Problem(f"unit '{unit.name}'", what)
    for number, buffer in enumerate(table.buffers):
        taken, given = (ragged.count[ragged.item == number] for ragged in (table.acquire, table.release))
        rows = table.acquire.row[(table.acquire.item == number) & (table.acquire.count > buffer.slots)]
        if len(rows):
            yield Problem(f"buffer '{buffer.name}'", f"{buffer.slots} slots are less than what is taken by {listed(table, rows)}")
        if exact_sum(given) > exact_sum(taken):
            what = f"{exact_sum(given)} slots are given back and only {exact_sum(taken)} are taken"
            yield Problem(f"buffer '{buffer.name}'", what)


def counts(table: TaskTable) -> Iterator[Problem]:
    """Counts of actions that are no counts."""
    wrong = ~(np.isfinite(table.action.count) & (table.action.count >= 0))
    for row, action, count in zip(table.action.row[wrong], table.action.item[wrong], table.action.count[wrong], strict=True):
        what = f"action '{table.actions[action]}' counts {count}, allowed: a finite number from 0"
        yield Problem(f"task '{table.name(row)}'", what)


def overflow(table: TaskTable) -> Iterator[Problem]:
    """Totals that 64-bit times cannot hold. One task at a time is an upper bound of every schedule."""
    total_ps = exact_sum(table.duration_ps)
    for number, channel in enumerate(table.channels):
        on = table.channel == number
        work = exact_sum(table.transfer_bytes[on]) * WORK_PER_BYTE
        total_ps += work // channel.bytes_per_us + int(on.sum()) * 2
        if work + channel.bytes_per_us > LARGEST_PS:
            limit = (LARGEST_PS - channel.bytes_per_us) // WORK_PER_BYTE
            yield Problem(f"channel '{channel.name}'", f"{work // WORK_PER_BYTE:,} bytes in all, allowed: up to {limit:,}")
    if total_ps > LARGEST_PS:
        longest = np.argsort(-table.duration_ps, kind="stable")[:SHOWN]
        what = (
            f"take {total_ps:,} ps one after the other, allowed: up to {LARGEST_PS:,}; the longest are {listed(table, longest)}"
        )
        yield Problem("tasks", what)


def exact_sum(values: npt.NDArray[np.int64] | npt.NDArray[np.float64]) -> int:
    """The sum as a Python integer, whatever its size."""
    halves = values.astype(np.int64)
    return (int((halves >> 32).sum()) << 32) + int((halves & 0xFFFFFFFF).sum())


def cycles(table: TaskTable) -> Iterator[Problem]:
    """One cycle of every group of tasks that wait for each other."""
    handle = np.argsort(table.row_of_handle)
    if np.all(handle[table.before.item] < handle[table.before.row]):
        return  # everything waits for what was added earlier
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    shape = (len(table), len(table))
    waits = csr_array((np.ones(len(table.before.item), dtype=np.int8), table.before.item, table.before.start), shape=shape)
    _, group = connected_components(waits, directed=True, connection="strong")
    crowded = np.bincount(group)[group] > 1
    crowded[table.before.item[table.before.item == table.before.row]] = True
    seen: set[int] = set()
    for row in np.flatnonzero(crowded).tolist():
        if int(group[row]) not in seen:
            seen.add(int(group[row]))
            path = " → ".join(f"'{table.name(member)}'" for member in cycle_through(table, row, group))
            yield Problem("tasks", f"wait for each other in a cycle: {path}")


def cycle_through(table: TaskTable, row: int, group: npt.NDArray[np.int32]) -> list[int]:
    """A shortest way from a task over what waits for it back to itself."""
    came_from: dict[int, int] = {}
    queue = deque([row])
    while row not in came_from:
        member = queue.popleft()
        for waiting, _ in table.after.of(member):
            if group[waiting] == group[row] and waiting not in came_from:
                came_from[waiting] = member
                queue.append(waiting)
    path = [row]
    while len(path) == 1 or path[-1] != row:
        path.append(came_from[path[-1]])
    return path[::-1]
