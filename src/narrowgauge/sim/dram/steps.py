"""What happens in a cycle: a request comes, is served, rows change, a refresh falls due. Imported only by the engine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from narrowgauge.sim.dram.choice import note_want
from narrowgauge.sim.dram.columns import (
    ADMITTED,
    BANK,
    BUFFER,
    BUFFERS,
    CAP,
    CHANGED,
    CLOSE,
    CLOSER,
    DONE,
    DUE,
    ENDED,
    FINISHED,
    FIRST,
    FREED,
    HOLD,
    INTERVAL,
    ISSUED,
    KIND,
    LATER,
    LATEST,
    LISTED,
    LOGGED,
    NEVER,
    NEXT,
    NONE,
    OLDEST,
    OPEN,
    OPEN_ROW,
    PRECHARGE_ALL,
    RANK_BANKS,
    RAS,
    READ,
    REFRESH,
    REFRESH_ALL,
    REFRESH_BANK,
    REFRESHING,
    ROW,
    SERVED,
    SEVERAL,
    STALE,
    STALE_HITS,
    WRITE,
    WRITING,
)
from narrowgauge.sim.dram.jit import inlined
from narrowgauge.sim.dram.queue import is_hit, join, leave, list_of, rescan, set_row
from narrowgauge.sim.dram.registers import record

Integers = NDArray[np.int64]


@inlined
def reconsider(
    commands: Integers, reach: Integers, kinds: Integers, lists: Integers, requests: Integers, rules: Integers, scalars: Integers,
    where: int, i: int,
) -> None:  # fmt: skip
    """After request i came to a list or left it: the list may want another row command than before.

    It may, where its oldest request does not have its row, and where nobody waits or i is the first to wait."""
    oldest = lists[where, FIRST]
    if oldest < 0:
        scalars[STALE] = 1
    elif oldest == i or (lists[where, READ] != oldest and lists[where, WRITING] != oldest):
        if scalars[CHANGED] >= 0 and scalars[CHANGED] != where:
            scalars[STALE] = 1
        scalars[CHANGED] = where
        note_want(commands, reach, kinds, lists, requests, rules[CAP], where)


@inlined
def admit(
    commands: Integers, reach: Integers, kinds: Integers, facts: Integers, lists: Integers, links: Integers, active: Integers,
    times: Integers, scalars: Integers, requests: Integers, rules: Integers, i: int, now: int,
) -> None:  # fmt: skip
    """Let a request into the queue."""
    kind = requests[i, KIND]
    where = list_of(commands, kinds, facts, reach.shape[1], kind, requests[i, BANK])
    join(links, lists, active, scalars, where, i)
    way = WRITING if kinds[kind, WRITE] else READ
    if lists[where, way] < 0 and is_hit(commands, reach, kinds, lists, requests, i):
        lists[where, way] = i
        scalars[STALE_HITS] = 1
    reconsider(commands, reach, kinds, lists, requests, rules, scalars, where, i)
    times[i, ADMITTED] = now


@inlined
def serve_column(
    commands: Integers, reach: Integers, kinds: Integers, facts: Integers, lists: Integers, links: Integers, active: Integers,
    times: Integers, ends: Integers, scalars: Integers, requests: Integers, rules: Integers, i: int, now: int,
) -> None:  # fmt: skip
    """Take a request off the queue; the next hit of its direction takes its place."""
    kind = requests[i, KIND]
    write = kinds[kind, WRITE]
    where = list_of(commands, kinds, facts, reach.shape[1], kind, requests[i, BANK])
    lists[where, SERVED] += 1
    following = links[i, LATER]
    while following >= 0 and (
        kinds[requests[following, KIND], WRITE] != write or not is_hit(commands, reach, kinds, lists, requests, following)
    ):
        following = links[following, LATER]
    lists[where, WRITING if write else READ] = following
    scalars[STALE_HITS] = 1
    leave(links, lists, active, scalars, where, i)
    reconsider(commands, reach, kinds, lists, requests, rules, scalars, where, i)
    end = now + kinds[kind, DONE]
    times[i, ISSUED], times[i, ENDED] = now, end
    ends[write, scalars[FINISHED + write]] = end
    scalars[FINISHED + write] += 1
    if end > scalars[LATEST]:
        scalars[LATEST] = end
    oldest = scalars[OLDEST]
    while oldest + 1 < requests.shape[0] and times[oldest, ISSUED] >= 0:
        oldest += 1
    scalars[OLDEST] = oldest


@inlined
def issue(
    node_of: Integers, commands: Integers, updates: Integers, reach: Integers, earliest: Integers, history: Integers,
    issued: Integers, log: Integers, scalars: Integers, command: int, bank: int, now: int,
) -> None:  # fmt: skip
    """Enter a command into registers, counts and log."""
    record(node_of, commands, updates, reach, earliest, history, command, bank, now)
    issued[command] += 1
    logged = scalars[LOGGED]
    if logged < log.shape[0]:
        log[logged, 0], log[logged, 1], log[logged, 2] = now, command, bank
        scalars[LOGGED] = logged + 1


@inlined
def change_rows(
    commands: Integers, reach: Integers, kinds: Integers, facts: Integers, lists: Integers, links: Integers, active: Integers,
    ranks: Integers, requests: Integers, rules: Integers, scalars: Integers, command: int, bank: int, request: int, now: int,
) -> None:  # fmt: skip
    """What a row command does to the row buffers; afterwards the hits of the lists concerned are looked for again."""
    scalars[STALE] = scalars[STALE_HITS] = 1
    banks, rank_banks = reach.shape[1], facts[RANK_BANKS]
    rank = bank // rank_banks
    if command == facts[REFRESH_ALL] or command == facts[REFRESH_BANK]:
        ranks[rank, REFRESHING] = NONE
        return
    single = facts[SEVERAL] == 0
    if command == facts[PRECHARGE_ALL]:
        single = False
        for buffer in range(banks * facts[BUFFERS]):
            if buffer % banks // rank_banks == rank:
                set_row(lists, ranks, buffer, rank, NONE, now)
                lists[buffer, SERVED], lists[buffer, CLOSER] = 0, NONE
    else:
        opens = request >= 0 and command == kinds[requests[request, KIND], OPEN]
        base = commands[command, BUFFER] * banks
        for j in range(1, 1 + reach[command, bank, 0]):
            other = reach[command, bank, j]
            set_row(lists, ranks, base + other, other // rank_banks, requests[request, ROW] if opens else NONE, now)
            lists[base + other, SERVED] = 0
            lists[base + other, HOLD] = now + facts[RAS]
            lists[base + other, CLOSER] = kinds[requests[request, KIND], CLOSE] if opens and other == bank else NONE
    if single:
        if lists[bank, OPEN_ROW] >= 0:
            rescan(commands, reach, kinds, lists, links, requests, bank)
        else:
            lists[bank, READ] = lists[bank, WRITING] = NONE
        if lists[bank, FIRST] >= 0:
            note_want(commands, reach, kinds, lists, requests, rules[CAP], bank)
    else:
        for at in range(scalars[LISTED]):
            rescan(commands, reach, kinds, lists, links, requests, active[at])
            note_want(commands, reach, kinds, lists, requests, rules[CAP], active[at])


@inlined
def mark_refreshes(facts: Integers, ranks: Integers, rules: Integers, scalars: Integers, now: int) -> None:
    """A refresh is due: of a whole rank, or of the bank of it whose turn it is."""
    rank_banks, whole = facts[RANK_BANKS], rules[REFRESH] == 1
    interval = facts[INTERVAL] if whole else facts[INTERVAL] // rank_banks
    scalars[DUE], scalars[STALE], scalars[STALE_HITS] = NEVER, 1, 1
    for rank in range(ranks.shape[0]):
        if ranks[rank, NEXT] <= now:
            turn = (ranks[rank, NEXT] // interval) % rank_banks
            ranks[rank, REFRESHING] = 0 if whole else rank * rank_banks + turn
            ranks[rank, NEXT] += interval
        if ranks[rank, NEXT] < scalars[DUE]:
            scalars[DUE] = ranks[rank, NEXT]


@inlined
def next_end(ends: Integers, scalars: Integers, now: int) -> int:
    """Forget the requests whose data has ended; the next end."""
    best = NEVER
    for way in range(2):
        freed = scalars[FREED + way]
        while freed < scalars[FINISHED + way] and ends[way, freed] <= now:
            freed += 1
        scalars[FREED + way] = freed
        if freed < scalars[FINISHED + way] and ends[way, freed] < best:
            best = ends[way, freed]
    return best
