"""Is every command blocked at t - 1 and legal at t, for every constraint of every standard? The tables say which t."""

import itertools

import numba
import numpy as np
import pytest

from narrowgauge.sim.dram.hierarchy import nodes, reached
from narrowgauge.sim.dram.registers import legal, record
from narrowgauge.sim.dram.rows import expand
from narrowgauge.sim.dram.standard import BankSet, Constraint, Level, Standard
from narrowgauge.sim.dram.tables import tables
from narrowgauge.sim.dram.timing import ChannelTiming

START = 100


@numba.njit
def _legal(node_of, commands, reach, earliest, command, bank):
    return legal(node_of, commands, reach, earliest, command, bank, 0)


@numba.njit
def _record(node_of, commands, updates, reach, earliest, history, command, bank, now):
    record(node_of, commands, updates, reach, earliest, history, command, bank, now)


class Registers:
    """The timing registers of the compiled engine behind the interface of `ChannelTiming`."""

    def __init__(self, standard: Standard) -> None:
        self._tables = tables(standard)
        self._number = {name: place for place, name in enumerate(standard.commands)}
        shape = int(self._tables.node_of.max()) + 1, len(self._number)
        self._earliest = np.zeros(shape, np.int64)
        self._history = np.zeros((int(self._tables.facts[-1]), shape[0], 9), np.int64)

    def legal_at(self, command: str, bank: int) -> int:
        t = self._tables
        return int(_legal(t.node_of, t.commands, t.reach, self._earliest, self._number[command], bank))

    def issue(self, command: str, bank: int, at_cycle: int) -> None:
        assert at_cycle >= self.legal_at(command, bank)
        t = self._tables
        _record(t.node_of, t.commands, t.updates, t.reach, self._earliest, self._history, self._number[command], bank, at_cycle)


def touched(standard: Standard, command: str, level: Level, bank: int) -> set[int]:
    """The nodes of a level on which a command to `bank` counts."""
    found, numbers = standard.commands[command], nodes(standard.organisation)
    lockstep = found.level is Level.BANK and found.banks is not BankSet.BANK
    banks = reached(standard.organisation, found.banks, bank) if lockstep else (bank,)
    return {numbers[other][level] for other in banks}


def waits(standard: Standard, before: str, after: str, first: int, second: int) -> int:
    """Cycles from `before` at bank `first` to `after` at bank `second`, straight from the rows without windows."""
    numbers, longest = nodes(standard.organisation), 0
    for row in standard.constraints:
        named = (
            before in expand(row.before, standard.commands, row.scope),
            after in expand(row.after, standard.commands, row.scope),
        )
        if not all(named) or row.window > 1:
            continue
        mine, theirs = (touched(standard, *pair) for pair in ((before, row.scope, first), (after, row.scope, second)))
        if row.others:
            parents = {numbers[first][row.scope - 1]}
            related = numbers[second][row.scope - 1] in parents and not mine & theirs
        else:
            related = bool(mine & theirs)
        if related:
            longest = max(longest, row.latency_cycles)
    return longest


def places(standard: Standard) -> list[int]:
    """Bank 0, and one bank each in the same group, another group, another rank, another pseudo-channel."""
    org = standard.organisation
    steps = (0, 1, org.banks_per_group, org.banks, org.banks * org.ranks)
    return sorted({step for step in steps if step < org.channel_banks})


def pairs(standard: Standard) -> set[tuple[str, str]]:
    found = set()
    for row in standard.constraints:
        sides = (expand(side, standard.commands, row.scope) for side in (row.before, row.after))
        found |= set(itertools.product(*sides))
    return found


@pytest.mark.parametrize("channel", [ChannelTiming, Registers])
def test_blocked_one_cycle_early_and_legal_then(standard: Standard, channel) -> None:
    for before, after in sorted(pairs(standard)):
        for second in places(standard):
            expected = waits(standard, before, after, 0, second)
            timing = channel(standard)
            timing.issue(before, 0, START)
            assert timing.legal_at(after, second) == (START + expected if expected else 0), (before, after, second)


def test_a_command_that_is_one_cycle_early_is_refused(standard: Standard) -> None:
    for row in standard.constraints:
        if row.window > 1 or row.others or row.latency_cycles < 1:
            continue
        before, after = (expand(side, standard.commands, row.scope)[0] for side in (row.before, row.after))
        timing = ChannelTiming(standard)
        timing.issue(before, 0, START)
        legal_at = timing.legal_at(after, 0)
        with pytest.raises(ValueError, match=f"illegal before {legal_at}"):
            timing.issue(after, 0, legal_at - 1)
        timing.issue(after, 0, legal_at)


def windowed(standard: Standard) -> list[Constraint]:
    return [row for row in standard.constraints if row.window > 1]


@pytest.mark.parametrize("channel", [ChannelTiming, Registers])
def test_the_window_holds_back_the_fifth_activation(standard: Standard, channel) -> None:
    for row in windowed(standard):
        timing, org = channel(standard), standard.organisation
        at, issued = START, []
        for place in range(row.window):
            bank = place % org.bank_groups * org.banks_per_group
            at = max(at, timing.legal_at("ACT", bank))
            timing.issue("ACT", bank, at)
            issued.append(at)
        fifth = 1  # a bank that was not activated, in the group of the first
        spacing = max(issued[-1] + standard.timing["nRRDS"], issued[0] + standard.timing["nRRDL"])
        assert timing.legal_at("ACT", fifth) == max(issued[0] + standard.timing["nFAW"], spacing)
        other_rank = org.banks
        if org.channel_banks > other_rank:
            assert timing.legal_at("ACT", other_rank) < issued[0] + max(standard.timing["nFAW"], len(issued) * 2 + 1)


def test_every_command_is_held_back_by_something_or_needs_nothing(standard: Standard) -> None:
    after = {name for _, name in pairs(standard)}
    assert set(standard.commands) <= after
