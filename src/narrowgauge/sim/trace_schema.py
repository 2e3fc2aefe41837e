"""What a trace file may hold: the part of the Chrome trace format that `trace` writes. `Trace.model_validate_json` checks a file;
`Trace.model_json_schema` is the same as a JSON schema."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Microseconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1)]


class Record(BaseModel):
    """An event; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text
    pid: int
    tid: int


class Label(BaseModel):
    """The arguments of an event that names something."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text


class Metadata(Record):
    """The name of a process or track."""

    ph: Literal["M"]
    name: Literal["process_name", "thread_name"]
    args: Label


class Span(Record):
    """A task on its track."""

    ph: Literal["X"]
    cat: Text
    ts: Microseconds
    dur: Microseconds
    args: dict[str, str]


class FlowStart(Record):
    """The beginning of an arrow."""

    ph: Literal["s"]
    cat: Text
    id: int
    ts: Microseconds


class FlowEnd(Record):
    """The end of an arrow, at the span that holds its moment."""

    ph: Literal["f"]
    bp: Literal["e"]
    cat: Text
    id: int
    ts: Microseconds


class Counter(Record):
    """A value from this moment on."""

    ph: Literal["C"]
    ts: Microseconds
    args: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]]


Event = Annotated[Metadata | Span | FlowStart | FlowEnd | Counter, Field(discriminator="ph")]


class Trace(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    displayTimeUnit: Literal["ns", "ms"]  # noqa: N815 (the format's own spelling)
    traceEvents: list[Event]  # noqa: N815
    otherData: dict[str, Any]  # noqa: N815
