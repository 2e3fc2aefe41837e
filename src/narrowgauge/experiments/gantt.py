"""A schedule as a Gantt chart, for graphs small enough to be looked at; longer ones go to Perfetto (`sim.trace`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from narrowgauge.errors import UnsupportedError
from narrowgauge.sim.graph import NONE
from narrowgauge.sim.schedule import Schedule
from narrowgauge.sim.trace import lanes
from narrowgauge.units import PS_PER_US

Ints = npt.NDArray[np.int64]
MOST_TASKS = 2000
INCHES_WIDE, INCHES_PER_LANE = 10.0, 0.3
PS_PER_NS = 1000


def draw_gantt(schedule: Schedule, path: Path) -> None:
    """Write the chart (the suffix says how: .svg, .png, .pdf). One line for each place of each unit, each transfer in flight and
    each fixed duration without unit; colours are categories, black frames the critical path.

    Raises UnsupportedError for more than 2000 tasks."""
    if len(schedule.table) > MOST_TASKS:
        raise UnsupportedError(
            f"a Gantt chart of {len(schedule.table):,} tasks cannot be read, {MOST_TASKS:,} can; write a trace"
        )
    from matplotlib.figure import Figure

    bars = list(lines(schedule))
    figure = Figure(figsize=(INCHES_WIDE, 1.0 + INCHES_PER_LANE * len(bars)), layout="constrained")
    axes = figure.add_subplot()
    scale, unit = (PS_PER_US, "µs") if schedule.makespan_ps >= PS_PER_US else (PS_PER_NS, "ns")
    critical = set(schedule.critical_path.rows)
    named: set[int] = set()
    for height, (_, rows, start, end) in enumerate(bars):
        for row, left, right in zip(rows.tolist(), start.tolist(), end.tolist(), strict=True):
            category = int(schedule.table.category[row])
            axes.barh(
                height,
                (right - left) / scale,
                left=left / scale,
                color=f"C{category % 10}",
                edgecolor="black" if row in critical else "none",
                label=None if category in named else schedule.table.categories[category] or "task",
            )
            named.add(category)
    axes.set_yticks(range(len(bars)), [name for name, *_ in bars])
    axes.invert_yaxis()
    axes.set_xlabel(f"time ({unit})")
    axes.set_xlim(0, max(schedule.makespan_ps / scale, 1e-9))
    if named:
        figure.legend(loc="outside upper right", ncols=6)
    figure.savefig(path)


def lines(schedule: Schedule) -> Iterator[tuple[str, Ints, Ints, Ints]]:
    """Name, tasks, starts and ends of each line of the chart."""
    table, times, moves = schedule.table, schedule.times, schedule.transfer_start_ps
    groups = [(unit.name, table.unit == n, times.start_ps, times.end_ps) for n, unit in enumerate(table.units)]
    groups.append(("latency", (table.unit == NONE) & (table.duration_ps > 0), times.start_ps, moves))
    groups += [(channel.name, table.channel == n, moves, times.end_ps) for n, channel in enumerate(table.channels)]
    for name, chosen, start, end in groups:
        rows = np.flatnonzero(chosen)
        lane = lanes(start[rows], end[rows], table.amount[rows] if name in {u.name for u in table.units} else np.ones_like(rows))
        for number in range(int(lane.max(initial=-1)) + 1):
            own = rows[lane == number]
            yield f"{name}[{number}]", own, start[own], end[own]
