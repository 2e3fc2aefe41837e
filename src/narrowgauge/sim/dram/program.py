"""Command programs: lists of requests with barriers, as a PIM runtime sends them to one channel.

    program = Program.build([Step("write-global", repeat=8), Barrier(), Step("mac-all", row=3, repeat=32)])

Opening and closing rows is the controller's work, so a program says what is to be done and not when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narrowgauge.errors import InputError, nearest
from narrowgauge.sim.dram.hierarchy import bank_number
from narrowgauge.sim.dram.standard import Standard

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class ChannelRequests:
    """Requests of one channel: names of kinds by number, banks by number in the channel, rows, barrier groups,
    and 1 where all data before must have ended."""

    kind: Integers
    bank: Integers
    row: Integers
    group: Integers
    drain: Integers

    def table(self) -> Integers:
        """One row for each request, in the columns of the compiled engine."""
        return np.column_stack([self.kind, self.bank, self.row, self.group, self.drain])

    def only(self, mine: NDArray[np.bool_]) -> ChannelRequests:
        """Those that `mine` marks."""
        return ChannelRequests(self.kind[mine], self.bank[mine], self.row[mine], self.group[mine], self.drain[mine])


@dataclass(frozen=True)
class Step:
    """`repeat` requests of one kind to one row of one bank."""

    kind: str
    row: int = 0
    bank: int = 0
    bank_group: int = 0
    rank: int = 0
    pseudo_channel: int = 0
    repeat: int = 1


@dataclass(frozen=True)
class Barrier:
    """What follows waits until everything before it has been issued, with `drain` until all its data has ended."""

    drain: bool = False


@dataclass(frozen=True)
class Program:
    """Steps and barriers, with a name for reports."""

    name: str
    steps: tuple[Step | Barrier, ...]

    @classmethod
    def build(cls, name: str, steps: Iterable[Step | Barrier]) -> Program:
        """A program from any iterable of steps."""
        return cls(name, tuple(steps))

    def __len__(self) -> int:
        """Requests of the program."""
        return sum(step.repeat for step in self.steps if isinstance(step, Step))

    def resolve(self, standard: Standard) -> ChannelRequests:
        """The requests as arrays; raises InputError for kinds and rows that the standard does not have."""
        kinds, org = list(standard.requests), standard.organisation
        columns: list[tuple[int, ...]] = []
        group, drains = 0, False
        for step in self.steps:
            if isinstance(step, Barrier):
                group, drains = group + 1, step.drain
                continue
            if step.kind not in kinds:
                raise InputError(
                    f"program {self.name}: {standard.name} has no request '{step.kind}'; {nearest(step.kind, kinds)}"
                )
            if not 0 <= step.row < org.rows:
                raise InputError(f"program {self.name}: row {step.row} is beyond the {org.rows} rows of a bank")
            bank = bank_number(org, step.pseudo_channel, step.rank, step.bank_group, step.bank)
            columns.append((kinds.index(step.kind), bank, step.row, group, step.repeat, drains))
            drains = False
        if not columns:
            raise InputError(f"program {self.name} has no requests")
        table = np.array(columns, np.int64).T
        repeat, drain = table[-2:]
        first = np.zeros(repeat.sum(), np.int64)
        first[np.cumsum(repeat) - repeat] = drain
        kinds_of, banks, rows, groups = (np.repeat(column, repeat) for column in table[:-2])
        return ChannelRequests(kinds_of, banks, rows, groups, first)
