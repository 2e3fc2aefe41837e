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
    OWN,
    WINDOW,
)
from narrowgauge.sim.dram.jit import helper

Integers = NDArray[np.int64]


@helper
def _legal_at(node_of: Integers, earliest: Integers, command: int, bank: int, time: int) -> int:
    """The latest of `time` and the registers of the nodes above a bank."""
    for level in range(5):
        found = earliest[node_of[bank, level], command]
        if found > time:
            time = found
    return time


@helper
def legal(node_of: Integers, commands: Integers, reach: Integers, earliest: Integers, command: int, bank: int, now: int) -> int:
    """The earliest cycle of a command from `now` on; one that reaches banks in lockstep waits for the last of them."""
    time = _legal_at(node_of, earliest, command, bank, now)
    if commands[command, LOCKSTEP]:
        for i in range(1, 1 + reach[command, bank, 0]):
            time = _legal_at(node_of, earliest, command, reach[command, bank, i], time)
    return time


@helper
def _record_at(
    node_of: Integers,
    commands: Integers,
    updates: Integers,
    reach: Integers,
    earliest: Integers,
    history: Integers,
    command: int,
    bank: int,
    now: int,
) -> None:
    for i in range(commands[command, FIRST_UPDATE], commands[command, END_UPDATE]):
        level, follows = updates[i, LEVEL], updates[i, FOLLOWS]
        until = now + updates[i, LATENCY]
        node = node_of[bank, level]
        if updates[i, MODE] == OWN:
            if until > earliest[node, follows]:
                earliest[node, follows] = until
        elif updates[i, MODE] == OTHERS:
            kin = commands.shape[0] + level
            for j in range(1, 1 + reach[kin, bank, 0]):
                node = node_of[reach[kin, bank, j], level]
                if until > earliest[node, follows]:
                    earliest[node, follows] = until
        else:
            which, size = updates[i, HISTORY], updates[i, WINDOW]
            entered = history[which, node, size]
            history[which, node, entered % size] = now
            history[which, node, size] = entered + 1
            if entered + 1 >= size:
                until = history[which, node, (entered + 1) % size] + updates[i, LATENCY]
                if until > earliest[node, follows]:
                    earliest[node, follows] = until


@helper
def record(
    node_of: Integers,
    commands: Integers,
    updates: Integers,
    reach: Integers,
    earliest: Integers,
    history: Integers,
    command: int,
    bank: int,
    now: int,
) -> None:
    """Enter a command at cycle `now`; one that reaches banks in lockstep on the nodes of each."""
    if commands[command, LOCKSTEP]:
        for i in range(1, 1 + reach[command, bank, 0]):
            _record_at(node_of, commands, updates, reach, earliest, history, command, reach[command, bank, i], now)
    else:
        _record_at(node_of, commands, updates, reach, earliest, history, command, bank, now)
