"""The compiled engine: FR-FCFS over one channel, from event to event. Imported only where it runs, because numba is slow to load.

It gives the times of `reference.py`, which ticks every cycle and is written to be read. What makes it fast: registers hold the
earliest time of each command on each node, requests wait in a list per row buffer, and only the cycles in which a command
can be issued are visited. State is a few integer arrays, because numba counts references to every array that it passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from narrowgauge.errors import UnsupportedError
from narrowgauge.sim.dram.burst import burst_length, issue_burst, run_ends
from narrowgauge.sim.dram.choice import alone, best_column, best_row, better_column, better_row
from narrowgauge.sim.dram.columns import (
    ACTIVE_CYCLES,
    AHEAD,
    BANK,
    BUFFERS,
    CHANGED,
    CLOSED_POLICY,
    CLOSER,
    COLUMN,
    DEPTH,
    DRAIN,
    DUE,
    FIRST,
    FREED,
    GROUP,
    HISTORIES,
    INTERVAL,
    ISSUED,
    KIND,
    LATEST,
    LISTED,
    NEVER,
    NEXT,
    NONE,
    OLDEST,
    OPEN_BANKS,
    OPEN_SINCE,
    OUTSTANDING,
    RANK_BANKS,
    RANKS,
    REFRESH,
    REFRESHING,
    SERVED,
    STAGGERED,
    STALE,
    STALE_HITS,
    URGENT,
    WINDOW,
)
from narrowgauge.sim.dram.jit import entry, fingerprint
from narrowgauge.sim.dram.registers import legal
from narrowgauge.sim.dram.steps import admit, change_rows, issue, mark_refreshes, next_end, serve_column
from narrowgauge.sim.dram.tables import Tables

Integers = NDArray[np.int64]


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
    run_end: Integers  # request: the last of its run of equal ones
    log: Integers  # (cycle, command, bank) of the first commands
    scalars: Integers  # see columns.py


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
    scalars = np.zeros(12, np.int64)
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
        run_end=np.empty(requests, np.int64),
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


def _compiled(sources: int) -> Callable[..., None]:
    """The loop over cycles; `sources` is part of what numba's cache compares."""

    @entry
    def run(
        node_of: Integers, commands: Integers, updates: Integers, reach: Integers, kinds: Integers, facts: Integers,
        earliest: Integers, history: Integers, lists: Integers, links: Integers, active: Integers, ranks: Integers,
        issued: Integers, times: Integers, ends: Integers, run_end: Integers, log: Integers, scalars: Integers,
        requests: Integers, rules: Integers,
    ) -> None:  # fmt: skip
        """Each cycle of the model: admit, mark refreshes that are due, one column command, one row command."""
        total = requests.shape[0]
        arrived = served = now = int(scalars[LISTED]) * sources  # 0, of the type of the array
        row_at, command, bank, wanting = NEVER, NONE, 0, NONE
        column_at, request = NEVER, NONE
        column_free = row_free = True  # of this cycle
        scalars[STALE] = scalars[STALE_HITS] = 1
        run_ends(requests, run_end)
        while served < total:
            ends_at = NEVER
            if rules[OUTSTANDING]:
                ends_at = next_end(ends, scalars, now)
            while column_free and row_free and arrived < total and arrived - served < rules[DEPTH]:
                if rules[OUTSTANDING] and arrived - scalars[FREED] - scalars[FREED + 1] >= rules[OUTSTANDING]:
                    break
                if requests[arrived, DRAIN] and (arrived > served or scalars[LATEST] > now):
                    ends_at = scalars[LATEST] if arrived == served else ends_at
                    break
                if not rules[AHEAD] and arrived > served and requests[arrived, GROUP] != requests[scalars[OLDEST], GROUP]:
                    break
                admit(commands, reach, kinds, facts, lists, links, active, times, scalars, requests, rules, arrived, now)
                arrived += 1
            if scalars[STALE_HITS] == 0 and request >= 0:
                column = kinds[requests[request, KIND], COLUMN]
                scalars[STALE_HITS] = legal(node_of, commands, reach, earliest, column, requests[request, BANK], now) > column_at
            if scalars[STALE_HITS] and column_free:
                column_at, request = best_column(
                    node_of, commands, reach, kinds, facts, earliest, lists, active, ranks, requests, rules, scalars, now
                )
                scalars[STALE_HITS] = 0
            if scalars[STALE] == 0 and command >= 0:
                scalars[STALE] = legal(node_of, commands, reach, earliest, command, bank, now) > row_at
            if scalars[STALE] == 0 and scalars[CHANGED] >= 0:
                if (
                    rules[CLOSED_POLICY]
                    or (command >= 0 and wanting < 0)
                    or (wanting >= 0 and requests[wanting, BANK] == requests[lists[scalars[CHANGED], FIRST], BANK])
                ):
                    scalars[STALE] = 1
                else:
                    row_at, command, bank, wanting = better_row(
                        node_of, commands, reach, earliest, lists, ranks, requests, rules, scalars[CHANGED], now,
                        row_at, command, bank, wanting,
                    )  # fmt: skip
            scalars[CHANGED] = NONE
            if scalars[STALE]:
                row_at, command, bank, wanting = best_row(
                    node_of, commands, reach, kinds, facts, earliest, lists, active, ranks, requests, rules, scalars, now
                )
                scalars[STALE] = 0
            hit_at = column_at if column_free else NEVER
            at = row_at if row_free and (row_at < hit_at or (row_at == hit_at and wanting == URGENT)) else hit_at
            if not (column_free and row_free) and at > now:
                now += 1
                column_free = row_free = True
                continue
            if ends_at <= at and ends_at <= scalars[DUE] and arrived < total and arrived - served < rules[DEPTH]:
                now = ends_at
                continue
            if scalars[DUE] <= at and scalars[DUE] < NEVER:
                now = scalars[DUE] if scalars[DUE] > now else now
                mark_refreshes(facts, ranks, rules, scalars, now)
                continue
            if at >= NEVER:
                break
            now = at
            by_row = row_free and row_at == at and (hit_at > at or wanting == URGENT)
            if not by_row and row_at >= NEVER and column_free and row_free:
                count = burst_length(
                    commands, updates, kinds, log, scalars, requests, rules, run_end, request, arrived, served, now
                )
                if count > 0:
                    now = 1 + issue_burst(
                        node_of, commands, updates, reach, kinds, facts, earliest, history, lists, links, issued, times, ends,
                        scalars, requests, request, arrived, count, now,
                    )  # fmt: skip
                    served, arrived = served + count, arrived + count
                    continue
            issuing = command if by_row else kinds[requests[request, KIND], COLUMN]
            target = bank if by_row else requests[request, BANK]
            issue(node_of, commands, updates, reach, earliest, history, issued, log, scalars, issuing, target, now)
            if by_row:
                known = scalars[STALE_HITS] == 0 and (request < 0 or requests[request, BANK] != bank)
                change_rows(
                    commands, reach, kinds, facts, lists, links, active, ranks, requests, rules, scalars, command, bank, wanting,
                    now,
                )  # fmt: skip
                if known and alone(facts, ranks, command):
                    column_at, request = better_column(
                        node_of, commands, reach, kinds, earliest, lists, requests, rules, scalars, bank, now, column_at, request
                    )  # fmt: skip
                    scalars[STALE_HITS] = 0
                row_free = False
                column_free = wanting == URGENT
            else:
                serve_column(
                    commands, reach, kinds, facts, lists, links, active, times, ends, scalars, requests, rules, request, now
                )
                served += 1
                column_free = False
        for rank in range(ranks.shape[0]):
            if ranks[rank, OPEN_BANKS] > 0:
                ranks[rank, ACTIVE_CYCLES] += scalars[LATEST] - ranks[rank, OPEN_SINCE]

    return run


_run = _compiled(fingerprint())
