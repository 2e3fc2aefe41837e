"""A task graph as JSON: resources and tasks by name, in the order of names, so equal graphs give equal files."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.sim.arguments import arguments
from narrowgauge.sim.graph import TaskGraph

VERSION = 1


class Form(BaseModel):
    """An object of the file; unknown keys are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class UnitForm(Form):
    """A unit, see `TaskGraph.unit`."""

    name: str
    capacity: int
    order: str


class ChannelForm(Form):
    """A channel, see `TaskGraph.channel`."""

    name: str
    bytes_per_us: int


class BufferForm(Form):
    """A buffer, see `TaskGraph.buffer`."""

    name: str
    slots: int


class TaskForm(Form):
    """A task, see `TaskGraph.task`; what is at its default is left out."""

    name: str
    after: list[str] = []
    unit: str | None = None
    amount: int = 1
    duration_ps: int = 0
    transfer: tuple[str, int] | None = None
    acquire: dict[str, int] = {}
    release: dict[str, int] = {}
    priority: int = 0
    operator: str = ""
    category: str = ""
    actions: dict[str, float] = {}


class GraphForm(Form):
    """The file. `version` grows when a file of before would be read differently."""

    kind: Literal["narrowgauge.task-graph"]
    version: Literal[1]
    units: list[UnitForm] = Field(default=[])
    channels: list[ChannelForm] = Field(default=[])
    buffers: list[BufferForm] = Field(default=[])
    tasks: list[TaskForm] = Field(default=[])


def write_json(graph: TaskGraph) -> str:
    """The graph as JSON, one task per line; `read_json` gives back one that is written the same and has the same schedule.

    Raises InputError for a faulty graph."""
    table = graph.table()
    head = {
        "kind": "narrowgauge.task-graph",
        "version": VERSION,
        "units": [{"name": unit.name, "capacity": unit.capacity, "order": str(unit.order)} for unit in table.units],
        "channels": [{"name": channel.name, "bytes_per_us": channel.bytes_per_us} for channel in table.channels],
        "buffers": [{"name": buffer.name, "slots": buffer.slots} for buffer in table.buffers],
    }
    sections = [f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items()]
    tasks = ",\n".join(f"  {json.dumps(arguments(table, row), ensure_ascii=False)}" for row in range(len(table)))
    return "{\n" + ",\n".join([*sections, f' "tasks": [\n{tasks}\n ]']) + "\n}\n"


def read_json(text: str, source: str = "task graph") -> TaskGraph:
    """The graph that `write_json` wrote. Raises one InputError with every fault of form, each with its path behind `source` (the
    name of the file); faults of the graph itself are told when it is run."""
    try:
        form = GraphForm.model_validate_json(text)
    except ValidationError as error:
        raise InputError([problem(source, dict(fault)) for fault in error.errors()]) from None
    graph = TaskGraph()
    for unit in form.units:
        graph.unit(unit.name, unit.capacity, unit.order)
    for channel in form.channels:
        graph.channel(channel.name, channel.bytes_per_us)
    for buffer in form.buffers:
        graph.buffer(buffer.name, buffer.slots)
    for task in form.tasks:
        graph.task(**{key: getattr(task, key) for key in task.model_fields_set})
    return graph


def problem(source: str, fault: dict[str, Any]) -> Problem:
    """A fault as pydantic tells it, in our words where a key is unknown."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        forms: dict[str, type[Form]] = {"units": UnitForm, "channels": ChannelForm, "buffers": BufferForm, "tasks": TaskForm}
        form = forms.get(str(fault["loc"][0]), GraphForm) if len(fault["loc"]) > 1 else GraphForm
        return Problem(f"{source}{path}", f"unknown key; {nearest(str(fault['loc'][-1]), form.model_fields)}")
    given = "" if fault["type"] in ("missing", "json_invalid") else f", given {fault['input']!r}"
    return Problem(f"{source}{path}", f"{fault['msg']}{given}")
