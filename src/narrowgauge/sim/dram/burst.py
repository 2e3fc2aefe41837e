"""Long runs of hits in one open row, issued at once where nothing can come between them. Imported only by the engine.

A run is a stretch of requests of one kind to one row. While the queue holds nothing else, no row command is wanted and no refresh
falls due, each column command follows the one before after the same number of cycles, and each makes room for one request."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from narrowgauge.sim.dram.columns import (
    ADMITTED,
    BANK,
    COLUMN,
    DEPTH,
    DONE,
    DRAIN,
    DUE,
    END_UPDATE,
    ENDED,
    FINISHED,
    FIRST,
    FIRST_UPDATE,
    FOLLOWS,
    GROUP,
    ISSUED,
    KIND,
    LAST,
    LATENCY,
    LATER,
    LATEST,
    LOCKSTEP,
    LOGGED,
    MODE,
    NONE,
    OLDEST,
    OUTSTANDING,
    OWN,
    READ,
    ROW,
    SERVED,
    SOONER,
    STALE,
    STALE_HITS,
    WINDOWED,
    WRITE,
    WRITING,
)
from narrowgauge.sim.dram.jit import inlined
from narrowgauge.sim.dram.queue import list_of
from narrowgauge.sim.dram.registers import record

Integers = NDArray[np.int64]
LEAST = 8  # shorter runs are not worth the look


@inlined
def run_ends(requests: Integers, ends: Integers) -> None:
    """Into `ends`: the last request of the run that each belongs to."""
    last = requests.shape[0] - 1
    for i in range(last, -1, -1):
        same = i < last and requests[i + 1, DRAIN] == 0
        for column in (KIND, BANK, ROW, GROUP):
            same = same and requests[i, column] == requests[i + 1, column]
        if not same:
            last = i
        ends[i] = last


@inlined
def spacing(commands: Integers, updates: Integers, command: int) -> int:
    """Cycles from a column command to the next one of its kind to the same bank; 0 where a window of several limits it."""
    longest = 1
    for i in range(commands[command, FIRST_UPDATE], commands[command, END_UPDATE]):
        if updates[i, FOLLOWS] == command:
            if updates[i, MODE] == WINDOWED:
                return 0
            if updates[i, MODE] == OWN and updates[i, LATENCY] > longest:
                longest = updates[i, LATENCY]
    return longest


@inlined
def burst_length(
    commands: Integers, updates: Integers, kinds: Integers, log: Integers, scalars: Integers, requests: Integers, rules: Integers,
    run_end: Integers, request: int, arrived: int, served: int, now: int,
) -> int:  # fmt: skip
    """How many column commands from `request` on, at `now`, nothing can come between; 0 where that does not pay."""
    oldest = scalars[OLDEST]
    command = kinds[requests[request, KIND], COLUMN]
    if (
        request != oldest
        or served != oldest
        or rules[OUTSTANDING]
        or commands[command, LOCKSTEP]
        or arrived - served < rules[DEPTH]
        or scalars[LOGGED] < log.shape[0]
        or run_end[oldest] < arrived + LEAST
    ):
        return 0
    step = spacing(commands, updates, command)
    if step == 0 or scalars[DUE] <= now + step * LEAST:
        return 0
    return int(min(run_end[oldest] - arrived + 1, (scalars[DUE] - now - 1) // step))


@inlined
def issue_burst(
    node_of: Integers, commands: Integers, updates: Integers, reach: Integers, kinds: Integers, facts: Integers,
    earliest: Integers, history: Integers, lists: Integers, links: Integers, issued: Integers, times: Integers, ends: Integers,
    scalars: Integers, requests: Integers, request: int, arrived: int, count: int, now: int,
) -> int:  # fmt: skip
    """Issue `count` column commands from `now` on and let as many requests in; the cycle of the last command."""
    kind, bank = requests[request, KIND], requests[request, BANK]
    command, write, done = kinds[kind, COLUMN], kinds[kind, WRITE], kinds[kind, DONE]
    step = spacing(commands, updates, command)
    finished, time = scalars[FINISHED + write], now
    for i in range(count):
        time = now + i * step
        times[request + i, ISSUED], times[request + i, ENDED] = time, time + done
        ends[write, finished + i] = time + done
        times[arrived + i, ADMITTED] = time + 1
        links[arrived + i, SOONER], links[arrived + i - 1, LATER] = arrived + i - 1, arrived + i
    where = list_of(commands, kinds, facts, reach.shape[1], kind, bank)
    links[arrived + count - 1, LATER] = links[request + count, SOONER] = NONE
    lists[where, FIRST] = lists[where, WRITING if write else READ] = request + count
    lists[where, LAST] = arrived + count - 1
    lists[where, SERVED] += count
    record(node_of, commands, updates, reach, earliest, history, command, bank, time)
    issued[command] += count
    scalars[FINISHED + write] += count
    scalars[LATEST] = max(scalars[LATEST], time + done)
    scalars[OLDEST] += count
    scalars[STALE] = scalars[STALE_HITS] = 1
    return int(time)
