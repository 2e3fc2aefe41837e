"""Measures one point: arrays on the device, warm-up, samples until they suffice, the check of a timed result, the record."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from narrowgauge.errors import UnsupportedError
from narrowgauge.kernels.backend import Backend, LaunchRefusedError, OutOfMemoryError
from narrowgauge.kernels.bench import Bench, Check, Launch, Operands, Point, Timing
from narrowgauge.kernels.clocks import ClockReader, ClockSummary, discarded
from narrowgauge.kernels.compile import Binary, compile_source
from narrowgauge.kernels.discipline import LEAST_SAMPLES, Discipline
from narrowgauge.kernels.power import power_window
from narrowgauge.kernels.records import CLOCK
from narrowgauge.kernels.residents import Residents, resident, rotating_copies
from narrowgauge.kernels.signature import argument_problems, parameter_sizes
from narrowgauge.kernels.telemetry import Telemetry
from narrowgauge.kernels.timings import Sampler, sampler
from narrowgauge.measurements import CheckRecord, PointRecord, PowerWindow, Samples

_PROBE_SOURCE, _PROBE = "clock_probe.cu", "clock_probe"
_PROBE_NS = 100_000  #: long against the coarsest steps of a global timer, 1 µs
_WAKING_LAUNCHES = 2000  #: of the probe, 0.2 s, in which a board leaves its idle clock


@dataclass
class Sampled:
    """Samples of one point as they come in."""

    elapsed_us: list[float] = field(default_factory=list)
    clocks: list[ClockSummary | None] = field(default_factory=list)  #: of the timed kernel itself
    probed: list[ClockSummary] = field(default_factory=list)  #: of the SM at that time
    stopped_by: str = ""


class Runner:
    """Asks benches of one device under one discipline. All that it keeps from point to point is compiled code."""

    def __init__(
        self,
        backend: Backend,
        telemetry: Telemetry,
        discipline: Discipline,
        compiler: Callable[[str, str], Binary] = compile_source,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._backend, self._telemetry, self.discipline = backend, telemetry, discipline
        self._compile, self._now, self._sleep = compiler, now, sleep
        self._device = backend.properties.device
        self._reader = ClockReader()
        grid = self._device.sm_count
        self._probe_clocks = backend.allocate(grid * CLOCK.itemsize)
        probe = Launch(_PROBE, grid, 1, ("clocks", _PROBE_NS))
        self._probe = backend.prepare(self._binary(_PROBE_SOURCE), probe, [self._probe_clocks, _PROBE_NS])
        backend.elapsed_us([self._probe], _WAKING_LAUNCHES)
        self._probed()

    def measure(self, bench: Bench, point: Point, source_hash: str) -> PointRecord:
        """The record of one point: measured, skipped or failed. Raises DeviceLostError, after which the device is gone."""
        reason = bench.skip(point, self._device)
        if reason is not None:
            return record(bench, point, source_hash, skipped=reason)
        launch = bench.launch(point, self._device)
        binary = self._binary(bench.source)
        operands = bench.operands(point, self._device, _generator(bench, point))
        problems = argument_problems(launch, operands, parameter_sizes(binary.cubin).get(launch.entry, ()))
        if problems:
            return record(bench, point, source_hash, failed="; ".join(problems))
        try:
            found = self._measured(bench, point, launch, operands, binary)
        except (OutOfMemoryError, UnsupportedError) as error:
            return record(bench, point, source_hash, skipped=str(error))
        except (LaunchRefusedError, ValueError) as error:
            return record(bench, point, source_hash, failed=str(error))
        kernel = {"entry": launch.entry, "architecture": binary.architecture, "flags": binary.flags}
        registers = binary.resources[launch.entry].registers
        work = dict(bench.work(point, self._device))
        return record(bench, point, source_hash, **kernel, registers=registers, work=work, **found)

    def _measured(self, bench: Bench, point: Point, launch: Launch, operands: Operands, binary: Binary) -> Mapping[str, Any]:
        """Samples, power window and check: the fields of the record that come from the device."""
        timing, discipline = bench.timing, self.discipline
        rotates = timing in (Timing.BATCHED, Timing.GRAPH, Timing.POWER)
        copies = rotating_copies(operands, self._device.l2_bytes, discipline.rotation) if rotates else 1
        with resident(self._backend, operands, launch, copies) as arrays:
            works = [self._backend.prepare(binary, launch, arrays.arguments(launch, copy)) for copy in range(copies)]
            self._backend.elapsed_us(works[:1], discipline.warmup_launches)
            taker = sampler(timing, self._backend, arrays, works, discipline.batch_us[timing])
            try:
                found = self.timed(taker, timing, arrays)
            finally:
                taker.close()
            check = bench.check(point, self._device, operands.inputs, arrays.results(self._backend))
        return {**found, "check": check_record(check)}

    def timed(self, taker: Sampler, timing: Timing, arrays: Residents | None = None) -> Mapping[str, Any]:
        """Samples, what stopped them, and for a power point its window: the fields of a record that a sampler gives.

        The clock is read from the clock records of `arrays`, or by a probe behind each sample. Raises ValueError where too few
        samples count."""
        window = self._power(taker) if timing is Timing.POWER else None
        samples = self._sample(taker, arrays, timing)
        return {"samples": self._columns(samples, timing), "stopped_by": samples.stopped_by, "power": window}

    def _sample(self, taker: Sampler, arrays: Residents | None, timing: Timing) -> Sampled:
        """Samples until the stopping rule is content. Raises ValueError where too few of them count."""
        found, begin = Sampled(), self._now()
        while not found.stopped_by:
            found.elapsed_us.append(taker.sample())
            own = self._read(arrays.clocks, arrays.grid) if arrays and arrays.clocks else None
            found.clocks.append(own)
            found.probed.append(own if own and own.mhz else self._probed())
            dropped = self._discarded(found, timing)
            metric = [c.cycles for c in found.clocks if c] if timing is Timing.CLOCK else found.elapsed_us
            kept = [value for index, value in enumerate(metric) if index not in dropped]
            seconds = self._now() - begin
            found.stopped_by = self.discipline.stopping.reason(kept, len(found.elapsed_us), seconds) or ""
        if len(kept) < LEAST_SAMPLES:
            raise ValueError(f"no steady clock: {len(dropped)} of {len(found.elapsed_us)} samples do not count, {_last(dropped)}")
        return found

    def _discarded(self, found: Sampled, timing: Timing) -> Mapping[int, str]:
        """Under sustained load the board moves its clock to keep its power: that is what a power point asks about."""
        if timing is Timing.POWER:
            return {}
        shares = self.discipline.clock_share, self.discipline.boost_share
        return discarded(found.probed, self._backend.properties.boost_clock_mhz, *shares)

    def _read(self, buffer: Any, blocks: int) -> ClockSummary:
        records = np.empty(blocks, CLOCK)
        self._backend.download(buffer, records)
        return self._reader.read(records)

    def _probed(self) -> ClockSummary:
        """The SM clock right after a launch that kept no record of it."""
        self._backend.elapsed_us([self._probe])
        return self._read(self._probe_clocks, self._device.sm_count)

    def _power(self, taker: Sampler) -> PowerWindow:
        d = self.discipline
        return power_window(taker, self._telemetry, d.power_s, d.settle_s, d.idle_s, self._now, self._sleep)

    def _columns(self, found: Sampled, timing: Timing) -> Samples:
        own = [clock for clock in found.clocks if clock]
        return Samples(
            elapsed_us=tuple(found.elapsed_us),
            cycles=tuple(clock.cycles for clock in own),
            cycles_min=tuple(clock.cycles_min for clock in own),
            cycles_max=tuple(clock.cycles_max for clock in own),
            span_ns=tuple(clock.span_ns for clock in own),
            clock_mhz=tuple(clock.mhz for clock in found.probed),
            discarded=self._discarded(found, timing),
        )

    def _binary(self, source: str) -> Binary:
        return self._compile(source, self._device.architecture)


def record(bench: Bench, point: Point, source_hash: str, **fields: Any) -> PointRecord:
    """A record of a point with the fields that name it."""
    named = {"bench": bench.name, "question": bench.question, "timing": str(bench.timing), "axes": dict(point)}
    return PointRecord.model_validate({**named, "source_hash": source_hash, **fields})


def check_record(check: Check) -> CheckRecord:
    """A comparison as it is written down."""
    error = float(check.error) if np.isfinite(check.error) else None
    return CheckRecord(what=check.what, error=error, tolerance=float(check.tolerance), ok=check.ok)


def _generator(bench: Bench, point: Point) -> np.random.Generator:
    """The same operands for the same point in every campaign."""
    return np.random.default_rng(zlib.crc32(repr((bench.name, sorted(point.items()))).encode()))


def _last(reasons: Mapping[int, str]) -> str:
    return f"the last one: {list(reasons.values())[-1]}" if reasons else "none was taken"
