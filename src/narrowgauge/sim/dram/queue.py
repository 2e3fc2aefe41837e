"""The queue of a channel: requests in a list per row buffer, and the state of the row buffers. Imported only by the engine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from narrowgauge.sim.dram.columns import (
    ACTIVE_CYCLES,
    BANK,
    BUFFER,
    BUFFERS,
    COLUMN,
    FIRST,
    KIND,
    LAST,
    LATER,
    LISTED,
    NONE,
    OPEN,
    OPEN_BANKS,
    OPEN_ROW,
    OPEN_SINCE,
    PLACE,
    READ,
    ROW,
    SINGLE,
    SOONER,
    WRITE,
    WRITING,
)
from narrowgauge.sim.dram.jit import inlined

Integers = NDArray[np.int64]


@inlined
def is_hit(commands: Integers, reach: Integers, kinds: Integers, lists: Integers, requests: Integers, i: int) -> bool:
    """Whether the row of a request is open in every bank that it needs; one without a row always hits."""
    kind = requests[i, KIND]
    if kinds[kind, OPEN] < 0:
        return True
    column, bank = kinds[kind, COLUMN], requests[i, BANK]
    base = commands[column, BUFFER] * reach.shape[1]
    if kinds[kind, SINGLE]:
        return bool(lists[base + bank, OPEN_ROW] == requests[i, ROW])
    for j in range(1, 1 + reach[column, bank, 0]):  # noqa: SIM110 - all() of a generator does not compile
        if lists[base + reach[column, bank, j], OPEN_ROW] != requests[i, ROW]:
            return False
    return True


@inlined
def rescan(
    commands: Integers, reach: Integers, kinds: Integers, lists: Integers, links: Integers, requests: Integers, where: int
) -> None:
    """Find the oldest hit of a list in each direction."""
    lists[where, READ] = lists[where, WRITING] = NONE
    i = lists[where, FIRST]
    while i >= 0 and (lists[where, READ] < 0 or lists[where, WRITING] < 0):
        way = WRITING if kinds[requests[i, KIND], WRITE] else READ
        if lists[where, way] < 0 and is_hit(commands, reach, kinds, lists, requests, i):
            lists[where, way] = i
        i = links[i, LATER]


@inlined
def list_of(commands: Integers, kinds: Integers, facts: Integers, banks: int, kind: int, bank: int) -> int:
    """Requests wait per row buffer; those that need no row wait per bank, behind all row buffers."""
    buffer = facts[BUFFERS] if kinds[kind, OPEN] < 0 else commands[kinds[kind, COLUMN], BUFFER]
    return int(buffer * banks + bank)


@inlined
def join(links: Integers, lists: Integers, active: Integers, scalars: Integers, where: int, i: int) -> None:
    """Put a request behind its list."""
    last = lists[where, LAST]
    links[i, LATER], links[i, SOONER] = NONE, last
    lists[where, LAST] = i
    if last >= 0:
        links[last, LATER] = i
        return
    lists[where, FIRST] = i
    lists[where, PLACE] = scalars[LISTED]
    active[scalars[LISTED]] = where
    scalars[LISTED] += 1


@inlined
def leave(links: Integers, lists: Integers, active: Integers, scalars: Integers, where: int, i: int) -> None:
    """Take a request off its list."""
    after, before = links[i, LATER], links[i, SOONER]
    if before >= 0:
        links[before, LATER] = after
    else:
        lists[where, FIRST] = after
    if after >= 0:
        links[after, SOONER] = before
    else:
        lists[where, LAST] = before
    if lists[where, FIRST] < 0:
        scalars[LISTED] -= 1
        moved = active[scalars[LISTED]]
        active[lists[where, PLACE]] = moved
        lists[moved, PLACE] = lists[where, PLACE]


@inlined
def set_row(lists: Integers, ranks: Integers, buffer: int, rank: int, row: int, now: int) -> None:
    """Open or close one row buffer, and keep account of the time with a row open."""
    was = lists[buffer, OPEN_ROW]
    lists[buffer, OPEN_ROW] = row
    if was < 0 <= row:
        if ranks[rank, OPEN_BANKS] == 0:
            ranks[rank, OPEN_SINCE] = now
        ranks[rank, OPEN_BANKS] += 1
    elif row < 0 <= was:
        ranks[rank, OPEN_BANKS] -= 1
        if ranks[rank, OPEN_BANKS] == 0:
            ranks[rank, ACTIVE_CYCLES] += now - ranks[rank, OPEN_SINCE]
