"""What tasks compete for: units, channels, buffers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from narrowgauge.units import PS_PER_US

#: a byte on a channel is this many units of work, so that a rate in bytes per microsecond is whole units per picosecond
WORK_PER_BYTE = PS_PER_US


class Order(StrEnum):
    """How a unit picks among tasks that wait: who came first, or who has the smallest `priority` number (then who came first)."""

    FIFO = "fifo"
    PRIORITY = "priority"


@dataclass(frozen=True)
class Unit:
    """Something that `capacity` tasks (or one that asks for that amount) use at a time: a tensor core, the CTA slots of an SM."""

    name: str
    capacity: int
    order: Order


@dataclass(frozen=True)
class Channel:
    """A link whose rate all transfers in flight share equally. `bytes_per_us` is a whole number (1 TB/s is 1,000,000)."""

    name: str
    bytes_per_us: int


@dataclass(frozen=True)
class Buffer:
    """A store of `slots` places that tasks take when they start and that these or other tasks give back when they end."""

    name: str
    slots: int


Resource = Unit | Channel | Buffer
