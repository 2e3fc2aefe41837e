"""The task graph: what is to be done, in which order, on what. Every engine of this package runs it with the same answer.

    graph = TaskGraph()
    core = graph.unit("tensor_core", capacity=1)
    dram = graph.channel("dram", bytes_per_us=2_000_000)
    stage = graph.buffer("stage", slots=2)
    for i in range(3):
        graph.task(f"load[{i}]", duration_ps=500, transfer=(dram, 4096), acquire={stage: 1}, category="load")
        graph.task(f"mma[{i}]", after=[f"load[{i}]"], unit=core, duration_ps=900, release={stage: 1}, category="multiply")

What a task goes through (`docs/engine.md` has the exact rules and an example worked by hand):

1. It is *ready* when every task in `after` has ended (at time 0 if there is none).
2. It takes its buffer slots, one buffer after the other in the order of their names, then `amount` of its unit. Whoever comes
   first is served first, nobody overtakes; a task keeps what it has while it waits for the next. Names break ties.
3. It *starts*: `duration_ps` pass, then its bytes move at its share of the channel.
4. It *ends*: the unit is free again and the slots of `release` are given back.

Times are whole picoseconds. Names are identity: in which order tasks were added changes nothing.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from operator import index as operator_index
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from narrowgauge.errors import Problem, nearest
from narrowgauge.sim.names import join_name, split_name
from narrowgauge.sim.resources import Buffer, Channel, Order, Resource, Unit

if TYPE_CHECKING:
    from narrowgauge.sim.table import TaskTable

Ints = npt.NDArray[np.int64]
#: one number for every task of a family, or one for each
Numbers = int | Ints
#: one count for every task of a family, or one for each
Counts = float | npt.NDArray[np.float64] | Ints
R = TypeVar("R", Unit, Channel, Buffer)

NONE = -1
#: times, sizes and counts stay below this, so that sums of two fit into 64 bits
LARGEST = 2**61
COLUMNS = ("base", "index", "unit", "amount", "duration_ps", "channel", "bytes", "priority", "operator", "category")


class TaskGraph:
    """Tasks, what they wait for and what they use. Grows by `task` and `tasks`; `table` tells all faults at once.

    A task is referred to by its *handle*, the number that `task` returns (the count of tasks before it), or by its name."""

    def __init__(self) -> None:
        self.resources: dict[str, Resource] = {}
        self.positions: dict[str, int] = {}
        self.problems: list[Problem] = []
        #: the words behind the numbers in the columns
        self.bases: dict[str, int] = {}
        self.operators: dict[str, int] = {}
        self.categories: dict[str, int] = {}
        self.actions: dict[str, int] = {}
        self.columns: dict[str, array[int]] = {name: array("q") for name in COLUMNS}
        #: (task, what it waits for), (task, buffer, slots), (task, action, count), each as parallel columns
        self.edges = (array("q"), array("q"))
        self.named_edges: list[tuple[int, str]] = []
        self.acquired = (array("q"), array("q"), array("q"))
        self.released = (array("q"), array("q"), array("q"))
        self.acted = (array("q"), array("q"), array("d"))

    def __len__(self) -> int:
        """How many tasks there are, which is the handle of the next one."""
        return len(self.columns["base"])

    def unit(self, name: str, capacity: int = 1, order: Order | str = Order.FIFO) -> Unit:
        """Add a unit: `order` is "fifo" or "priority" (the smallest `priority` of those that wait goes first)."""
        if order not in tuple(Order):
            self.problems.append(Problem(f"unit '{name}'", f"order {order!r}; {nearest(str(order), tuple(Order))}"))
            order = Order.FIFO
        return self._resource(Unit(name, self._whole(f"unit '{name}'", "capacity", capacity, 1), Order(order)))

    def channel(self, name: str, bytes_per_us: int) -> Channel:
        """Add a channel; the rate is a whole number of bytes per microsecond."""
        return self._resource(Channel(name, self._whole(f"channel '{name}'", "bytes_per_us", bytes_per_us, 1)))

    def buffer(self, name: str, slots: int) -> Buffer:
        """Add a buffer."""
        return self._resource(Buffer(name, self._whole(f"buffer '{name}'", "slots", slots, 1)))

    def task(
        self,
        name: str,
        *,
        after: Iterable[int | str] = (),
        unit: Unit | str | None = None,
        amount: int = 1,
        duration_ps: int = 0,
        transfer: tuple[Channel | str, int] | None = None,
        acquire: Mapping[Buffer, int] | Mapping[str, int] = {},
        release: Mapping[Buffer, int] | Mapping[str, int] = {},
        priority: int = 0,
        operator: str = "",
        category: str = "",
        actions: Mapping[str, float] = {},
    ) -> int:
        """Add one task and return its handle. `after` may name tasks that are added later; resources may be given by name.

        `transfer` is (channel, bytes). `actions` counts what costs energy (`{"dram_byte": 4096}`)."""
        handle, place = len(self), f"task '{name}'"
        base, index = split_name(name)
        channel, moved = (NONE, 0) if transfer is None else (self._number(place, transfer[0], Channel), transfer[1])
        row = (
            self.bases.setdefault(base, len(self.bases)),
            index,
            NONE if unit is None else self._number(place, unit, Unit),
            self._whole(place, "amount", amount, 1),
            self._whole(place, "duration_ps", duration_ps, 0),
            channel,
            self._whole(place, "bytes", moved, 0),
            self._whole(place, "priority", priority, -LARGEST),
            self.operators.setdefault(operator, len(self.operators)),
            self.categories.setdefault(category, len(self.categories)),
        )
        for column, value in zip(self.columns.values(), row, strict=True):
            column.append(value)
        for earlier in after:
            if isinstance(earlier, str):
                self.named_edges.append((handle, earlier))
            else:
                append(self.edges, handle, operator_index(earlier))
        for columns, slots in ((self.acquired, acquire), (self.released, release)):
            for buffer, count in slots.items():
                append(columns, handle, self._number(place, buffer, Buffer), self._whole(place, "slots", count, 1))
        for action, times in actions.items():
            append(self.acted, handle, self.actions.setdefault(action, len(self.actions)), float(times))
        return handle

    def tasks(
        self,
        base: str,
        index: Ints | int,
        *,
        after: Sequence[Numbers] = (),
        unit: Unit | str | None = None,
        amount: Numbers = 1,
        duration_ps: Numbers = 0,
        transfer: tuple[Channel | str, Numbers] | None = None,
        acquire: Mapping[Buffer, Numbers] | Mapping[str, Numbers] = {},
        release: Mapping[Buffer, Numbers] | Mapping[str, Numbers] = {},
        priority: Numbers = 0,
        operator: str = "",
        category: str = "",
        actions: Mapping[str, Counts] = {},
    ) -> Ints:
        """Add a family of tasks `base[index]` at once and return their handles (one array operation per column).

        `index` is an array of whole numbers, or how many tasks there are (0, 1, …). Numbers hold for all tasks, or are arrays
        with one entry per task. Each member of `after` is one handle for all tasks or an array of handles, −1 where a task
        waits for nothing; handles of the family itself begin at `len(graph)`. Slots of 0 take or return nothing."""
        indices = np.arange(index, dtype=np.int64) if isinstance(index, int) else np.asarray(index, dtype=np.int64)
        handles = np.arange(len(self), len(self) + len(indices), dtype=np.int64)
        place = f"tasks '{base}[…]'"

        def column(what: str, value: Numbers, least: int) -> Ints:
            return self._whole_array(place, what, value, least, len(indices))

        def same(number: int) -> Ints:
            return np.full(len(indices), number, dtype=np.int64)

        channel, moved = (NONE, 0) if transfer is None else (self._number(place, transfer[0], Channel), transfer[1])
        rows = (
            same(self.bases.setdefault(base, len(self.bases))),
            column("index", indices, 0),
            same(NONE if unit is None else self._number(place, unit, Unit)),
            column("amount", amount, 1),
            column("duration_ps", duration_ps, 0),
            same(channel),
            column("bytes", moved, 0),
            column("priority", priority, -LARGEST),
            same(self.operators.setdefault(operator, len(self.operators))),
            same(self.categories.setdefault(category, len(self.categories))),
        )
        extend(tuple(self.columns.values()), rows)
        for earlier in after:
            on = column("after", earlier, NONE)
            self.depend(handles[on != NONE], on[on != NONE])
        for columns, slots in ((self.acquired, acquire), (self.released, release)):
            for buffer, count in slots.items():
                counts = column("slots", count, 0)
                some = counts > 0
                extend(columns, (handles[some], same(self._number(place, buffer, Buffer))[some], counts[some]))
        for action, times in actions.items():
            number = same(self.actions.setdefault(action, len(self.actions)))
            extend(self.acted, (handles, number, np.broadcast_to(np.asarray(times, dtype=np.float64), handles.shape)))
        return handles

    def depend(self, tasks: Ints, on: Ints) -> None:
        """Add dependencies in bulk: `tasks[i]` waits for `on[i]` (handles)."""
        extend(self.edges, (np.asarray(tasks, dtype=np.int64), np.asarray(on, dtype=np.int64)))

    def table(self) -> TaskTable:
        """The finished graph as arrays in the order of the tasks' names. Raises one InputError with every fault of the graph."""
        from narrowgauge.sim.table import freeze

        return freeze(self)

    def name(self, handle: int) -> str:
        """The name of a task."""
        bases = list(self.bases)
        return join_name(bases[self.columns["base"][handle]], self.columns["index"][handle])

    def __repr__(self) -> str:
        """A short script that rebuilds the graph."""
        from narrowgauge.sim.script import script

        return script(self)

    def _resource(self, resource: R) -> R:
        if resource.name in self.resources:
            self.problems.append(Problem(f"resource '{resource.name}'", "is there already; names of resources are unique"))
        self.positions.setdefault(resource.name, len(self.positions))
        self.resources.setdefault(resource.name, resource)
        return resource

    def _number(self, place: str, given: Resource | str, kind: type[Resource]) -> int:
        """The position of a resource of this graph, NONE (and a problem) where it has none of that name and kind."""
        name = given if isinstance(given, str) else given.name
        found = self.resources.get(name)
        if isinstance(found, kind) and (isinstance(given, str) or found == given):
            return self.positions[name]
        known = [other for other, resource in self.resources.items() if isinstance(resource, kind)]
        self.problems.append(Problem(place, f"unknown {kind.__name__.lower()} '{name}'; {nearest(name, known)}"))
        return NONE

    def _whole(self, place: str, what: str, value: object, least: int) -> int:
        """The number if it is whole and in range, else the least one and a problem."""
        whole = int(value) if isinstance(value, int | float | np.integer | np.floating) and value == value // 1 else None
        if whole is None or isinstance(value, bool) or not least <= whole <= LARGEST:
            self.problems.append(Problem(place, f"{what} is {value!r}, allowed: {allowed(least)}"))
            return least
        return whole

    def _whole_array(self, place: str, what: str, value: Numbers, least: int, count: int) -> Ints:
        """One number per task, as `_whole`."""
        given = np.asarray(value)
        if given.ndim > 1 or (given.ndim == 1 and len(given) != count):
            self.problems.append(Problem(place, f"{what} has shape {given.shape}, allowed: one number or {count}"))
            return np.full(count, least, dtype=np.int64)
        wrong = (given != np.floor(given)) | (given < least) | (given > LARGEST) | ~np.isfinite(given)
        if wrong.any():
            first = int(np.flatnonzero(np.atleast_1d(wrong))[0])
            text = f"{what} is {np.atleast_1d(given)[first]} at position {first}, allowed: {allowed(least)}"
            self.problems.append(Problem(place, text))
        safe = np.where(wrong, least, given).astype(np.int64)
        return np.broadcast_to(safe, (count,))


def allowed(least: int) -> str:
    """The clause of an error that says which whole numbers are allowed."""
    return f"a whole number from {least:,} to {LARGEST:,}"


def append(columns: Sequence[array[Any]], *values: float) -> None:
    """Add one row to parallel columns."""
    for column, value in zip(columns, values, strict=True):
        column.append(value)


def extend(columns: Sequence[array[Any]], rows: Sequence[npt.NDArray[np.int64] | npt.NDArray[np.float64]]) -> None:
    """Add many rows to parallel columns."""
    for column, values in zip(columns, rows, strict=True):
        column.frombytes(np.ascontiguousarray(values).tobytes())
