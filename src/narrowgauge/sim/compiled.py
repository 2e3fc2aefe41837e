"""The compiled engine: the rules of the reference engine as loops over arrays, with the same answer to the last picosecond.

A task is at one place at a time: it misses tasks before it, stands in a queue, waits for the timer (its fixed duration), or has
bytes in flight. For a channel the timer says when to look who has arrived; a look that finds nobody changes nothing.

Heaps are binary, in flat arrays: one takes `heap[base : base + size]`, so many share an array. All compiled code stands in this
file because the compiler's cache notices changes of this file only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

from narrowgauge.sim.compiled_state import State, state_of
from narrowgauge.sim.resources import WORK_PER_BYTE
from narrowgauge.sim.table import TaskTable
from narrowgauge.sim.times import Times, finished

Ints = npt.NDArray[np.int64]
Records = npt.NDArray[Any]

TIMER, DIRTY = 0, 1  # positions in State.used

F = TypeVar("F", bound=Callable[..., Any])
#: nothing here creates arrays, so their users need not be counted (`_nrt`), and nothing is divided by zero (`error_model`)
OPTIONS: dict[str, Any] = {"_nrt": False, "error_model": "numpy"}
#: nobody calls it from Python, and passing the state on would take longer than most functions do
INLINE: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "forceinline": True}


def inner(function: F) -> F:
    """Compile what only compiled code calls."""
    return cast(F, njit(**OPTIONS, **INLINE)(function))


def entry(function: F) -> F:
    """Compile what Python calls, and keep it on disk."""
    return cast(F, njit(**OPTIONS, cache=True)(function))


@inner
def goes_before(tasks: Records, one: int, other: int) -> bool:
    """Whether task `one` is served before task `other`: by rank, then by the time since which it asks, then by row."""
    if tasks[one]["rank"] != tasks[other]["rank"]:
        return bool(tasks[one]["rank"] < tasks[other]["rank"])
    if tasks[one]["since_ps"] != tasks[other]["since_ps"]:
        return bool(tasks[one]["since_ps"] < tasks[other]["since_ps"])
    return one < other


@inner
def push_task(heap: Ints, base: int, size: int, row: int, tasks: Records) -> None:
    """Add a task to those who wait, in the order of `goes_before`."""
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if not goes_before(tasks, row, heap[base + above]):
            break
        heap[base + at] = heap[base + above]
        at = above
    heap[base + at] = row


@inner
def pop_task(heap: Ints, base: int, size: int, tasks: Records) -> None:
    """Drop the task that goes first, `heap[base]`."""
    last = size - 1
    row, at, below = heap[base + last], 0, 1
    while below < last:
        if below + 1 < last and goes_before(tasks, heap[base + below + 1], heap[base + below]):
            below += 1
        if not goes_before(tasks, heap[base + below], row):
            break
        heap[base + at] = heap[base + below]
        at, below = below, 2 * below + 1
    heap[base + at] = row


@inner
def push_at(heap: Ints, base: int, size: int, when: int, row: int) -> None:
    """Add a (when, row) to a heap of such pairs that is sorted by `when` alone."""
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if when >= heap[base + above, 0]:
            break
        heap[base + at, 0], heap[base + at, 1] = heap[base + above, 0], heap[base + above, 1]
        at = above
    heap[base + at, 0], heap[base + at, 1] = when, row


@inner
def pop_at(heap: Ints, base: int, size: int) -> None:
    """Drop the earliest (when, row)."""
    last = size - 1
    when, row, at, below = heap[base + last, 0], heap[base + last, 1], 0, 1
    while below < last:
        if below + 1 < last and heap[base + below + 1, 0] < heap[base + below, 0]:
            below += 1
        if when <= heap[base + below, 0]:
            break
        heap[base + at, 0], heap[base + at, 1] = heap[base + below, 0], heap[base + below, 1]
        at, below = below, 2 * below + 1
    heap[base + at, 0], heap[base + at, 1] = when, row


@inner
def set_timer(state: State, when_ps: int, row: int) -> None:
    """Something happens to a row at that time."""
    push_at(state.timer, 0, state.used[TIMER], when_ps, row)
    state.used[TIMER] += 1


@inner
def touch(state: State, number: int) -> None:
    """The queue is served in the next round."""
    if state.queues[number]["touched"] == 0:
        state.queues[number]["touched"] = 1
        state.dirty[state.used[DIRTY]] = number
        state.used[DIRTY] += 1


@inner
def proceed(state: State, row: int, now: int) -> None:
    """Let a task ask for its next buffer, then for its unit, then start it."""
    task = state.tasks[row]
    request = state.acquire_start[row] + task["granted"]
    beyond = request - state.acquire_start[row + 1]
    number = -1
    if beyond < 0:
        number = state.acquire_queue[request]
    elif beyond == 0:
        task["seated_ps"] = now
        number = state.unit[row]
    task["asked"] = number
    if number < 0:
        task["start_ps"] = now
        set_timer(state, now + state.duration_ps[row], row)
        return
    queue = state.queues[number]
    task["since_ps"] = now
    task["rank"] = state.priority[row] if queue["by_priority"] else 0
    push_task(state.queued, queue["base"], queue["size"], row, state.tasks)
    queue["size"] += 1
    touch(state, number)


@inner
def give_back(state: State, number: int, amount: int, row: int, now: int) -> None:
    """Make room in a unit or buffer."""
    queue = state.queues[number]
    queue["free"] += amount
    if queue["given_back_ps"] != now or row < queue["given_back_by"]:
        queue["given_back_by"] = row
    queue["given_back_ps"] = now
    if queue["free"] > queue["capacity"] and queue["overfilled_ps"] < 0:
        queue["overfilled_ps"] = now
    touch(state, number)


@inner
def complete(state: State, row: int, now: int) -> None:
    """End a task: give back, and let those proceed that waited for it alone."""
    state.tasks[row]["end_ps"] = now
    if state.unit[row] >= 0:
        give_back(state, state.unit[row], state.amount[row], row, now)
    for at in range(state.release_start[row], state.release_start[row + 1]):
        give_back(state, state.release_queue[at], state.release_slots[at], row, now)
    for at in range(state.after_start[row], state.after_start[row + 1]):
        later = state.tasks[state.after[at]]
        later["missing"] -= 1
        if later["missing"] == 0:
            later["ready_ps"] = now
            proceed(state, state.after[at], now)


@inner
def serve(state: State, units: int, now: int) -> None:
    """One round: grant what fits in every queue that was touched, and only then let those who were served proceed."""
    served = 0
    for position in range(state.used[DIRTY]):
        number = state.dirty[position]
        queue = state.queues[number]
        queue["touched"] = 0
        while queue["size"] > 0:
            row = state.queued[queue["base"]]
            task = state.tasks[row]
            request = state.acquire_start[row] + task["granted"]
            amount = state.amount[row] if number < units else state.acquire_slots[request]
            if amount > queue["free"]:
                break
            pop_task(state.queued, queue["base"], queue["size"], state.tasks)
            queue["size"] -= 1
            queue["free"] -= amount
            if now > task["since_ps"]:
                task["waited_for"], task["let_in_by"] = number, queue["given_back_by"]
            task["granted"] += 1
            state.served[served] = row
            served += 1
    state.used[DIRTY] = 0
    for position in range(served):
        proceed(state, state.served[position], now)


@inner
def advance(state: State, number: int, now: int) -> None:
    """Share out the time since the last change among the transfers in flight."""
    channel = state.channels[number]
    elapsed = now - channel["last_ps"]
    channel["last_ps"] = now
    if elapsed > 0 and channel["size"] == 0:
        channel["served"] = 0
        channel["carry"] = 0
    elif elapsed > 0:
        work = channel["carry"] + elapsed * channel["rate"]
        channel["served"] += work // channel["size"]
        channel["carry"] = work % channel["size"]


@inner
def look_again(state: State, number: int, now: int) -> None:
    """Set the timer for the next arrival, unless there will be an earlier look."""
    channel = state.channels[number]
    if channel["size"] > 0:
        missing = state.flying[channel["base"], 0] - channel["served"]
        wait_ps = 0
        if missing > 0:
            wait_ps = max(1, -((channel["carry"] - missing * channel["size"]) // channel["rate"]))
        if channel["next_look_ps"] < 0 or now + wait_ps < channel["next_look_ps"]:
            channel["next_look_ps"] = now + wait_ps
            set_timer(state, now + wait_ps, len(state.tasks) + number)


@inner
def join(state: State, number: int, row: int, now: int) -> None:
    """Put the bytes of a task on a channel."""
    advance(state, number, now)
    channel = state.channels[number]
    push_at(state.flying, channel["base"], channel["size"], channel["served"] + state.transfer_bytes[row] * WORK_PER_BYTE, row)
    channel["size"] += 1
    look_again(state, number, now)


@inner
def look(state: State, number: int, now: int) -> None:
    """End the transfers that have arrived."""
    advance(state, number, now)
    channel = state.channels[number]
    if channel["next_look_ps"] == now:
        channel["next_look_ps"] = -1
    while channel["size"] > 0 and state.flying[channel["base"], 0] <= channel["served"]:
        row = state.flying[channel["base"], 1]
        pop_at(state.flying, channel["base"], channel["size"])
        channel["size"] -= 1
        complete(state, row, now)
    look_again(state, number, now)


@entry
def run_all(state: State, units: int, now: int) -> None:
    """Run from `now` until nothing happens any more. (A constant would make the compiler treat the first moment apart.)"""
    count = len(state.tasks)
    for row in range(count):
        if state.tasks[row]["missing"] == 0:
            state.tasks[row]["ready_ps"] = now
            proceed(state, row, now)
    while True:
        while state.used[TIMER] > 0 and state.timer[0, 0] == now:
            row = state.timer[0, 1]
            pop_at(state.timer, 0, state.used[TIMER])
            state.used[TIMER] -= 1
            if row >= count:
                look(state, row - count, now)
            elif state.channel[row] >= 0:
                join(state, state.channel[row], row, now)
            else:
                complete(state, row, now)
        if state.used[DIRTY] > 0:
            serve(state, units, now)
        elif state.used[TIMER] > 0:
            now = state.timer[0, 0]
        else:
            return


def run_compiled(table: TaskTable) -> Times:
    """Run a graph. Raises InputError for a deadlock, or where a buffer is given more slots than were taken."""
    state = state_of(table)
    run_all(state, len(table.units), 0)
    columns = ("ready_ps", "seated_ps", "start_ps", "end_ps", "waited_for", "let_in_by")
    times = Times(*(np.ascontiguousarray(state.tasks[name]) for name in columns))
    return finished(table, times, state.tasks["asked"], state.queues["free"], state.queues["overfilled_ps"])
