"""What sets the makespan: one chain of tasks without a gap, from time 0 to the end, and what its time was spent on.

Going back from the task that ends last, each task started the moment another one ended: the task that made room in the unit or
buffer for which it had waited, or else the last of those that it depends on. So waiting never appears on the path as such: the
time belongs to whoever was waited for, and `entered_by` says how the path goes on from one task to the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from narrowgauge.errors import InputError, Problem
from narrowgauge.sim.graph import NONE
from narrowgauge.sim.schedule import Schedule


@dataclass(frozen=True)
class Segment:
    """A stretch of the critical path. `resource` is what the time was spent on: the name of a unit, of a channel (its bytes
    alone), `sharing NAME` (what other transfers added), or `latency` (a fixed duration without unit)."""

    row: int
    task: str
    operator: str
    category: str
    resource: str
    start_ps: int
    end_ps: int


@dataclass(frozen=True)
class CriticalPath:
    """Tasks of the chain, first to last, and for each why it started when it did: `start` (nothing before it), `dependency`,
    `unit NAME` or `buffer NAME`. The segments cover 0 to the makespan without a gap."""

    rows: tuple[int, ...]
    entered_by: tuple[str, ...]
    segments: tuple[Segment, ...]

    def share(self, by: str = "resource") -> dict[str, float]:
        """Fractions of the makespan by a field of the segments (`resource`, `operator`, `category`), the largest first."""
        if by not in ("resource", "operator", "category"):
            raise InputError([Problem("by", f"given {by!r}; allowed: resource, operator, category")])
        total: dict[str, int] = defaultdict(int)
        for segment in self.segments:
            total[getattr(segment, by)] += segment.end_ps - segment.start_ps
        makespan = sum(total.values())
        ordered = sorted(total.items(), key=lambda item: (-item[1], item[0]))
        return {name: length / makespan for name, length in ordered} if makespan else {}

    def limits(self) -> dict[str, dict[str, float]]:
        """For each operator on the path: the fractions of the makespan that it spends there, by resource."""
        makespan = self.segments[-1].end_ps if self.segments else 0
        answer: dict[str, dict[str, float]] = {}
        for segment in self.segments:
            if segment.end_ps > segment.start_ps:
                own = answer.setdefault(segment.operator, {})
                own[segment.resource] = own.get(segment.resource, 0.0) + (segment.end_ps - segment.start_ps) / makespan
        return answer

    def over_time(self, windows: int) -> list[dict[str, float]]:
        """What limits in each of so many equal parts of the makespan: fractions of that part by resource."""
        makespan = self.segments[-1].end_ps if self.segments else 0
        if not makespan:
            return [{} for _ in range(windows)]
        edges = np.linspace(0, makespan, windows + 1)
        answer: list[dict[str, float]] = [{} for _ in range(windows)]
        for segment in self.segments:
            first = int(np.searchsorted(edges, segment.start_ps, side="right")) - 1
            for window in range(first, windows):
                inside = min(segment.end_ps, edges[window + 1]) - max(segment.start_ps, edges[window])
                if inside <= 0:
                    break
                own = answer[window]
                own[segment.resource] = own.get(segment.resource, 0.0) + float(inside) * windows / makespan
        return answer


def critical_path(schedule: Schedule) -> CriticalPath:
    """The chain behind the task that ends last (the first by name of several)."""
    table, times = schedule.table, schedule.times
    rows, reasons = [], []
    row = int(np.argmax(times.end_ps)) if len(table) else NONE
    while row != NONE:
        before, reason = predecessor(schedule, row)
        rows.append(row)
        reasons.append(reason)
        row = before
    rows.reverse()
    return CriticalPath(tuple(rows), tuple(reversed(reasons)), tuple(s for row in rows for s in segments(schedule, row)))


def predecessor(schedule: Schedule, row: int) -> tuple[int, str]:
    """The task whose end let this one start, and why."""
    table, times = schedule.table, schedule.times
    waited = int(times.waited_for[row])
    if waited != NONE:
        units = len(table.units)
        reason = f"unit {table.units[waited].name}" if waited < units else f"buffer {table.buffers[waited - units].name}"
        return int(times.let_in_by[row]), reason
    before = table.before.item[table.before.start[row] : table.before.start[row + 1]]
    if len(before) == 0:
        return NONE, "start"
    return int(before[np.argmax(times.end_ps[before])]), "dependency"


def segments(schedule: Schedule, row: int) -> Iterator[Segment]:
    """Fixed duration, transfer, what sharing added to it; those that take no time are left out."""
    table = schedule.table
    start, end = int(schedule.times.start_ps[row]), int(schedule.times.end_ps[row])
    moves = int(schedule.transfer_start_ps[row])
    alone = min(moves + int(schedule.alone_ps[row]), end)
    unit = "latency" if table.unit[row] == NONE else table.units[table.unit[row]].name
    channel = "" if table.channel[row] == NONE else table.channels[table.channel[row]].name
    for resource, begin, until in ((unit, start, moves), (channel, moves, alone), (f"sharing {channel}", alone, end)):
        if until > begin:
            labels = (table.operators[table.operator[row]], table.categories[table.category[row]])
            yield Segment(row, table.name(row), *labels, resource, begin, until)
