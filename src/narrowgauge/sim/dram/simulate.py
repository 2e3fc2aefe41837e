"""Run request streams and command programs on a memory, and say what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from narrowgauge.errors import InputError
from narrowgauge.sim.dram import columns
from narrowgauge.sim.dram.controller import Controller, Refresh, RowPolicy
from narrowgauge.sim.dram.energy import Energy, energy_of
from narrowgauge.sim.dram.hierarchy import bank_number
from narrowgauge.sim.dram.mapping import parse_mapping
from narrowgauge.sim.dram.patterns import Stream
from narrowgauge.sim.dram.program import ChannelRequests, Program
from narrowgauge.sim.dram.standard import Standard
from narrowgauge.sim.dram.tables import tables

Integers = NDArray[np.int64]
NS_PER_PS = 1e-3
REFRESH_CODES = {Refresh.NONE: 0, Refresh.ALL_BANK: 1, Refresh.PER_BANK: 2}


@dataclass(frozen=True)
class MemoryResult:
    """What serving a stream or a program took. Latency runs from admission into the controller's queue to the end of the data.

    `cycles` ends with the last data of the slowest channel. `active_cycles` sums over ranks the time with a row open."""

    standard: Standard
    controller: Controller
    cycles: int
    requests: int
    data_bytes: int
    row_requests: int
    counts: Mapping[str, int]
    latency_cycles: Integers
    active_cycles: int
    channels: int
    command_log: tuple[tuple[int, str, int], ...]

    @property
    def time_us(self) -> float:
        """Time in us."""
        return self.cycles * self.standard.tck_ps * 1e-6

    @property
    def bandwidth_gb_per_s(self) -> float:
        """Data of reads and writes over time."""
        return self.data_bytes / (self.cycles * self.standard.tck_ps) * 1e3

    @property
    def share_of_pins(self) -> float:
        """Bandwidth over that of the data pins."""
        return self.bandwidth_gb_per_s / (self.standard.pin_gb_per_s * self.channels)

    @property
    def row_hits(self) -> int:
        """Requests to rows that did not need an activation of their own."""
        opened = sum(number for name, number in self.counts.items() if self.standard.commands[name].effect == "open")
        return max(self.row_requests - opened, 0)

    def latency_ns(self, quantile: float | None = None) -> float:
        """A quantile of the latency, or its mean."""
        cycles = self.latency_cycles.mean() if quantile is None else np.quantile(self.latency_cycles, quantile)
        return float(cycles) * self.standard.tck_ps * NS_PER_PS

    @cached_property
    def energy(self) -> Energy:
        """Energy of the commands and, where it is known, of standing by."""
        ranks = self.standard.organisation.pseudo_channels * self.standard.organisation.ranks * self.channels
        return energy_of(self.standard, self.counts, self.active_cycles, self.cycles * ranks - self.active_cycles)


def simulate(standard: Standard, requests: Stream, controller: Controller, log: bool = False) -> MemoryResult:
    """Serve a stream as fast as the queues of the channels let it in; raises InputError for addresses beyond the capacity.

    With `log`, `command_log` holds (cycle, command, bank) of every command of channel 0."""
    found = requests_of(standard, controller, requests)
    return _summary(standard, controller, found, controller.channels, log)


def requests_of(standard: Standard, controller: Controller, requests: Stream) -> list[ChannelRequests]:
    """The requests of each channel that has any; raises InputError for addresses beyond the capacity."""
    mapping = parse_mapping(controller.mapping, standard.organisation, controller.channels)
    wrong = np.flatnonzero((requests.addresses < 0) | (requests.addresses >= mapping.capacity_bytes))
    if wrong.size:
        first = wrong[0]
        where = f"request {first + 1}: address {int(requests.addresses[first]):#x}"
        raise InputError(f"{where} is beyond the capacity {mapping.capacity_bytes:#x}; {wrong.size} such requests")
    if requests.addresses.size == 0:
        raise InputError("there are no requests")
    parts = mapping.decode(requests.addresses)
    banks = bank_number_of(standard, parts)
    kinds = list(standard.requests)
    kind = np.where(requests.writes, kinds.index("write"), kinds.index("read")).astype(np.int64)
    whole = ChannelRequests(kind, banks, parts["Ro"], *np.zeros((2, kind.size), np.int64))
    if controller.channels == 1:
        return [whole]
    return [whole.only(parts["Ch"] == channel) for channel in np.unique(parts["Ch"])]


def run_program(standard: Standard, program: Program, controller: Controller | None = None, log: bool = False) -> MemoryResult:
    """Run a command program on one channel; raises InputError where the standard lacks a request that it uses."""
    return _summary(standard, controller or Controller.of(standard), [program.resolve(standard)], 1, log)


def bank_number_of(standard: Standard, parts: Mapping[str, Integers]) -> Integers:
    """Bank numbers in their channel of decoded addresses."""
    number: Integers = bank_number(standard.organisation, parts["Pc"], parts["Ra"], parts["Bg"], parts["Ba"])  # type: ignore[arg-type,assignment]
    return number


def _summary(standard: Standard, controller: Controller, found: list[ChannelRequests], channels: int, log: bool) -> MemoryResult:
    from narrowgauge.sim.dram import engine

    arrays = tables(standard)
    rules = engine_rules(controller)
    outcomes: list[engine.State] = []
    entries: tuple[tuple[int, str, int], ...] = ()
    names = list(standard.commands)
    for part in found:
        # room for the log: each request has at most an activation and a precharge of its own for each bank, and refreshes
        room = 0 if not log or outcomes else LOG_ROWS_PER_REQUEST * part.kind.size + LOG_ROWS
        state = engine.serve(arrays, rules, part.table(), room)
        outcomes.append(state)
        if room:
            logged = state.log[: state.scalars[columns.LOGGED]]
            entries = tuple((int(at), names[command], int(bank)) for at, command, bank in logged)
    times = np.concatenate([out.times for out in outcomes])
    counts = {name: int(sum(out.issued[i] for out in outcomes)) for i, name in enumerate(names)}
    kinds = list(standard.requests.values())
    data = np.array(
        [standard.commands[kind.column].effect in ("read", "write") and kind.name in ("read", "write") for kind in kinds]
    )
    needs_row = np.array([kind.open is not None for kind in kinds])
    served = np.concatenate([part.kind for part in found])
    return MemoryResult(
        standard=standard,
        controller=controller,
        cycles=int(times[:, columns.ENDED].max()),
        requests=int(served.size),
        data_bytes=int(data[served].sum()) * standard.organisation.burst_bytes,
        row_requests=int(needs_row[served].sum()),
        counts={name: number for name, number in counts.items() if number},
        latency_cycles=times[:, columns.ENDED] - times[:, columns.ADMITTED],
        active_cycles=int(sum(out.ranks[:, columns.ACTIVE_CYCLES].sum() for out in outcomes)),
        channels=channels,
        command_log=entries,
    )


LOG_ROWS_PER_REQUEST, LOG_ROWS = 8, 4096


def engine_rules(controller: Controller) -> Integers:
    """The controller in the numbers of the compiled engine."""
    return np.array(
        [
            controller.queue_depth,
            controller.row_hit_cap,
            controller.max_outstanding,
            controller.policy is RowPolicy.CLOSED,
            controller.row_ahead,
            REFRESH_CODES[controller.refresh],
            controller.staggered_refresh,
            controller.refresh_yields,
        ],
        np.int64,
    )
