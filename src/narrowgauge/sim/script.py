"""A graph as a short Python script that rebuilds it: what `repr` shows, and what a failed property test prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from narrowgauge.sim.graph import NONE
from narrowgauge.sim.resources import Buffer, Channel, Resource, Unit

if TYPE_CHECKING:
    from narrowgauge.sim.graph import TaskGraph

SHOWN = 200  # tasks; a longer script is for files, see `document`


def script(graph: TaskGraph) -> str:
    """Statements that build an equal graph, resources first; tasks in the order in which they were added. Of a graph of more than
    200 tasks, the first ones and how many there are."""
    lines = ["graph = TaskGraph()", *(resource_line(resource) for resource in graph.resources.values())]
    arguments = optional_arguments(graph)
    lines += [f"graph.task({', '.join([repr(graph.name(row)), *arguments[row]])})" for row in range(min(len(graph), SHOWN))]
    if len(graph) > SHOWN:
        lines.append(f"# and {len(graph) - SHOWN:,} more tasks")
    return "\n".join(lines)


def resource_line(resource: Resource) -> str:
    """The statement that adds a resource."""
    match resource:
        case Unit(name, capacity, order):
            return f"graph.unit({name!r}, {capacity}, {str(order)!r})"
        case Channel(name, rate):
            return f"graph.channel({name!r}, {rate})"
        case Buffer(name, slots):
            return f"graph.buffer({name!r}, {slots})"


def optional_arguments(graph: TaskGraph) -> list[list[str]]:
    """For each of the first tasks, those arguments that differ from the defaults."""
    count = min(len(graph), SHOWN)
    resources, actions = list(graph.resources), list(graph.actions)
    after: list[list[str]] = [[] for _ in range(count)]
    named = zip(*graph.edges, strict=True)
    for task, earlier in [*((t, graph.name(o)) for t, o in named if 0 <= o < len(graph)), *graph.named_edges]:
        if task < count:
            after[task].append(earlier)
    lists: dict[str, list[dict[str, float]]] = {}
    columns: dict[str, tuple[tuple[Iterable[Any], ...], list[str]]] = {
        "acquire": (graph.acquired, resources),
        "release": (graph.released, resources),
        "actions": (graph.acted, actions),
    }
    for what, (triples, names) in columns.items():
        lists[what] = [{} for _ in range(count)]
        for task, item, number in zip(*triples, strict=True):
            if task < count and item != NONE:
                lists[what][task][names[item]] = number
    answer = []
    for row in range(count):
        given = {name: column[row] for name, column in graph.columns.items()}
        unit, channel = (None if given[kind] == NONE else resources[given[kind]] for kind in ("unit", "channel"))
        shown = {
            "after": after[row],
            "unit": unit,
            "amount": given["amount"] if given["amount"] != 1 else None,
            "duration_ps": given["duration_ps"],
            "transfer": (channel, given["bytes"]) if channel else None,
            **{what: lists[what][row] for what in lists},
            "priority": given["priority"],
            "operator": list(graph.operators)[given["operator"]],
            "category": list(graph.categories)[given["category"]],
        }
        answer.append([f"{name}={value!r}" for name, value in shown.items() if value])
    return answer
