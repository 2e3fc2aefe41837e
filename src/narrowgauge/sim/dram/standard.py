"""A memory standard as data: organisation, timings, commands, requests and constraints of one channel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cached_property

from narrowgauge.provenance import Quantity
from narrowgauge.sim.dram.expression import cycles
from narrowgauge.units import BITS_PER_BYTE, PS_PER_S

PS_PER_NS = 1000


def in_cycles(entry: Quantity, tck_ps: int) -> int:
    """The one conversion of a timing into cycles: ns are rounded up, cycles stay."""
    return math.ceil(round(entry.value * PS_PER_NS, 6) / tck_ps) if entry.unit == "ns" else int(entry.value)


class Level(IntEnum):
    """The hierarchy of a channel, from the whole to one bank."""

    CHANNEL = 0
    PSEUDO_CHANNEL = 1
    RANK = 2
    BANK_GROUP = 3
    BANK = 4


class Bus(StrEnum):
    """Which of the two command buses carries a command."""

    ROW = "row"
    COLUMN = "column"


class Effect(StrEnum):
    """What a command does to the row buffers that it reaches."""

    OPEN = "open"
    CLOSE = "close"
    READ = "read"
    WRITE = "write"
    REFRESH = "refresh"
    NONE = "none"


class BankSet(StrEnum):
    """The banks that a command reaches from the bank it is addressed to."""

    BANK = "bank"
    GROUP = "group"  # its bank group
    HALF = "half"  # the banks of its rank with a number of the same parity
    RANK = "rank"
    SAME = "same"  # the bank of its number in every group, rank and pseudo-channel
    PSEUDO = "pseudo"  # the bank of its place in every pseudo-channel
    ALL = "all"  # the whole channel


@dataclass(frozen=True)
class Command:
    """A command: the level at which it is addressed, its bus, its effect, the banks and the row buffer it reaches."""

    name: str
    level: Level
    bus: Bus
    effect: Effect
    banks: BankSet
    buffer: int = 0


@dataclass(frozen=True)
class RequestKind:
    """What a controller is asked for: a column command, the commands that open and close its row (None: it needs no row),
    and `done`, the time from the column command to the end of its data."""

    name: str
    column: str
    open: str | None
    close: str | None
    done: str
    done_cycles: int


@dataclass(frozen=True)
class Constraint:
    """After any command of `before`, any command of `after` waits `latency_cycles` on the same node of level `scope`.

    With a window of n it counts from the n-th last command; with `others` it holds on the sibling nodes instead."""

    scope: Level
    before: tuple[str, ...]
    after: tuple[str, ...]
    latency: str
    latency_cycles: int
    window: int = 1
    others: bool = False

    @property
    def name(self) -> str:
        """`rank: ACT -> ACT (window 4)`, the name by which a standard removes it."""
        return constraint_name(self.scope, self.before, self.after, self.window, self.others)


def constraint_name(scope: Level, before: tuple[str, ...], after: tuple[str, ...], window: int, others: bool) -> str:
    """The name of a constraint."""
    extra = (f" (window {window})" if window > 1 else "") + (" (others)" if others else "")
    return f"{scope.name.lower()}: {' '.join(before)} -> {' '.join(after)}{extra}"


@dataclass(frozen=True)
class Organisation:
    """Shape of one channel. A row has `columns` bursts; a rank has `banks` banks."""

    pseudo_channels: int
    ranks: int
    bank_groups: int
    banks_per_group: int
    rows: int
    page_bytes: int
    burst_bytes: int
    data_bits: int

    @property
    def columns(self) -> int:
        """Bursts of a row."""
        return self.page_bytes // self.burst_bytes

    @property
    def banks(self) -> int:
        """Banks of a rank."""
        return self.bank_groups * self.banks_per_group

    @property
    def channel_banks(self) -> int:
        """Banks of a channel: ranks and pseudo-channels together."""
        return self.pseudo_channels * self.ranks * self.banks

    @property
    def channel_bytes(self) -> int:
        """Capacity of a channel."""
        return self.channel_banks * self.rows * self.page_bytes


@dataclass(frozen=True)
class EnergySheet:
    """Energies: pJ of a command, and for what is not known the reason. Currents in mA and V, background power in mW."""

    command_pj: Mapping[str, Quantity]
    currents: Mapping[str, Quantity]
    relative: Mapping[str, Quantity]
    background_mw: Mapping[str, Quantity]
    command_unavailable: str
    background_unavailable: str


@dataclass(frozen=True)
class Standard:
    """Everything a channel obeys. `timing` is in cycles; `quantities` holds each number as its source states it, `pim`
    the sizes of units in the memory.

    `changed` names the timings of a what-if variant, with the reason where one followed from another."""

    name: str
    title: str
    tck_ps: int
    organisation: Organisation
    timing: Mapping[str, int]
    commands: Mapping[str, Command]
    requests: Mapping[str, RequestKind]
    constraints: tuple[Constraint, ...]
    pim: Mapping[str, int]
    controller: Mapping[str, str | int | bool]
    energy: EnergySheet
    quantities: Mapping[str, Quantity]
    changed: tuple[str, ...] = ()

    @cached_property
    def pin_gb_per_s(self) -> float:
        """Bandwidth of one channel's data pins: a burst every nBL cycles on each pseudo-channel."""
        org = self.organisation
        return org.pseudo_channels * org.burst_bytes / (self.timing["nBL"] * self.tck_ps) * PS_PER_S / 1e9

    @property
    def burst_length(self) -> int:
        """Transfers of a burst on each data pin."""
        return self.organisation.burst_bytes * BITS_PER_BYTE // self.organisation.data_bits

    def cycles(self, expression: str) -> int:
        """Value of an expression of timing names."""
        return cycles(expression, self.timing)
