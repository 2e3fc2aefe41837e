"""Which command comes next? The earliest that is legal, and of these the oldest. Imported only by the engine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from narrowgauge.sim.dram.columns import (
    BANK,
    BUFFER,
    BUFFERS,
    CAP,
    CLOSE,
    CLOSED_POLICY,
    CLOSER,
    COLUMN,
    FIRST,
    GROUP,
    HOLD,
    KIND,
    LISTED,
    NEVER,
    NONE,
    OLDEST,
    OPEN,
    OPEN_BANKS,
    OPEN_ROW,
    PRECHARGE,
    PRECHARGE_ALL,
    RANK_BANKS,
    READ,
    READY,
    REFRESH,
    REFRESH_ALL,
    REFRESH_BANK,
    REFRESHING,
    ROW,
    SERVED,
    SEVERAL,
    URGENT,
    WANT,
    WANT_BANK,
    WRITING,
    YIELDING,
)
from narrowgauge.sim.dram.jit import inlined
from narrowgauge.sim.dram.registers import legal

Integers = NDArray[np.int64]
RANK_LEVEL = 2


@inlined
def waits_for_refresh(node_of: Integers, ranks: Integers, rules: Integers, bank: int) -> bool:
    """Whether a bank takes no command but those of its refresh; a refresh that yields waits until no row is open."""
    refresh = rules[REFRESH]
    if refresh == 0:
        return False
    rank = node_of[bank, RANK_LEVEL] - node_of[0, RANK_LEVEL]
    waiting = ranks[rank, REFRESHING]
    if waiting < 0 or (rules[YIELDING] and ranks[rank, OPEN_BANKS] > 0):
        return False
    return bool(refresh == 1 or waiting == bank)


@inlined
def _oldest_at_once(
    node_of: Integers, commands: Integers, reach: Integers, kinds: Integers, facts: Integers, earliest: Integers,
    lists: Integers, ranks: Integers, requests: Integers, rules: Integers, oldest: int, now: int,
) -> int:  # fmt: skip
    """The cycle of the oldest request where no request can be served before it, else NONE.

    That is so where it has its row and waits for no more than what any read or write waits for on any rank."""
    bank = requests[oldest, BANK]
    if lists[bank, READ] != oldest and lists[bank, WRITING] != oldest:
        return NONE
    if waits_for_refresh(node_of, ranks, rules, bank):
        return NONE
    time = legal(node_of, commands, reach, earliest, kinds[requests[oldest, KIND], COLUMN], bank, now)
    for rank in range(ranks.shape[0]):
        for kind in range(kinds.shape[0]):
            command, bound = kinds[kind, COLUMN], now
            for level in range(RANK_LEVEL + 1):
                found = earliest[node_of[rank * facts[RANK_BANKS], level], command]
                if found > bound:
                    bound = found
            if bound < time:
                return NONE
    return time


@inlined
def better_column(
    node_of: Integers, commands: Integers, reach: Integers, kinds: Integers, earliest: Integers, lists: Integers,
    requests: Integers, rules: Integers, scalars: Integers, where: int, now: int, best: int, chosen: int,
) -> tuple[int, int]:  # fmt: skip
    """The earlier of the column command chosen so far and of those of one list, of equals the older."""
    oldest, group = lists[where, FIRST], requests[scalars[OLDEST], GROUP]
    capped = lists[where, READ] != oldest and lists[where, WRITING] != oldest and lists[where, SERVED] >= rules[CAP]
    for way in (READ, WRITING):
        i = lists[where, way]
        if i < 0 or requests[i, GROUP] != group:
            continue
        time = legal(node_of, commands, reach, earliest, kinds[requests[i, KIND], COLUMN], requests[i, BANK], now)
        if capped and time >= lists[where, HOLD]:
            continue
        if time < best or (time == best and i < chosen):
            best, chosen = time, i
    return best, chosen


@inlined
def best_column(
    node_of: Integers, commands: Integers, reach: Integers, kinds: Integers, facts: Integers, earliest: Integers,
    lists: Integers, active: Integers, ranks: Integers, requests: Integers, rules: Integers, scalars: Integers, now: int,
) -> tuple[int, int]:  # fmt: skip
    """(cycle, request) of the next column command: the earliest, of these the oldest."""
    first = scalars[OLDEST]
    if facts[SEVERAL] == 0:
        time = _oldest_at_once(node_of, commands, reach, kinds, facts, earliest, lists, ranks, requests, rules, first, now)
        if time >= 0:
            return time, first
    best, chosen = NEVER, NONE
    for at in range(scalars[LISTED]):
        where = active[at]
        if lists[where, READ] < 0 and lists[where, WRITING] < 0:
            continue
        if waits_for_refresh(node_of, ranks, rules, requests[lists[where, FIRST], BANK]):
            continue
        best, chosen = better_column(
            node_of, commands, reach, kinds, earliest, lists, requests, rules, scalars, where, now, best, chosen
        )
    return best, chosen


@inlined
def alone(facts: Integers, ranks: Integers, command: int) -> bool:
    """Whether a row command touched one row buffer and let no refresh come nearer: then only the hits of that buffer changed."""
    if facts[SEVERAL] or facts[BUFFERS] > 1 or command == facts[PRECHARGE_ALL]:
        return False
    if command == facts[REFRESH_ALL] or command == facts[REFRESH_BANK]:
        return False
    for rank in range(ranks.shape[0]):  # noqa: SIM110 - all() of a generator does not compile
        if ranks[rank, REFRESHING] >= 0:
            return False
    return True


@inlined
def note_want(
    commands: Integers, reach: Integers, kinds: Integers, lists: Integers, requests: Integers, cap: int, where: int
) -> None:
    """Work out which row command brings the oldest request of a list nearer to its row: NONE where it has it or must wait."""
    i = lists[where, FIRST]
    kind = requests[i, KIND]
    lists[where, WANT], lists[where, READY] = NONE, 0
    if kinds[kind, OPEN] < 0 or lists[where, READ] == i or lists[where, WRITING] == i:
        return
    column, bank = kinds[kind, COLUMN], requests[i, BANK]
    base = commands[column, BUFFER] * reach.shape[1]
    target = bank
    for j in range(1, 1 + reach[column, bank, 0]):
        target = reach[column, bank, j]
        if lists[base + target, OPEN_ROW] != requests[i, ROW]:
            break
    lists[where, WANT_BANK] = target
    if lists[base + target, OPEN_ROW] < 0:
        lists[where, WANT] = kinds[kind, OPEN]
        return
    for way in (READ, WRITING):
        hit = lists[where, way]
        if hit >= 0 and requests[hit, GROUP] == requests[i, GROUP] and lists[where, SERVED] < cap:
            return
    lists[where, WANT] = kinds[kind, CLOSE]


@inlined
def refresh_command(facts: Integers, lists: Integers, ranks: Integers, refresh: int, banks: int, rank: int, bank: int) -> int:
    """What the refresh that waits for a rank or a bank needs next."""
    if refresh == 1:
        return int(facts[REFRESH_ALL] if ranks[rank, OPEN_BANKS] == 0 else facts[PRECHARGE_ALL])
    if facts[BUFFERS] > 1 and lists[banks + bank, OPEN_ROW] >= 0:
        return int(facts[PRECHARGE_ALL])
    return int(facts[PRECHARGE] if lists[bank, OPEN_ROW] >= 0 else facts[REFRESH_BANK])


@inlined
def better_row(
    node_of: Integers, commands: Integers, reach: Integers, earliest: Integers, lists: Integers, ranks: Integers,
    requests: Integers, rules: Integers, where: int, now: int, best: int, chosen: int, chosen_bank: int, wanting: int,
) -> tuple[int, int, int, int]:  # fmt: skip
    """The earlier of the row command chosen so far, for request `wanting`, and of what one list wants; of equals the older."""
    command, oldest = lists[where, WANT], lists[where, FIRST]
    if command < 0 or waits_for_refresh(node_of, ranks, rules, requests[oldest, BANK]):
        return best, chosen, chosen_bank, wanting
    time = legal(node_of, commands, reach, earliest, command, lists[where, WANT_BANK], now)
    lists[where, READY] = time
    if time < best or (time == best and oldest < wanting):
        return time, command, lists[where, WANT_BANK], oldest
    return best, chosen, chosen_bank, wanting


@inlined
def best_row(
    node_of: Integers, commands: Integers, reach: Integers, kinds: Integers, facts: Integers, earliest: Integers,
    lists: Integers, active: Integers, ranks: Integers, requests: Integers, rules: Integers, scalars: Integers, now: int,
) -> tuple[int, int, int, int]:  # fmt: skip
    """(cycle, command, bank, request) of the next row command: refreshes first, then the oldest request, then idle rows.

    Request is URGENT or NONE for refreshes, NONE for rows that are closed because nobody waits for them."""
    best, order, chosen, chosen_bank, wanting = NEVER, NEVER, NONE, 0, NONE
    banks, refresh = node_of.shape[0], rules[REFRESH]
    for buffer in range(banks * facts[BUFFERS] if refresh and rules[YIELDING] else 0):
        command, bank = lists[buffer, CLOSER], buffer % banks
        if lists[buffer, OPEN_ROW] >= 0 and command >= 0 and ranks[bank // facts[RANK_BANKS], REFRESHING] >= 0:
            time = legal(node_of, commands, reach, earliest, command, bank, now)
            if time < best:
                best, order, chosen, chosen_bank, wanting = time, buffer - banks * facts[BUFFERS], command, bank, URGENT
    for rank in range(ranks.shape[0] if refresh else 0):
        if ranks[rank, REFRESHING] < 0 or (rules[YIELDING] and ranks[rank, OPEN_BANKS] > 0):
            continue
        bank = rank * facts[RANK_BANKS] if refresh == 1 else ranks[rank, REFRESHING]
        command = refresh_command(facts, lists, ranks, refresh, banks, rank, bank)
        time = legal(node_of, commands, reach, earliest, command, bank, now)
        if time < best:
            best, order, chosen, chosen_bank, wanting = time, rank - banks, command, bank, NONE
    for at in range(scalars[LISTED]):
        where = active[at]
        command, oldest, ready = lists[where, WANT], lists[where, FIRST], lists[where, READY]
        if command < 0 or ready > best or (ready == best and oldest > order):
            continue
        if waits_for_refresh(node_of, ranks, rules, requests[oldest, BANK]):
            continue
        bank = lists[where, WANT_BANK]
        time = legal(node_of, commands, reach, earliest, command, bank, now)
        lists[where, READY] = time
        if time < best or (time == best and oldest < order):
            best, order, chosen, chosen_bank, wanting = time, oldest, command, bank, oldest
    for buffer in range(banks * facts[BUFFERS] if rules[CLOSED_POLICY] else 0):
        command, bank = lists[buffer, CLOSER], buffer % banks
        if lists[buffer, OPEN_ROW] < 0 or command < 0 or lists[buffer, FIRST] >= 0:
            continue
        if waits_for_refresh(node_of, ranks, rules, bank):
            continue
        time = legal(node_of, commands, reach, earliest, command, bank, now)
        if time < best or (time == best and requests.shape[0] + buffer < order):
            best, order, chosen, chosen_bank, wanting = time, requests.shape[0] + buffer, command, bank, NONE
    return best, chosen, chosen_bank, wanting
