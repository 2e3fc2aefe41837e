"""Command programs: lists of requests with barriers, as a PIM runtime sends them to one channel.

    program = Program.build([Step("write-global", repeat=8), Barrier(), Step("mac-all", row=3, repeat=32)])

Opening and closing rows is the controller's work, so a program says what is to be done and not when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from narrowgauge.errors import InputError, nearest
from narrowgauge.sim.dram.hierarchy import bank_number
from narrowgauge.sim.dram.standard import Standard


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
    """What follows waits until everything before it has been issued."""


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

    def resolve(self, standard: Standard):  # type: ignore[no-untyped-def]
        """The requests as arrays; raises InputError for kinds and rows that the standard does not have."""
        from narrowgauge.sim.dram.simulate import ChannelRequests

        kinds, org = list(standard.requests), standard.organisation
        columns: list[tuple[int, int, int, int, int]] = []
        group = 0
        for step in self.steps:
            if isinstance(step, Barrier):
                group += 1
                continue
            if step.kind not in kinds:
                raise InputError(
                    f"program {self.name}: {standard.name} has no request '{step.kind}'; {nearest(step.kind, kinds)}"
                )
            if not 0 <= step.row < org.rows:
                raise InputError(f"program {self.name}: row {step.row} is beyond the {org.rows} rows of a bank")
            bank = bank_number(org, step.pseudo_channel, step.rank, step.bank_group, step.bank)
            columns.append((kinds.index(step.kind), bank, step.row, group, step.repeat))
        if not columns:
            raise InputError(f"program {self.name} has no requests")
        *parts, repeat = np.array(columns, np.int64).T
        return ChannelRequests(*(np.repeat(part, repeat) for part in parts))
