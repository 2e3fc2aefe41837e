"""What an engine answers: when each task became ready, was served, started and ended, and what it waited for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from narrowgauge.errors import InputError, Problem
from narrowgauge.sim.check import listed
from narrowgauge.sim.graph import NONE
from narrowgauge.sim.table import TaskTable

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Times:
    """Columns in the rows of the table. A task is ready when everything before it has ended, and seated when it has its buffer
    slots; it starts when it has its unit and ends when its bytes have arrived.

    `waited_for` is the last resource that let the task wait (units, then buffers: `len(units) + buffer`), −1 if none did, and
    `let_in_by` the task whose end made room there at the moment it was served (the first by name if several did)."""

    ready_ps: Ints
    seated_ps: Ints
    start_ps: Ints
    end_ps: Ints
    waited_for: Ints
    let_in_by: Ints

    @classmethod
    def unknown(cls, tasks: int) -> Times:
        """All columns −1, for an engine to fill in."""
        return cls(*(np.full(tasks, NONE, dtype=np.int64) for _ in range(6)))


def finished(table: TaskTable, times: Times, asked: Ints, free: Ints, overfilled_ps: Ints) -> Times:
    """The times if every task ended and no buffer was given more than was taken; else an InputError that says who waits for what.

    `asked` is the resource that each task still waits for (−1: none), `free` the free amount of each resource at the end, and
    `overfilled_ps` when a buffer first had more free slots than it has (−1: never)."""
    problems = []
    units = len(table.units)
    for number, buffer in enumerate(table.buffers):
        when = int(overfilled_ps[units + number])
        if when != NONE:
            givers = table.release.row[table.release.item == number]
            culprits = listed(table, givers[times.end_ps[givers] == when])
            problems.append(Problem(f"buffer '{buffer.name}'", f"at {when} ps {culprits} give back slots that nobody has taken"))
    lost = np.flatnonzero(times.end_ps == NONE)
    for number, buffer in enumerate(table.buffers):
        waiting = np.flatnonzero(asked == units + number)
        if len(waiting):
            givers = table.release.row[table.release.item == number]
            givers = givers[times.end_ps[givers] == NONE]
            hope = (
                f"would be given back by {listed(table, givers)}, which never start" if len(givers) else "nobody gives any back"
            )
            text = f"{int(free[units + number])} of {buffer.slots} slots are free, {listed(table, waiting)} wait for more; {hope}"
            problems.append(Problem(f"buffer '{buffer.name}'", text))
    if len(lost):
        last = int(times.end_ps.max(initial=0))
        problems.insert(0, Problem("deadlock", f"{len(lost):,} of {len(table):,} tasks never start after {last} ps"))
    if problems:
        raise InputError(problems)
    return times
