"""A row of a table as the arguments of the call that would add the task."""

from __future__ import annotations

from typing import Any

from narrowgauge.sim.graph import NONE, TaskGraph
from narrowgauge.sim.table import Ragged, TaskTable


def arguments(table: TaskTable, row: int) -> dict[str, Any]:
    """Arguments of `TaskGraph.task` that add the task, everything by name; those at their default are left out."""
    unit, channel = int(table.unit[row]), int(table.channel[row])
    values = {
        "name": table.name(row),
        "after": [table.name(before) for before, _ in table.before.of(row)],
        "unit": "" if unit == NONE else table.units[unit].name,
        "amount": int(table.amount[row]) if table.amount[row] != 1 else 0,
        "duration_ps": int(table.duration_ps[row]),
        "transfer": () if channel == NONE else (table.channels[channel].name, int(table.transfer_bytes[row])),
        "acquire": named(table.acquire, row, [buffer.name for buffer in table.buffers]),
        "release": named(table.release, row, [buffer.name for buffer in table.buffers]),
        "priority": int(table.priority[row]),
        "operator": table.operators[table.operator[row]],
        "category": table.categories[table.category[row]],
        "actions": named(table.action, row, list(table.actions)),
    }
    return {key: value for key, value in values.items() if value or key == "name"}


def named(ragged: Ragged, row: int, names: list[str]) -> dict[str, float]:
    """The counts of a row by name."""
    return {names[item]: count for item, count in ragged.of(row)}


def add_resources(table: TaskTable, graph: TaskGraph, buffers: set[str]) -> None:
    """Give a graph the units and channels of a table, and the buffers of those names."""
    for unit in table.units:
        graph.unit(unit.name, unit.capacity, unit.order)
    for channel in table.channels:
        graph.channel(channel.name, channel.bytes_per_us)
    for buffer in table.buffers:
        if buffer.name in buffers:
            graph.buffer(buffer.name, buffer.slots)
