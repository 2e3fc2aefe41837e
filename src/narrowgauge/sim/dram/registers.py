"""Timing registers of the compiled engine: the earliest time of each command on each node. Imported only by the engine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from narrowgauge.sim.dram.columns import (
    END_UPDATE,
    FIRST_UPDATE,
    FOLLOWS,
    HISTORY,
    LATENCY,
    LEVEL,
    LOCKSTEP,
    MODE,
    OTHERS,
    WINDOW,
    WINDOWED,
)
from narrowgauge.sim.dram.jit import inlined

Integers = NDArray[np.int64]
LEVELS = 5


@inlined
def legal(node_of: Integers, commands: Integers, reach: Integers, earliest: Integers, command: int, bank: int, now: int) -> int:
    """The earliest cycle of a command from `now` on: the latest of the registers of the nodes above its bank.

    A command that reaches banks in lockstep waits for the last of them."""
    time, at = now, bank
    for i in range(1, 1 + (reach[command, bank, 0] if commands[command, LOCKSTEP] else 1)):
        if commands[command, LOCKSTEP]:
            at = reach[command, bank, i]
        for level in range(LEVELS):
            found = earliest[node_of[at, level], command]
            if found > time:
                time = found
    return time


@inlined
def record(
    node_of: Integers, commands: Integers, updates: Integers, reach: Integers, earliest: Integers, history: Integers,
    command: int, bank: int, now: int,
) -> None:  # fmt: skip
    """Enter a command at cycle `now`; one that reaches banks in lockstep on the nodes of each."""
    at = bank
    for place in range(1, 1 + (reach[command, bank, 0] if commands[command, LOCKSTEP] else 1)):
        if commands[command, LOCKSTEP]:
            at = reach[command, bank, place]
        for i in range(commands[command, FIRST_UPDATE], commands[command, END_UPDATE]):
            level, follows = updates[i, LEVEL], updates[i, FOLLOWS]
            until = now + updates[i, LATENCY]
            node = node_of[at, level]
            if updates[i, MODE] == OTHERS:
                kin = commands.shape[0] + level
                for j in range(1, 1 + reach[kin, at, 0]):
                    node = node_of[reach[kin, at, j], level]
                    if until > earliest[node, follows]:
                        earliest[node, follows] = until
                continue
            if updates[i, MODE] == WINDOWED:
                which, size = updates[i, HISTORY], updates[i, WINDOW]
                entered = history[which, node, size]
                history[which, node, entered % size] = now
                history[which, node, size] = entered + 1
                if entered + 1 < size:
                    continue
                until = history[which, node, (entered + 1) % size] + updates[i, LATENCY]
            if until > earliest[node, follows]:
                earliest[node, follows] = until
