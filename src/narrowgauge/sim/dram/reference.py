"""The memory controller written to be read: a SimPy process that looks at every cycle. For small streams.

The compiled engine (`engine.py`) gives the same time for every command: tests/properties/test_dram_engines.py.

Rules of a cycle, in this order:
1. admit requests in order while the queue has room (and while fewer than `max_outstanding` have data to come);
2. mark the refreshes that are due; a rank (or bank) that waits for a refresh takes no other command. Where refreshes yield,
   requests go on until its rows happen to be closed at once; until then a precharge for it goes before a column command;
3. issue the oldest request that has its row and whose column command is legal; within a row buffer reads keep their order and
   writes keep theirs; requests behind a barrier wait;
4. issue one row command: what a waiting refresh needs, else what the oldest request needs that is legal, else, with the
   closed policy, a precharge of the lowest row buffer for which nobody waits.
A row is closed for another when no queued request before the next barrier wants it, or after `row_hit_cap` hits; from then
on, and once nRAS is over, it serves no more hits."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from narrowgauge.sim.dram.controller import Controller, Refresh, RowPolicy
from narrowgauge.sim.dram.hierarchy import reached
from narrowgauge.sim.dram.program import ChannelRequests
from narrowgauge.sim.dram.standard import Effect, Standard
from narrowgauge.sim.dram.timing import ChannelTiming

if TYPE_CHECKING:
    import simpy

LogEntry = tuple[int, str, int]


@dataclass(eq=False)
class _Buffer:
    """A row buffer: its open row, the column commands since, the end of nRAS, and the command that closes it."""

    row: int | None = None
    served: int = 0
    hold: int = 0
    closer: str | None = None


@dataclass(eq=False)
class _Request:
    """A queued request, with its commands."""

    age: int
    column: str
    open: str | None
    close: str | None
    bank: int
    row: int
    group: int
    drain: bool
    done_cycles: int
    write: bool


RowCommand = tuple[str, int, "_Request | None"]


class ReferenceChannel:
    """One channel and its controller. `run` returns the log of commands: (cycle, command, bank)."""

    def __init__(self, standard: Standard, controller: Controller, requests: ChannelRequests) -> None:
        self._standard, self._controller, self._org = standard, controller, standard.organisation
        self._timing = ChannelTiming(standard)
        buffers = 1 + max(command.buffer for command in standard.commands.values())
        self._buffers = {(which, bank): _Buffer() for which in range(buffers) for bank in range(self._org.channel_banks)}
        self._waiting = list(reversed(list(_read(standard, requests))))
        self._queue: list[_Request] = []
        self._ends: list[int] = []
        self._refreshing: dict[int, int] = {}  # rank: bank
        self.log: list[LogEntry] = []

    def run(self) -> list[LogEntry]:
        """Serve every request."""
        import simpy

        environment = simpy.Environment()
        environment.process(self._cycles(environment))
        environment.run()
        return self.log

    def _cycles(self, environment: simpy.Environment) -> Generator[Any, Any, None]:
        while self._waiting or self._queue:
            now = int(environment.now)
            self._admit(now)
            self._mark_refreshes(now)
            urgent = self._issue_first(self._urgent_precharges(), now)
            self._issue_column(now)
            if not urgent:
                self._issue_first(self._row_candidates(), now)
            yield environment.timeout(1)

    def _admit(self, now: int) -> None:
        bound = self._controller.max_outstanding
        while self._waiting and len(self._queue) < self._controller.queue_depth:
            if self._waiting[-1].drain and (self._queue or any(end > now for end in self._ends)):
                return
            if bound and len(self._queue) + sum(end > now for end in self._ends) >= bound:
                return
            if not self._controller.row_ahead and self._queue and self._waiting[-1].group != self._queue[0].group:
                return
            self._queue.append(self._waiting.pop())

    def _mark_refreshes(self, now: int) -> None:
        mode, org = self._controller.refresh, self._org
        ranks = org.pseudo_channels * org.ranks
        interval = self._standard.timing["nREFI"] // (org.banks if mode is Refresh.PER_BANK else 1)
        for rank in range(ranks if mode is not Refresh.NONE else 0):
            turn = rank % org.ranks + 1 if self._controller.staggered_refresh else org.ranks
            first = interval * turn // org.ranks
            if now >= first and (now - first) % interval == 0:
                bank = now // interval % org.banks if mode is Refresh.PER_BANK else 0
                self._refreshing[rank] = rank * org.banks + bank

    def _issue_column(self, now: int) -> None:
        if not self._queue:
            return
        group = self._queue[0].group
        taken: set[tuple[int, int, bool, bool]] = set()
        for request in self._queue:
            if self._held_by_refresh(request.bank) or not self._has_row(request):
                continue
            order = (*self._key(request), request.write, request.open is None)
            if order in taken:
                continue
            taken.add(order)
            if request.group != group or self._row_is_leaving(request, now):
                continue
            if self._timing.legal_at(request.column, request.bank) <= now:
                self._issue(request.column, request.bank, now)
                if request.open is not None:
                    self._buffers[self._key(request)].served += 1
                self._queue.remove(request)
                self._ends.append(now + request.done_cycles)
                return

    def _issue_first(self, candidates: Iterable[RowCommand], now: int) -> bool:
        """Issue the first candidate that is legal; whether there was one."""
        for command, bank, request in candidates:
            if self._timing.legal_at(command, bank) <= now:
                self._issue(command, bank, now)
                self._change_rows(command, bank, request, now)
                return True
        return False

    def _urgent_precharges(self) -> Iterator[RowCommand]:
        """Rows that a refresh waits for, where refreshes yield."""
        for (_, bank), buffer in list(self._buffers.items()):
            rank = bank // self._org.banks
            if rank in self._refreshing and self._yields(rank) and buffer.row is not None and buffer.closer is not None:
                yield buffer.closer, bank, None

    def _row_candidates(self) -> Iterator[RowCommand]:
        for rank, bank in sorted(self._refreshing.items()):
            if not self._yields(rank):
                yield self._refresh_command(rank, bank), bank, None
        seen: set[tuple[int, int]] = set()
        for request in self._queue:
            key = self._key(request)
            if request.open is None or key in seen:
                continue
            seen.add(key)
            if not self._has_row(request) and not self._held_by_refresh(request.bank):
                wanted = self._wanted(request)
                if wanted is not None:
                    yield *wanted, request
        if self._controller.policy is RowPolicy.CLOSED:
            for (which, bank), buffer in self._buffers.items():
                idle = (which, bank) not in seen and not self._held_by_refresh(bank)
                if buffer.row is not None and buffer.closer is not None and idle:
                    yield buffer.closer, bank, None

    def _wanted(self, request: _Request) -> tuple[str, int] | None:
        """The command that brings a request nearer to its row: open or close the first bank that does not have it."""
        which = self._standard.commands[request.column].buffer
        bank = next(b for b in self._banks(request.column, request.bank) if self._buffers[which, b].row != request.row)
        if self._buffers[which, bank].row is None:
            return str(request.open), bank
        key = self._key(request)
        same = [other for other in self._queue if other.open and self._key(other) == key and other.group == request.group]
        hits = any(self._has_row(other) for other in same)
        if hits and self._buffers[key].served < self._controller.row_hit_cap:
            return None
        return str(request.close), bank

    def _refresh_command(self, rank: int, bank: int) -> str:
        banks = range(rank * self._org.banks, (rank + 1) * self._org.banks)
        if self._controller.refresh is Refresh.ALL_BANK:
            is_open = any(buffer.row is not None for (_, other), buffer in self._buffers.items() if other in banks)
            return "PREab" if is_open else "REFab"
        if (1, bank) in self._buffers and self._buffers[1, bank].row is not None:
            return "PREab"
        return "PRE" if self._buffers[0, bank].row is not None else "REFpb"

    def _change_rows(self, command: str, bank: int, request: _Request | None, now: int) -> None:
        found = self._standard.commands[command]
        if found.effect is Effect.REFRESH:
            del self._refreshing[bank // self._org.banks]
            return
        opens = request is not None and command == request.open
        for (which, other), buffer in self._buffers.items():
            if other in self._banks(command, bank) and (which == found.buffer or command == "PREab"):
                buffer.row = request.row if request is not None and opens else None
                buffer.served, buffer.hold = 0, now + self._standard.timing["nRAS"]
                buffer.closer = request.close if request is not None and opens and other == bank else None

    def _row_is_leaving(self, request: _Request, now: int) -> bool:
        """Whether an older request to another row has waited long enough to close this one."""
        if request.open is None:
            return False
        key = self._key(request)
        oldest = next(other for other in self._queue if other.open is not None and self._key(other) == key)
        buffer = self._buffers[key]
        return not self._has_row(oldest) and buffer.served >= self._controller.row_hit_cap and now >= buffer.hold

    def _has_row(self, request: _Request) -> bool:
        which = self._standard.commands[request.column].buffer
        banks = self._banks(request.column, request.bank)
        return request.open is None or all(self._buffers[which, bank].row == request.row for bank in banks)

    def _held_by_refresh(self, bank: int) -> bool:
        rank = bank // self._org.banks
        waiting = self._refreshing.get(rank)
        return (
            waiting is not None and not self._yields(rank) and (self._controller.refresh is Refresh.ALL_BANK or waiting == bank)
        )

    def _yields(self, rank: int) -> bool:
        """Whether the refresh of a rank lets requests go on: where the controller says so, until no row is open."""
        banks = range(rank * self._org.banks, (rank + 1) * self._org.banks)
        is_open = any(buffer.row is not None for (_, bank), buffer in self._buffers.items() if bank in banks)
        return self._controller.refresh_yields and is_open

    def _key(self, request: _Request) -> tuple[int, int]:
        return self._standard.commands[request.column].buffer, request.bank

    def _banks(self, command: str, bank: int) -> tuple[int, ...]:
        return reached(self._org, self._standard.commands[command].banks, bank)

    def _issue(self, command: str, bank: int, now: int) -> None:
        self._timing.issue(command, bank, now)
        self.log.append((now, command, bank))


def _read(standard: Standard, requests: ChannelRequests) -> Iterator[_Request]:
    kinds = list(standard.requests.values())
    columns = (requests.kind, requests.bank, requests.row, requests.group, requests.drain)
    for age, (number, bank, row, group, drain) in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        kind = kinds[number]
        write = standard.commands[kind.column].effect is Effect.WRITE
        yield _Request(age, kind.column, kind.open, kind.close, bank, row, group, bool(drain), kind.done_cycles, write)
