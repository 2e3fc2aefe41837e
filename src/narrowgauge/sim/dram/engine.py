"""The compiled engine: FR-FCFS over one channel, from event to event. Imported only where it runs, because numba is slow to load.

It gives the times of `reference.py`, which ticks every cycle and is written to be read. What makes it fast: registers hold the
earliest time of each command on each node, requests wait in a list per row buffer, and only the cycles in which a command
can be issued are visited. State is a few integer arrays, because numba counts references to every array that it passes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from narrowgauge.errors import UnsupportedError
from narrowgauge.sim.dram.choice import best_column, best_row, note_want
from narrowgauge.sim.dram.columns import (
    ACTIVE_CYCLES,
    ADMITTED,
    AHEAD,
    BANK,
    BUFFER,
    BUFFERS,
    CAP,
    CLOSE,
    CLOSER,
    COLUMN,
    DEPTH,
    DONE,
    DRAIN,
    DUE,
    ENDED,
    FINISHED,
    FIRST,
    FREED,
    GROUP,
    HISTORIES,
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
    OPEN_BANKS,
    OPEN_ROW,
    OPEN_SINCE,
    OUTSTANDING,
    PRECHARGE_ALL,
    RANK_BANKS,
    RANKS,
    RAS,
    READ,
    REFRESH,
    REFRESH_ALL,
    REFRESH_BANK,
    REFRESHING,
    ROW,
    SERVED,
    SEVERAL,
    STAGGERED,
    STALE,
    URGENT,
    WINDOW,
    WRITE,
    WRITING,
)
from narrowgauge.sim.dram.jit import entry, helper
from narrowgauge.sim.dram.queue import is_hit, join, leave, list_of, rescan, set_row
from narrowgauge.sim.dram.registers import legal, record
from narrowgauge.sim.dram.tables import Tables

Integers = NDArray[np.int64]


@helper
def _change_rows(
    commands: Integers, reach: Integers, kinds: Integers, facts: Integers, lists: Integers, links: Integers, active: Integers,
    ranks: Integers, requests: Integers, rules: Integers, scalars: Integers, command: int, bank: int, request: int, now: int,
) -> None:  # fmt: skip
    """What a row command does to the row buffers; afterwards the hits of the lists concerned are looked for again."""
    scalars[STALE] = 1
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


class State(NamedTuple):
    """Arrays that a run works in; `fresh` makes them."""

    earliest: Integers  # node × command
    history: Integers  # windowed update × node × the last command times, and how many there were
    lists: Integers
    links: Integers
    active: Integers  # numbers of the lists with requests
    ranks: Integers
    issued: Integers  # command: how often
    times: Integers  # request × (ADMITTED, ISSUED, ENDED)
    ends: Integers  # direction × ends of data, in order
    log: Integers  # (cycle, command, bank) of the first commands
    scalars: Integers  # DUE, OLDEST, LISTED, LOGGED, LATEST (end of data), STALE, FREED (read, write), FINISHED (read, write)


def fresh(tables: Tables, rules: Integers, requests: int, log_rows: int) -> State:
    """The state of a channel at cycle 0: all rows closed, nothing waiting."""
    facts, banks = tables.facts, tables.node_of.shape[0]
    count, nodes = tables.commands.shape[0], int(tables.node_of.max()) + 1
    buffers = int(banks * facts[BUFFERS])
    lists = np.full((buffers + banks, 12), NONE, np.int64)
    lists[:, SERVED:CLOSER] = 0
    ranks = np.zeros((banks // facts[RANK_BANKS], 5), np.int64)
    ranks[:, REFRESHING] = NONE
    interval = refresh_interval(facts, rules)
    turn = np.arange(len(ranks)) % facts[RANKS] + 1 if rules[STAGGERED] else facts[RANKS]
    ranks[:, NEXT] = interval * turn // facts[RANKS] if rules[REFRESH] else NEVER
    times = np.full((requests, 3), NONE, np.int64)
    scalars = np.zeros(10, np.int64)
    scalars[DUE] = ranks[:, NEXT].min()
    longest = int(tables.updates[:, WINDOW].max())
    return State(
        earliest=np.zeros((nodes, count), np.int64),
        history=np.zeros((facts[HISTORIES], nodes, longest + 1), np.int64),
        lists=lists,
        links=np.empty((requests, 2), np.int64),
        active=np.zeros(buffers + banks, np.int64),
        ranks=ranks,
        issued=np.zeros(count, np.int64),
        times=times,
        ends=np.empty((2, requests), np.int64),
        log=np.zeros((log_rows, 3), np.int64),
        scalars=scalars,
    )


def refresh_interval(facts: Integers, rules: Integers) -> int:
    """Cycles between two refreshes of a rank, or of two banks of it."""
    return int(facts[INTERVAL] if rules[REFRESH] == 1 else facts[INTERVAL] // facts[RANK_BANKS])


def serve(tables: Tables, rules: Integers, requests: Integers, log_rows: int = 0) -> State:
    """Serve every request of a channel (columns KIND, BANK, ROW, GROUP, DRAIN); the state at the end holds times and counts.

    Raises UnsupportedError where requests wait for each other's rows forever."""
    state = fresh(tables, rules, requests.shape[0], log_rows)
    _run(*tables, *state, np.ascontiguousarray(requests), rules)
    stuck = np.flatnonzero(state.times[:, ISSUED] < 0)
    if stuck.size:
        raise UnsupportedError(f"{stuck.size} requests wait for each other's rows; the first is request {stuck[0] + 1}")
    return state


