"""A campaign: the machine is described, every planned point is measured once, and each is on the disk before the next begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import median

from narrowgauge.errors import NarrowgaugeError, UnsupportedError
from narrowgauge.kernels.backend import DeviceLostError, Properties
from narrowgauge.kernels.bench import Point
from narrowgauge.kernels.compile import TARGETS
from narrowgauge.kernels.plan import PlannedBench
from narrowgauge.kernels.records import RecordFile
from narrowgauge.kernels.runner import Runner, record
from narrowgauge.kernels.telemetry import Reading
from narrowgauge.measurements import Campaign, MachineRecord, Measurements

_MOST_LOSSES = 2  #: of one bench, after which its other points are not launched: each loss costs seconds and a process

Progress = Callable[[int, int, str], None]  #: points done, points in all, the bench


def supported(properties: Properties) -> None:
    """Raise UnsupportedError where no kernels exist for a device."""
    if properties.architecture not in TARGETS:
        known = ", ".join(TARGETS)
        raise UnsupportedError(f"{properties.name} is {properties.architecture}; the kernels are written for {known}")


def describe(properties: Properties, reading: Reading, suite: str, compiler: str | None) -> Campaign:
    """The line that opens a campaign."""
    machine = MachineRecord(
        gpu=properties.name,
        uuid_hash=reading.uuid_hash,
        architecture=properties.architecture,
        sm_count=properties.sm_count,
        memory_bytes=properties.memory_bytes,
        l2_bytes=properties.l2_bytes,
        max_shared_bytes=properties.max_shared_bytes,
        driver=reading.driver,
        cuda=properties.cuda,
        boost_clock_mhz=properties.boost_clock_mhz,
        memory_clock_mhz=properties.memory_clock_mhz,
        memory_bus_bits=properties.memory_bus_bits,
        sm_clock_mhz=reading.sm_clock_mhz,
        power_limit_w=reading.power_limit_w,
        default_power_limit_w=reading.default_power_limit_w,
        temperature_c=reading.temperature_c,
        throttle_reasons=reading.throttle_reasons,
        ecc=properties.ecc,
        unavailable=reading.unavailable,
    )
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return Campaign(started=started, suite=suite, narrowgauge=version("narrowgauge"), compiler=compiler, machine=machine)


def run(plan: Sequence[PlannedBench], runner: Runner, file: RecordFile, progress: Progress) -> None:
    """Measure every planned point that the file has no outcome of.

    Raises DeviceLostError after the point that lost the device is recorded as failed: a new process goes on behind it."""
    total = sum(len(planned.points) for planned in plan)
    done = 0
    for planned in plan:
        for point in planned.points:
            progress(done, total, planned.bench.name)
            if not file.finished(planned.bench.name, point, planned.source_hash):
                _measure(planned, point, runner, file)
            done += 1
    progress(total, total, "")


def _measure(planned: PlannedBench, point: Point, runner: Runner, file: RecordFile) -> None:
    """One point, whatever comes of it, is in the file when this returns or raises."""
    losses = file.losses(planned.bench.name, planned.source_hash)
    if losses >= _MOST_LOSSES:
        words = f"not launched: {losses} points of this bench lost the device"
        file.append(record(planned.bench, point, planned.source_hash, failed=words))
        return
    try:
        file.append(runner.measure(planned.bench, point, planned.source_hash))
    except Exception as error:  # a fault of one bench may not cost the others their measurements
        words = str(error) if isinstance(error, NarrowgaugeError) else f"{type(error).__name__}: {error}"
        lost = isinstance(error, DeviceLostError)
        file.append(record(planned.bench, point, planned.source_hash, failed=words, lost_device=lost))
        if lost:
            raise


@dataclass(frozen=True)
class Outcome:
    """What a file holds of one bench."""

    measured: int
    skipped: int
    failed: int  #: launches that were refused or faulted
    wrong: int  #: launches whose result was wrong
    discarded: int  #: samples that do not count
    noise: float | None  #: median over the points of the relative standard error of the median


def outcome(bench: str, source_hash: str | None, found: Measurements) -> Outcome:
    """Counts over the last record of every point of a bench; with a hash, only of that version of it."""
    mine = [record for _, record in found.records if record.bench == bench and source_hash in (None, record.source_hash)]
    records = list({record.key: record for record in mine}.values())
    trusted = [record for record in records if record.trusted]
    noises = [summary.noise for record in trusted if (summary := record.cycles or record.elapsed_us)]
    return Outcome(
        measured=len(trusted),
        skipped=sum(record.skipped is not None for record in records),
        failed=sum(record.failed is not None for record in records),
        wrong=sum(record.check is not None and not record.check.ok for record in records),
        discarded=sum(len(record.samples.discarded) for record in records),
        noise=median(noises) if noises else None,
    )
