"""What a command program took on one channel: cycles, commands, and what the column bus waited for.

A program that repeats is run as far as it is worth; what lies beyond is on the straight line through two runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from narrowgauge.sim.dram import MemoryResult, Standard, run_program
from narrowgauge.sim.dram.program import Program
from narrowgauge.sim.dram.standard import Bus, Effect

ROW, REFRESH = "row activation", "refresh"


@dataclass(frozen=True)
class Outcome:
    """Cycles of a channel, how often it issued which command, rank cycles with a row open, cycles by what was waited for."""

    cycles: float
    counts: Mapping[str, float]
    active_cycles: float
    waits: Mapping[str, float]

    def beyond(self, other: Outcome, share: float) -> Outcome:
        """The point on the line from here (share 0) through `other` (share 1)."""
        counts = {name: _line(self.counts.get(name, 0), value, share) for name, value in other.counts.items()}
        waits = {name: _line(self.waits.get(name, 0), value, share) for name, value in other.waits.items()}
        active = _line(self.active_cycles, other.active_cycles, share)
        return Outcome(_line(self.cycles, other.cycles, share), counts, active, waits)


def _line(low: float, high: float, share: float) -> float:
    return low + (high - low) * share


def run(standard: Standard, program: Program, phases: Mapping[str, str]) -> Outcome:
    """Run a program on the bank model; raises InputError where the memory cannot hold it. `phases`: what each kind of request
    stands for."""
    result = run_program(standard, program, log=True)
    words = {standard.requests[kind].column: phase for kind, phase in phases.items()}
    waits = _waits(standard, result, words, mac=next(iter(phases.values())))
    return Outcome(result.cycles, result.counts, result.active_cycles, waits)


def extended(at: Callable[[int], Outcome], size: int, most: int, step: int = 1) -> tuple[Outcome, bool]:
    """The outcome of a size, run itself up to `most`, else on the line through the runs at `most` and at half of it, both in
    multiples of `step`; and whether it is on that line."""
    if size <= most:
        return at(size), False
    high = max(most // step, 2) * step
    low = high // step // 2 * step
    return at(low).beyond(at(high), (size - low) / (high - low)), True


def _waits(standard: Standard, result: MemoryResult, words: Mapping[str, str], mac: str) -> dict[str, float]:
    """Cycles between column commands, each charged to what made the second one wait.

    Up to the time that the table asks between the two, the gap belongs to the one of them that is no multiply-accumulate. The
    rest belongs to a refresh if one was issued in between, else to the row that the second one needs."""
    names = [name for _, name, _ in result.command_log]
    at = np.array([cycle for cycle, _, _ in result.command_log])
    commands = standard.commands
    refreshes = np.cumsum([commands[name].effect is Effect.REFRESH for name in names])
    needs_row = {kind.column for kind in standard.requests.values() if kind.open is not None}
    columns = np.flatnonzero([commands[name].bus is Bus.COLUMN for name in names])
    asked = _asked(standard)
    waits: Counter[str] = Counter({ROW: int(at[columns[0]])})
    for first, second in zip(columns[:-1].tolist(), columns[1:].tolist(), strict=True):
        ends = words[names[first]], words[names[second]]
        owner = next((phase for phase in ends if phase != mac), mac)
        gap = int(at[second] - at[first])
        own = min(gap, asked.get((names[first], names[second]), 1))
        waits[owner] += own
        if gap > own:
            refreshed = refreshes[second] > refreshes[first]
            waits[REFRESH if refreshed else ROW if names[second] in needs_row else owner] += gap - own
    waits[words[names[columns[-1]]]] += result.cycles - int(at[columns[-1]])
    return dict(waits)


def _asked(standard: Standard) -> dict[tuple[str, str], int]:
    """The longest time that the table asks between two column commands, by their names."""
    longest: dict[tuple[str, str], int] = {}
    for row in standard.constraints:
        for before in row.before:
            for after in row.after:
                longest[before, after] = max(longest.get((before, after), 0), row.latency_cycles)
    return longest
