"""What no schedule can beat: the roofline of every resource, and the longest chain of tasks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from narrowgauge.sim.graph import NONE
from narrowgauge.sim.resources import WORK_PER_BYTE
from narrowgauge.sim.table import Ragged, TaskTable

LONGEST_PATH = "longest path"
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Bound:
    """Least times by cause: each unit and channel by name, and `longest path`."""

    by_cause_ps: dict[str, int]

    @property
    def makespan_ps(self) -> int:
        """The largest of them: every schedule of every engine takes at least this long."""
        return max(self.by_cause_ps.values())

    @property
    def limited_by(self) -> str:
        """Its cause."""
        return max(self.by_cause_ps, key=self.by_cause_ps.__getitem__)


def bound(table: TaskTable) -> Bound:
    """Of a unit: the use × time that is asked of it over its capacity. Of a channel: all bytes at its full rate. Of the longest
    path: every task as if it had everything to itself."""
    alone_ps = least_transfer_ps(table)
    held_ps = table.duration_ps + alone_ps
    causes = {LONGEST_PATH: longest_path_ps(table, held_ps)}
    for number, unit in enumerate(table.units):
        on = table.unit == number
        causes[unit.name] = rounded_up(dot(table.amount[on], held_ps[on]), unit.capacity)
    for number, channel in enumerate(table.channels):
        moved = table.transfer_bytes[table.channel == number]
        causes[channel.name] = rounded_up(int(moved.sum()) * WORK_PER_BYTE, channel.bytes_per_us)
    return Bound(causes)


def least_transfer_ps(table: TaskTable) -> Ints:
    """Time of each transfer alone. A channel may carry over less than one unit of work for each other transfer."""
    least = np.zeros(len(table), dtype=np.int64)
    for number, channel in enumerate(table.channels):
        on = table.channel == number
        work = table.transfer_bytes[on] * WORK_PER_BYTE - (int(on.sum()) - 1)
        least[on] = np.maximum(-(-work // channel.bytes_per_us), np.minimum(table.transfer_bytes[on], 1))
    return least


def longest_path_ps(table: TaskTable, held_ps: Ints) -> int:
    """The makespan of the graph without resources, by the engine that runs it with them."""
    from narrowgauge.sim.compiled import run_compiled

    nothing, nobody = Ragged.build(len(table), *(np.zeros(0, dtype=np.int64) for _ in range(3))), np.full(len(table), NONE)
    free = replace(table, unit=nobody, channel=nobody, acquire=nothing, release=nothing, duration_ps=held_ps)
    return int(run_compiled(free).end_ps.max(initial=0))


def dot(amounts: Ints, times_ps: Ints) -> int:
    """Sum of products that cannot overflow."""
    return sum(int(amount) * int(times_ps[amounts == amount].sum()) for amount in np.unique(amounts))


def rounded_up(work: int, rate: int) -> int:
    """The time that work takes at a rate."""
    return -(-work // rate)