@helper
def _issue(
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


@helper
def _reconsider(
    commands: Integers, reach: Integers, kinds: Integers, lists: Integers, requests: Integers, rules: Integers, scalars: Integers,
    where: int, i: int,
) -> None:  # fmt: skip
    """After request i came to a list or left it: the list may want another row command than before.

    It may, where its oldest request does not have its row, and where nobody waits or i is the first to wait."""
    oldest = lists[where, FIRST]
    if oldest < 0 or oldest == i or (lists[where, READ] != oldest and lists[where, WRITING] != oldest):
        scalars[STALE] = 1
        if oldest >= 0:
            note_want(commands, reach, kinds, lists, requests, rules[CAP], where)


@helper
def _admit(
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
    _reconsider(commands, reach, kinds, lists, requests, rules, scalars, where, i)
    times[i, ADMITTED] = now


@helper
def _serve_column(
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
    leave(links, lists, active, scalars, where, i)
    _reconsider(commands, reach, kinds, lists, requests, rules, scalars, where, i)
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


@helper
def _mark_refreshes(facts: Integers, ranks: Integers, rules: Integers, scalars: Integers, now: int) -> None:
    """A refresh is due: of a whole rank, or of the bank of it whose turn it is."""
    rank_banks, whole = facts[RANK_BANKS], rules[REFRESH] == 1
    interval = facts[INTERVAL] if whole else facts[INTERVAL] // rank_banks
    scalars[DUE], scalars[STALE] = NEVER, 1
    for rank in range(ranks.shape[0]):
        if ranks[rank, NEXT] <= now:
            turn = (ranks[rank, NEXT] // interval) % rank_banks
            ranks[rank, REFRESHING] = 0 if whole else rank * rank_banks + turn
            ranks[rank, NEXT] += interval
        if ranks[rank, NEXT] < scalars[DUE]:
            scalars[DUE] = ranks[rank, NEXT]


@helper
def _next_end(ends: Integers, scalars: Integers, now: int) -> int:
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


@entry
def _run(
    node_of: Integers, commands: Integers, updates: Integers, reach: Integers, kinds: Integers, facts: Integers,
    earliest: Integers, history: Integers, lists: Integers, links: Integers, active: Integers, ranks: Integers,
    issued: Integers, times: Integers, ends: Integers, log: Integers, scalars: Integers, requests: Integers, rules: Integers,
) -> None:  # fmt: skip
    """Each cycle of the model: admit, mark refreshes that are due, one column command, one row command."""
    total = requests.shape[0]
    arrived = served = now = int(scalars[LISTED])  # none listed: 0, of the type of the array
    row_at, command, bank, wanting = NEVER, NONE, 0, NONE
    scalars[STALE] = 1
    while served < total:
        next_end = NEVER
        if rules[OUTSTANDING]:
            next_end = _next_end(ends, scalars, now)
        while arrived < total and arrived - served < rules[DEPTH]:
            if rules[OUTSTANDING] and arrived - scalars[FREED] - scalars[FREED + 1] >= rules[OUTSTANDING]:
                break
            if requests[arrived, DRAIN] and (arrived > served or scalars[LATEST] > now):
                next_end = scalars[LATEST] if arrived == served else next_end
                break
            if not rules[AHEAD] and arrived > served and requests[arrived, GROUP] != requests[scalars[OLDEST], GROUP]:
                break
            _admit(commands, reach, kinds, facts, lists, links, active, times, scalars, requests, rules, arrived, now)
            arrived += 1
        column_at, request = best_column(
            node_of, commands, reach, kinds, facts, earliest, lists, active, ranks, requests, rules, scalars, now
        )
        if scalars[STALE] == 0 and command >= 0:
            scalars[STALE] = legal(node_of, commands, reach, earliest, command, bank, now) > row_at
        if scalars[STALE]:
            row_at, command, bank, wanting = best_row(
                node_of, commands, reach, kinds, facts, earliest, lists, active, ranks, requests, rules, scalars, now
            )
            scalars[STALE] = 0
        at = column_at if column_at < row_at else row_at
        if next_end <= at and next_end <= scalars[DUE] and arrived < total and arrived - served < rules[DEPTH]:
            now = next_end
            continue
        if scalars[DUE] <= at and scalars[DUE] < NEVER:
            now = scalars[DUE] if scalars[DUE] > now else now
            _mark_refreshes(facts, ranks, rules, scalars, now)
            continue
        if at >= NEVER:
            break
        now = at
        if row_at == at and wanting == URGENT:
            _issue(node_of, commands, updates, reach, earliest, history, issued, log, scalars, command, bank, now)
            _change_rows(
                commands, reach, kinds, facts, lists, links, active, ranks, requests, rules, scalars, command, bank, NONE, now
            )
            row_at = NEVER
            column_at, request = best_column(
                node_of, commands, reach, kinds, facts, earliest, lists, active, ranks, requests, rules, scalars, now
            )
        if column_at == at:
            column = kinds[requests[request, KIND], COLUMN]
            _issue(
                node_of, commands, updates, reach, earliest, history, issued, log, scalars, column, requests[request, BANK], now
            )
            _serve_column(
                commands, reach, kinds, facts, lists, links, active, times, ends, scalars, requests, rules, request, now
            )
            served += 1
            if row_at == at:
                row_at, command, bank, wanting = best_row(
                    node_of, commands, reach, kinds, facts, earliest, lists, active, ranks, requests, rules, scalars, now
                )
                scalars[STALE] = 0
        if row_at == at:
            _issue(node_of, commands, updates, reach, earliest, history, issued, log, scalars, command, bank, now)
            _change_rows(
                commands, reach, kinds, facts, lists, links, active, ranks, requests, rules, scalars, command, bank, wanting, now
            )
        now += 1
    for rank in range(ranks.shape[0]):
        if ranks[rank, OPEN_BANKS] > 0:
            ranks[rank, ACTIVE_CYCLES] += now - ranks[rank, OPEN_SINCE]
