"""The reference engine: the meaning of a task graph, written to be read. One SimPy process per task, nothing clever.

Time moves in steps. In a step all that ends does so first, with everything that follows from it without asking a resource. Then
the requests that have come together are granted, in one event behind all others of that time (`LATE`), so it does not matter in
which order SimPy happens to run the processes. If that lets further tasks end at the same time, there is another such round.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator
from typing import Any

import numpy as np
import simpy
from simpy.events import EventPriority

from narrowgauge.sim.graph import NONE
from narrowgauge.sim.resources import WORK_PER_BYTE, Order
from narrowgauge.sim.table import TaskTable
from narrowgauge.sim.times import Times, finished

LATE = EventPriority(5)  # SimPy runs smaller numbers first; its own events have 0 and 1


def now_ps(env: simpy.Environment) -> int:
    """The time; SimPy would allow fractions."""
    return int(env.now)


class Arbiter:
    """Grants requests, once per round, after everything else that happens at that time."""

    def __init__(self, env: simpy.Environment) -> None:
        self.env = env
        self.touched: set[Queue] = set()

    def touch(self, queue: Queue) -> None:
        """Something was asked for or given back."""
        if not self.touched:
            round_ = simpy.Event(self.env)
            round_._ok, round_._value = True, None
            round_.callbacks.append(self.grant)
            self.env.schedule(round_, priority=LATE)
        self.touched.add(queue)

    def grant(self, _: simpy.Event) -> None:
        """Serve every queue in which something has changed."""
        touched, self.touched = self.touched, set()
        for queue in touched:
            queue.serve()


class Queue:
    """Those who wait for one unit or buffer. Served strictly in order: by priority number, time of asking, name."""

    def __init__(self, arbiter: Arbiter, capacity: int) -> None:
        self.arbiter = arbiter
        self.capacity = self.free = capacity
        self.waiting: list[tuple[Any, ...]] = []  # priority, time of asking, row, amount, event
        self.given_back_ps, self.given_back_by, self.overfilled_ps = NONE, NONE, NONE

    def ask(self, row: int, amount: int, priority: int = 0) -> simpy.Event:
        """An event that happens when the amount is granted; its value is the row of the task that made room."""
        granted = self.arbiter.env.event()
        heapq.heappush(self.waiting, (priority, now_ps(self.arbiter.env), row, amount, granted))
        self.arbiter.touch(self)
        return granted

    def give_back(self, row: int, amount: int) -> None:
        """Make room, and remember who did so last (the first by name of those at the same time)."""
        now = now_ps(self.arbiter.env)
        self.free += amount
        self.given_back_by = min(self.given_back_by, row) if self.given_back_ps == now else row
        self.given_back_ps = now
        if self.free > self.capacity and self.overfilled_ps == NONE:
            self.overfilled_ps = now
        self.arbiter.touch(self)

    def serve(self) -> None:
        """Grant what fits; the first that does not fit holds up everyone behind it."""
        while self.waiting and self.waiting[0][3] <= self.free:
            *_, amount, granted = heapq.heappop(self.waiting)
            self.free -= amount
            granted.succeed(self.given_back_by)


class SharedChannel:
    """Processor sharing in whole numbers. `served` is the work that a transfer in flight since the beginning would have done; a
    transfer ends at the first picosecond at which it has grown by the transfer's own work. Work too small to be divided among all
    is carried over, so that nothing is lost."""

    def __init__(self, env: simpy.Environment, work_per_ps: int) -> None:
        self.env, self.rate = env, work_per_ps
        self.served = self.carry = self.last_ps = 0
        self.next_look_ps: int | None = None
        self.flying: list[tuple[Any, ...]] = []  # `served` at the end, row, event

    def transfer(self, row: int, work: int) -> simpy.Event:
        """An event that happens when the work is done."""
        self.advance()
        arrived = self.env.event()
        heapq.heappush(self.flying, (self.served + work, row, arrived))
        self.look_again()
        return arrived

    def advance(self) -> None:
        """Share out the time since the last change."""
        elapsed, self.last_ps = now_ps(self.env) - self.last_ps, now_ps(self.env)
        if elapsed and not self.flying:
            self.served = self.carry = 0
        elif elapsed:
            grown, self.carry = divmod(self.carry + elapsed * self.rate, len(self.flying))
            self.served += grown

    def look(self, _: object) -> None:
        """End what has arrived. A look that comes too early, because others have joined since it was set, finds nothing."""
        self.advance()
        if self.next_look_ps == now_ps(self.env):
            self.next_look_ps = None
        while self.flying and self.flying[0][0] <= self.served:
            heapq.heappop(self.flying)[-1].succeed()
        self.look_again()

    def look_again(self) -> None:
        """Look when the next one arrives if nobody else joins, unless there will be an earlier look."""
        if self.flying:
            missing = self.flying[0][0] - self.served
            wait_ps = max(1, -(-(missing * len(self.flying) - self.carry) // self.rate)) if missing > 0 else 0
            if self.next_look_ps is None or now_ps(self.env) + wait_ps < self.next_look_ps:
                self.next_look_ps = now_ps(self.env) + wait_ps
                self.env.timeout(wait_ps).callbacks.append(self.look)


def run_reference(table: TaskTable) -> Times:
    """Run a graph. Raises InputError for a deadlock, or where a buffer is given more slots than were taken."""
    env, count = simpy.Environment(), len(table)
    arbiter, times = Arbiter(env), Times.unknown(count)
    units = [Queue(arbiter, unit.capacity) for unit in table.units]
    buffers = [Queue(arbiter, buffer.slots) for buffer in table.buffers]
    channels = [SharedChannel(env, channel.bytes_per_us) for channel in table.channels]
    ended = [env.event() for _ in range(count)]
    asked = np.full(count, NONE, dtype=np.int64)

    def served(row: int, number: int, granted: simpy.Event) -> Generator[simpy.Event, int, None]:
        asked[row], since = number, now_ps(env)
        let_in_by = yield granted
        asked[row] = NONE
        if now_ps(env) > since:
            times.waited_for[row], times.let_in_by[row] = number, let_in_by

    def live(row: int) -> Generator[simpy.Event, Any, None]:
        yield env.all_of([ended[before] for before, _ in table.before.of(row)])
        times.ready_ps[row] = now_ps(env)
        for buffer, slots in table.acquire.of(row):
            yield from served(row, len(units) + buffer, buffers[buffer].ask(row, int(slots)))
        times.seated_ps[row] = now_ps(env)
        unit, amount = int(table.unit[row]), int(table.amount[row])
        if unit != NONE:
            by_priority = table.units[unit].order is Order.PRIORITY
            yield from served(row, unit, units[unit].ask(row, amount, int(table.priority[row]) if by_priority else 0))
        times.start_ps[row] = now_ps(env)
        yield env.timeout(int(table.duration_ps[row]))
        if table.channel[row] != NONE:
            yield channels[table.channel[row]].transfer(row, int(table.transfer_bytes[row]) * WORK_PER_BYTE)
        times.end_ps[row] = now_ps(env)
        if unit != NONE:
            units[unit].give_back(row, amount)
        for buffer, slots in table.release.of(row):
            buffers[buffer].give_back(row, int(slots))
        ended[row].succeed()

    for row in range(count):
        env.process(live(row))
    env.run()
    queues = [*units, *buffers]
    free = np.array([queue.free for queue in queues], dtype=np.int64)
    return finished(table, times, asked, free, np.array([queue.overfilled_ps for queue in queues], dtype=np.int64))
