"""The PIM rate: how far apart two multiply-accumulates are kept, whatever else their timing is used for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from narrowgauge.sim.dram import Standard
from narrowgauge.sim.dram.standard import Constraint

INTERVAL = "mac_interval_cycles"


def pace(standard: Standard, command: str) -> Constraint:
    """The row of widest scope between two commands of that name, the longest of them; narrower rows may ask for more."""
    rows = [row for row in standard.constraints if command in row.before and command in row.after]
    return min(rows, key=lambda row: (row.scope, -row.latency_cycles))


def with_pace(standard: Standard, command: str, cycles: int) -> Standard:
    """The same memory with another interval between two commands of that name in the scope of their pace."""
    own = pace(standard, command)
    changed = replace(own, before=(command,), after=(command,), latency=INTERVAL, latency_cycles=cycles)
    others = (part for row in standard.constraints for part in (_without(row, command) if row.scope is own.scope else (row,)))
    return replace(standard, constraints=(*others, changed))


def _without(row: Constraint, command: str) -> Iterator[Constraint]:
    """What a row says of every pair but that of the command with itself."""
    if command not in row.before or command not in row.after:
        yield row
        return
    before, after = ([name for name in names if name != command] for names in (row.before, row.after))
    if before:
        yield replace(row, before=tuple(before))
    if after:
        yield replace(row, before=(command,), after=tuple(after))
