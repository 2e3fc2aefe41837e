"""The arrays that the compiled engine reads and writes: records for tasks, queues and channels, heaps.

Records keep together what is used together. Queue number `units + b` is buffer b."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from narrowgauge.sim.graph import NONE
from narrowgauge.sim.resources import Order
from narrowgauge.sim.table import TaskTable

Ints = npt.NDArray[np.int64]
Records = npt.NDArray[Any]


def record(*names: str) -> np.dtype[Any]:
    """A record of whole numbers."""
    return np.dtype([(name, np.int64) for name in names], align=True)


TASK = record(
    "missing",  # how many tasks before it have not ended
    "asked",  # the queue that it stands in, or −1
    *("rank", "since_ps"),  # its place there
    "granted",  # how many of its requests were granted
    *("ready_ps", "seated_ps", "start_ps", "end_ps", "waited_for", "let_in_by"),  # the answer, see Times
)
QUEUE = record(
    *("capacity", "free", "by_priority"),
    *("base", "size"),  # its heap
    "touched",  # 1 if it is to be served in this round
    *("given_back_ps", "given_back_by", "overfilled_ps"),
)
CHANNEL = record(
    "rate",  # work per picosecond
    *("served", "carry", "last_ps"),  # what each transfer has got since the channel was idle, what is left to divide, and when
    "next_look_ps",  # when the timer looks who has arrived, or −1
    *("base", "size"),  # its heap of transfers in flight
)


class State(NamedTuple):
    """Everything that the engine touches. What stands in the table as columns is read there and not copied."""

    unit: Ints
    amount: Ints
    duration_ps: Ints
    channel: Ints
    transfer_bytes: Ints
    priority: Ints
    after_start: Ints
    after: Ints
    acquire_start: Ints
    acquire_queue: Ints
    acquire_slots: Ints
    release_start: Ints
    release_queue: Ints
    release_slots: Ints
    tasks: Records
    queues: Records
    channels: Records
    timer: Ints  # heap of (time, row); rows from len(tasks) on are channels
    queued: Ints  # heaps of rows
    flying: Ints  # heaps of (served when it has arrived, row)
    dirty: Ints  # queues to be served in this round
    served: Ints  # rows served in this round
    used: Ints  # how much of timer and dirty is in use


def state_of(table: TaskTable) -> State:
    """The state before anything has happened. Each heap has room for everyone who could ever be in it."""
    count, units = len(table), len(table.units)
    flyers = table.channel[table.channel != NONE]
    acquire_queue, release_queue = table.acquire.item + units, table.release.item + units
    users = np.concatenate([table.unit[table.unit != NONE], acquire_queue])
    tasks = np.zeros(count, dtype=TASK)
    tasks.view(np.int64).fill(NONE)
    tasks["missing"], tasks["granted"] = np.diff(table.before.start), 0
    return State(
        unit=table.unit,
        amount=table.amount,
        duration_ps=table.duration_ps,
        channel=table.channel,
        transfer_bytes=table.transfer_bytes,
        priority=table.priority,
        after_start=table.after.start,
        after=table.after.item,
        acquire_start=table.acquire.start,
        acquire_queue=acquire_queue,
        acquire_slots=table.acquire.count.astype(np.int64),
        release_start=table.release.start,
        release_queue=release_queue,
        release_slots=table.release.count.astype(np.int64),
        tasks=tasks,
        queues=queues_of(table, users),
        channels=channels_of(table, flyers),
        # a look at a channel is set for each transfer that joins, and one follows each look
        timer=np.zeros((count + len(flyers) + len(table.channels), 2), dtype=np.int64),
        queued=np.zeros(len(users), dtype=np.int64),
        flying=np.zeros((len(flyers), 2), dtype=np.int64),
        dirty=np.zeros(units + len(table.buffers), dtype=np.int64),
        served=np.zeros(count, dtype=np.int64),
        used=np.zeros(2, dtype=np.int64),
    )


def queues_of(table: TaskTable, users: Ints) -> Records:
    """Units, then buffers; `users` lists the queue of every request."""
    capacities = [unit.capacity for unit in table.units] + [buffer.slots for buffer in table.buffers]
    queues = np.zeros(len(capacities), dtype=QUEUE)
    queues["capacity"] = queues["free"] = capacities
    queues["by_priority"][: len(table.units)] = [unit.order is Order.PRIORITY for unit in table.units]
    queues["base"] = segments(users, len(queues))
    for name in ("given_back_ps", "given_back_by", "overfilled_ps"):
        queues[name] = NONE
    return queues


def channels_of(table: TaskTable, flyers: Ints) -> Records:
    """The channels; `flyers` lists the channel of every transfer."""
    channels = np.zeros(len(table.channels), dtype=CHANNEL)
    channels["rate"] = [channel.bytes_per_us for channel in table.channels]
    channels["base"] = segments(flyers, len(channels))
    channels["next_look_ps"] = NONE
    return channels


def segments(users: Ints, owners: int) -> Ints:
    """Where the segment of each owner begins in an array that holds all users."""
    sizes = np.bincount(users, minlength=owners).astype(np.int64)
    return np.cumsum(sizes) - sizes
