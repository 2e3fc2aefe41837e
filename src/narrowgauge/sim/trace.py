"""A schedule as a Chrome trace for Perfetto (ui.perfetto.dev) or chrome://tracing.

Processes are `units` (a track for each place of each unit), `channels` (a track for each transfer in flight) and `latency` (tasks
without unit). Arrows are dependencies. Counters show the bytes per second and the transfers in flight of each channel, the bytes
per second of each action that counts bytes (`dram_byte`; means over windows, each task's bytes spread over its time), and power
where actions have energies. Times are microseconds with six decimals, which are picoseconds."""

from __future__ import annotations

import heapq
import json
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from narrowgauge.sim.graph import NONE
from narrowgauge.sim.schedule import Schedule
from narrowgauge.units import PS_PER_S, PS_PER_US

Event = dict[str, Any]
Ints = npt.NDArray[np.int64]
UNITS, CHANNELS, LATENCY, COUNTERS = 1, 2, 3, 4  # process numbers
WINDOWS = 400  # of the makespan, over which rates of counted bytes are means
BYTES = "_byte"
PROCESSES = {UNITS: "units", CHANNELS: "channels", LATENCY: "latency", COUNTERS: "counters"}


def write_trace(schedule: Schedule, units: Collection[str] | None = None) -> str:
    """The trace as JSON text, valid by `trace_schema.Trace`. `units` names those whose tracks are drawn (all, if None): then
    tasks without unit are left out. Channels and counters are always those of the whole schedule."""
    events = [{"ph": "M", "name": "process_name", "pid": pid, "tid": 0, "args": {"name": n}} for pid, n in PROCESSES.items()]
    place: dict[int, tuple[int, int]] = {}  # process and track on which a task's arrows begin and end
    events += tracks(schedule, place, units)
    events += arrows(schedule, place)
    events += counters(schedule)
    return json.dumps({"displayTimeUnit": "ns", "traceEvents": events, "otherData": schedule.manifest()}, ensure_ascii=False)


def tracks(schedule: Schedule, place: dict[int, tuple[int, int]], drawn: Collection[str] | None = None) -> Iterator[Event]:
    """The tasks on their tracks, and the names of these. Enters each task's track into `place`."""
    table, times = schedule.table, schedule.times
    groups = [
        (UNITS, unit.name, np.flatnonzero(table.unit == n), times.start_ps)
        for n, unit in enumerate(table.units)
        if drawn is None or unit.name in drawn
    ]
    if drawn is None:
        groups.append((LATENCY, "latency", np.flatnonzero((table.unit == NONE) & (table.duration_ps > 0)), times.start_ps))
    for number, channel in enumerate(table.channels):
        groups.append((CHANNELS, channel.name, np.flatnonzero(table.channel == number), schedule.transfer_start_ps))
    used = dict.fromkeys(PROCESSES, 0)
    for process, name, rows, begin_ps in groups:
        end_ps = np.minimum(times.end_ps, schedule.transfer_start_ps) if process == LATENCY else times.end_ps
        amounts = table.amount[rows] if process == UNITS else np.ones(len(rows), dtype=np.int64)
        lane = lanes(begin_ps[rows], end_ps[rows], amounts)
        for number in range(int(lane.max(initial=-1)) + 1):
            label = f"{name}[{number}]"
            yield {"ph": "M", "name": "thread_name", "pid": process, "tid": used[process] + number, "args": {"name": label}}
        for row, track in zip(rows.tolist(), (lane + used[process]).tolist(), strict=True):
            place.setdefault(row, (process, track))
            yield {
                "ph": "X",
                "name": table.name(row),
                "cat": table.categories[table.category[row]] or "task",
                "pid": process,
                "tid": track,
                "ts": int(begin_ps[row]) / PS_PER_US,
                "dur": int(end_ps[row] - begin_ps[row]) / PS_PER_US,
                "args": {"operator": table.operators[table.operator[row]], "bound_by": schedule.bound_by[row]},
            }
        used[process] += int(lane.max(initial=-1)) + 1


