"""A standard as a handful of integer arrays, for the compiled engine; `columns.py` names their columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from narrowgauge.sim.dram.columns import (
    MODE,
    NONE,
    OTHERS,
    OWN,
    WINDOWED,
)
from narrowgauge.sim.dram.hierarchy import nodes, reached, siblings
from narrowgauge.sim.dram.rows import expand
from narrowgauge.sim.dram.standard import BankSet, Effect, Level, Standard

Integers = NDArray[np.int64]


class Tables(NamedTuple):
    """Arrays of one standard; numbers of commands and kinds are their places in `Standard.commands` and `.requests`."""

    node_of: Integers  # bank × level: number of the node
    commands: Integers  # command × its columns
    updates: Integers  # update × its columns
    reach: Integers  # command, then level (for siblings) × bank × (count, banks…)
    kinds: Integers  # request kind × its columns
    facts: Integers


def tables(standard: Standard) -> Tables:
    """The arrays of a standard."""
    org, names = standard.organisation, list(standard.commands)
    number = {name: place for place, name in enumerate(names)}
    found = sorted(_updates(standard, number))
    starts = np.searchsorted([update[0] for update in found], range(len(names) + 1))
    windowed = [update[1:] for update in found]
    histories = 0
    for place, update in enumerate(windowed):
        windowed[place] = (*update, histories if update[MODE] == WINDOWED else 0)
        histories += update[MODE] == WINDOWED
    commands = [
        (command.buffer, _lockstep(standard, command.name), starts[place], starts[place + 1])
        for place, command in enumerate(standard.commands.values())
    ]
    kinds = [
        (
            number[kind.column],
            number.get(kind.open or "", NONE),
            number.get(kind.close or "", NONE),
            int(standard.commands[kind.column].effect is Effect.WRITE),
            kind.done_cycles,
            int(standard.commands[kind.column].banks is BankSet.BANK),
        )
        for kind in standard.requests.values()
    ]
    return Tables(
        _array(nodes(org)),
        _array(commands),
        _array(windowed),
        _reach(standard),
        _array(kinds),
        _array([*_facts(standard, number), max(histories, 1)]),
    )


def _array(values: Any) -> Integers:
    return np.array(values, np.int64)


def _lockstep(standard: Standard, name: str) -> int:
    """Whether the timing of a command counts on each bank that it reaches."""
    command = standard.commands[name]
    return int(command.level is Level.BANK and command.banks is not BankSet.BANK)


def _updates(standard: Standard, number: dict[str, int]) -> Iterator[tuple[int, ...]]:
    """(command, level, follows, latency, mode, window) of every row; of rows that repeat, the longest.

    A level whose nodes have one child each is that child's level; rows for siblings that do not exist are left out."""
    org, longest = standard.organisation, dict[tuple[int, ...], int]()
    level_of = {level: level for level in Level}
    if org.ranks == 1:
        level_of[Level.PSEUDO_CHANNEL] = Level.RANK
    if org.pseudo_channels == 1:
        level_of[Level.CHANNEL] = level_of[Level.PSEUDO_CHANNEL]
    for row in standard.constraints:
        if row.others and not siblings(org, row.scope, 0):
            continue
        mode = WINDOWED if row.window > 1 else OTHERS if row.others else OWN
        for before in expand(row.before, standard.commands, row.scope):
            for after in expand(row.after, standard.commands, row.scope):
                key = (number[before], int(level_of[row.scope]), number[after], mode, row.window)
                longest[key] = max(longest.get(key, 0), row.latency_cycles)
    for (first, level, second, kind, size), latency in longest.items():
        if latency > 0:
            yield first, level, second, latency, kind, size


def _reach(standard: Standard) -> Integers:
    org = standard.organisation
    banks = org.channel_banks
    table = np.zeros((len(standard.commands) + len(Level), banks, 1 + banks), np.int64)
    for bank in range(banks):
        rows = [reached(org, command.banks, bank) for command in standard.commands.values()]
        rows += [siblings(org, level, bank) if level else () for level in Level]
        for place, row in enumerate(rows):
            table[place, bank, 0] = len(row)
            table[place, bank, 1 : 1 + len(row)] = row
    return table


def _facts(standard: Standard, number: dict[str, int]) -> list[int]:
    columns = [standard.commands[kind.column] for kind in standard.requests.values()]
    return [
        *(number.get(name, NONE) for name in ("PREab", "REFab", "PRE", "REFpb")),
        standard.timing["nREFI"],
        standard.timing["nRAS"],
        standard.organisation.banks,
        standard.organisation.ranks,
        1 + max(command.buffer for command in standard.commands.values()),
        int(any(column.banks is not BankSet.BANK for column in columns)),
    ]
