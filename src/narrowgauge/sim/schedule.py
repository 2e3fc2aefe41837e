"""A finished run: when everything happened, how busy everything was, what it cost, and from what the answer was made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.sim.graph import NONE
from narrowgauge.sim.resources import WORK_PER_BYTE
from narrowgauge.sim.table import Ragged, TaskTable
from narrowgauge.sim.times import Times

if TYPE_CHECKING:
    import pandas as pd

    from narrowgauge.sim.critical import CriticalPath

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Schedule:
    """What an engine found for a graph. `prices_pj` is the energy of each action, None where nobody gave any."""

    table: TaskTable
    times: Times
    engine: str
    prices_pj: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        prices = self.prices_pj
        missing = [] if prices is None else [action for action in self.table.actions if action not in prices]
        if prices is not None and missing:
            raise InputError([Problem("prices_pj", f"action '{a}' has no energy; {nearest(a, prices)}") for a in missing])

    @cached_property
    def makespan_ps(self) -> int:
        """When the last task ends; 0 for no tasks."""
        return int(self.times.end_ps.max(initial=0))

    @cached_property
    def transfer_start_ps(self) -> Ints:
        """When the bytes of each task begin to move: its fixed duration after its start."""
        return self.times.start_ps + self.table.duration_ps

    @cached_property
    def alone_ps(self) -> Ints:
        """How long the transfer of each task takes when it has the channel to itself; 0 without transfer."""
        rates = np.array([channel.bytes_per_us for channel in self.table.channels] + [1], dtype=np.int64)
        work = np.where(self.table.channel == NONE, 0, self.table.transfer_bytes) * WORK_PER_BYTE
        return -(-work // rates[self.table.channel])

    def busy_ps(self) -> dict[str, int]:
        """Of each unit: use × time, summed (at most capacity × makespan). Of each channel: time with anything in flight."""
        table, times = self.table, self.times
        held = table.amount * (times.end_ps - times.start_ps)
        busy = {unit.name: int(held[table.unit == number].sum()) for number, unit in enumerate(table.units)}
        for number, channel in enumerate(table.channels):
            on = table.channel == number
            busy[channel.name] = covered(self.transfer_start_ps[on], times.end_ps[on])
        return busy

    @cached_property
    def energy_pj(self) -> Floats:
        """Energy of each task's actions. Raises InputError if no prices were given."""
        if self.prices_pj is None:
            raise InputError("prices_pj: no energies of actions were given to `run`")
        prices = np.array([self.prices_pj[action] for action in self.table.actions], dtype=np.float64)
        entries = self.table.action
        return np.bincount(entries.row, entries.count * prices[entries.item], minlength=len(self.table)).astype(np.float64)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The tidy table, one row per task in the order of names: task, operator, category, unit, channel, ready_ps, start_ps,
        end_ps, busy_ps (from start to end), wait_ps (from ready to start), bound_by, a column `actions.NAME` for each action, and
        energy_pj (missing if no prices were given)."""
        import pandas as pd

        table, times = self.table, self.times
        columns: dict[str, Any] = {
            "task": table.names,
            "operator": words(table.operators, table.operator),
            "category": words(table.categories, table.category),
            "unit": words([unit.name for unit in table.units], table.unit),
            "channel": words([channel.name for channel in table.channels], table.channel),
            "ready_ps": times.ready_ps,
            "start_ps": times.start_ps,
            "end_ps": times.end_ps,
            "busy_ps": times.end_ps - times.start_ps,
            "wait_ps": times.start_ps - times.ready_ps,
            "bound_by": self.bound_by,
        }
        for number, action in enumerate(table.actions):
            columns[f"actions.{action}"] = column_of(table.action, number)
        priced = self.prices_pj is not None
        columns["energy_pj"] = self.energy_pj if priced else np.full(len(table), np.nan)
        return pd.DataFrame(columns)

    @cached_property
    def bound_by(self) -> list[str]:
        """What took most of the time between ready and end of each task: its buffers or unit (waiting for them), a channel (its
        bytes alone), `sharing NAME` (what others on the channel added), or its own fixed duration, which is `latency` if it has
        no unit and else `work on NAME`. The first of equals in this order."""
        table, times = self.table, self.times
        flight = times.end_ps - self.transfer_start_ps
        parts = (times.seated_ps - times.ready_ps, times.start_ps - times.seated_ps, self.alone_ps, flight - self.alone_ps)
        largest = np.argmax(np.stack([*parts, table.duration_ps]), axis=0)
        units, channels = [unit.name for unit in table.units], [channel.name for channel in table.channels]
        answer = []
        for row, part in enumerate(largest.tolist()):
            unit, channel = int(table.unit[row]), int(table.channel[row])
            match part:
                case 0:
                    answer.append(" + ".join(table.buffers[buffer].name for buffer, _ in table.acquire.of(row)))
                case 1:
                    answer.append(units[unit])
                case 2:
                    answer.append(channels[channel])
                case 3:
                    answer.append(f"sharing {channels[channel]}")
                case _:
                    answer.append("latency" if unit == NONE else f"work on {units[unit]}")
        return answer

    @cached_property
    def critical_path(self) -> CriticalPath:
        """The chain of tasks that sets the makespan, see `critical`."""
        from narrowgauge.sim.critical import critical_path

        return critical_path(self)

    def manifest(self) -> dict[str, Any]:
        """What this was made from: engine, a hash of the graph, its resources, the prices of actions."""
        table = self.table
        return {
            "engine": self.engine,
            "graph_sha256": digest(table),
            "tasks": len(table),
            "makespan_ps": self.makespan_ps,
            "units": {unit.name: {"capacity": unit.capacity, "order": str(unit.order)} for unit in table.units},
            "channels": {channel.name: {"bytes_per_us": channel.bytes_per_us} for channel in table.channels},
            "buffers": {buffer.name: {"slots": buffer.slots} for buffer in table.buffers},
            "prices_pj": None if self.prices_pj is None else dict(self.prices_pj),
        }


def words(vocabulary: tuple[str, ...] | list[str], numbers: Ints) -> npt.NDArray[Any]:
    """The words that numbers stand for; nothing for NONE."""
    return np.array([*vocabulary, ""], dtype=object)[numbers]


def column_of(ragged: Ragged, item: int) -> Floats:
    """The counts of one item by row, 0 where a row has none."""
    own = ragged.item == item
    return np.bincount(ragged.row[own], ragged.count[own], minlength=len(ragged.start) - 1).astype(np.float64)


def covered(start: Ints, end: Ints) -> int:
    """The length of the union of intervals."""
    order = np.argsort(start, kind="stable")
    start, end = start[order], np.maximum.accumulate(end[order])
    before = np.concatenate([start[:1], end[:-1]])
    return int(np.maximum(end - np.maximum(start, before), 0).sum())


def digest(table: TaskTable) -> str:
    """A hash of everything in a table that a schedule depends on, and of its labels."""
    seen = hashlib.sha256()
    for field in fields(table):
        value = getattr(table, field.name)
        parts = (value.start, value.item, value.count) if isinstance(value, Ragged) else (value,)
        if field.name != "row_of_handle":
            for part in parts:
                seen.update(part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
    return seen.hexdigest()