def lanes(start: Ints, end: Ints, amount: Ints) -> Ints:
    """The lowest free track for each interval; one that counts for several keeps as many busy and is drawn on the first."""
    answer = np.zeros(len(start), dtype=np.int64)
    free: list[int] = []
    busy: list[tuple[int, int]] = []
    opened = 0
    for position in np.lexsort((end, start)).tolist():
        while busy and busy[0][0] <= start[position]:
            heapq.heappush(free, heapq.heappop(busy)[1])
        for part in range(int(amount[position])):
            if not free:
                free.append(opened)
                opened += 1
            lane = heapq.heappop(free)
            heapq.heappush(busy, (int(end[position]), lane))
            if part == 0:
                answer[position] = lane
    return answer


def arrows(schedule: Schedule, place: dict[int, tuple[int, int]]) -> Iterator[Event]:
    """From the end of each task to the start of those that depend on it; tasks that take no time on any track have none."""
    before, times = schedule.table.before, schedule.times
    for number, (row, earlier) in enumerate(zip(before.row.tolist(), before.item.tolist(), strict=True)):
        if row in place and earlier in place:
            label = {"name": "dependency", "cat": "dependency", "id": number}
            for phase, at, ps in (("s", place[earlier], times.end_ps[earlier]), ("f", place[row], times.start_ps[row])):
                end = {"bp": "e"} if phase == "f" else {}
                yield {"ph": phase, **label, **end, "pid": at[0], "tid": at[1], "ts": int(ps) / PS_PER_US}


def counters(schedule: Schedule) -> Iterator[Event]:
    """Values from each moment on at which they change."""
    table, times = schedule.table, schedule.times
    for number, channel in enumerate(table.channels):
        on = table.channel == number
        rate_gb_per_s = channel.bytes_per_us * (PS_PER_S // PS_PER_US) / 1e9
        for ps, flights in steps(schedule.transfer_start_ps[on], times.end_ps[on], np.ones(int(on.sum()))):
            yield counter(f"{channel.name}: GB/s", ps, rate_gb_per_s if flights else 0.0)
            yield counter(f"{channel.name}: transfers", ps, round(flights))
    yield from byte_rates(schedule)
    if schedule.prices_pj is not None:
        lasting = np.flatnonzero(times.end_ps > times.start_ps)
        power_w = schedule.energy_pj[lasting] / (times.end_ps - times.start_ps)[lasting]  # a picojoule per picosecond is a watt
        for ps, value in steps(times.start_ps[lasting], times.end_ps[lasting], power_w):
            yield counter("power: W", ps, max(value, 0.0))


def byte_rates(schedule: Schedule) -> Iterator[Event]:
    """Mean rates over `WINDOWS` equal windows of what is counted in bytes."""
    table, times = schedule.table, schedule.times
    edges = np.unique(np.linspace(0, schedule.makespan_ps, WINDOWS + 1).astype(np.int64))
    for number, action in enumerate(table.actions):
        entries = np.flatnonzero(table.action.item == number)
        if not action.endswith(BYTES) or len(edges) < 2:  # noqa: PLR2004 - a window has two edges
            continue
        rows, count = table.action.row[entries], table.action.count[entries]
        start, lasts = times.start_ps[rows], np.maximum(times.end_ps[rows] - times.start_ps[rows], 1)
        moved = np.array([float(np.dot(count, np.clip((edge - start) / lasts, 0.0, 1.0))) for edge in edges])
        gb_per_s = np.diff(moved) / np.diff(edges) * (PS_PER_S / 1e9)
        for ps, value in zip(edges.tolist(), [*gb_per_s.round(6).tolist(), 0.0], strict=True):
            yield counter(f"{action.removesuffix(BYTES)}: GB/s", ps, value)


def steps(start: Ints, end: Ints, height: npt.NDArray[np.float64]) -> Iterator[tuple[int, float]]:
    """The sum of boxes as a step function: (time, value from then on)."""
    moments, position = np.unique(np.concatenate([start, end]), return_inverse=True)
    change = np.bincount(position, np.concatenate([height, -height]), minlength=len(moments))
    yield from zip(moments.tolist(), np.cumsum(change).round(12).tolist(), strict=True)


def counter(name: str, ps: int, value: float) -> Event:
    """One value of a counter."""
    return {"ph": "C", "name": name, "pid": COUNTERS, "tid": 0, "ts": ps / PS_PER_US, "args": {"value": value}}
