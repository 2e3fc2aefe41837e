"""Measurement files: what they hold, and their reader. Immutable records as JSON Lines: `kernels` writes, `calibration` reads.

A file is a sequence of campaigns: one line that describes the machine and the run, then one line per point. Lines are only ever
appended. `docs/measuring.md` explains every field."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from narrowgauge.errors import InputError, Problem
from narrowgauge.measurement_schema import SCHEMA, upgrade

if TYPE_CHECKING:
    import pandas as pd

SUFFIX = ".jsonl"
_MAD_TO_SIGMA = 1.4826  # of a normal distribution

AxisValue = int | str
Numbers = tuple[float | None, ...]


class Body(BaseModel):
    """Part of a line; unknown keys are refused and nothing can be changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MachineRecord(Body):
    """The GPU and its software as the campaign found them. What could not be read is null, with the reason in `unavailable`."""

    gpu: str
    uuid_hash: str | None  #: SHA-256 of the board's UUID, 16 digits: tells two boards apart without naming them
    architecture: str
    sm_count: int
    memory_bytes: int
    l2_bytes: int
    max_shared_bytes: int  #: of one block, after opting in
    driver: str | None
    cuda: str  #: the version of CUDA that the driver supports
    boost_clock_mhz: float  #: the highest SM clock of the board
    memory_clock_mhz: float
    memory_bus_bits: int
    sm_clock_mhz: float | None  #: when the campaign started, likewise the four below
    power_limit_w: float | None
    default_power_limit_w: float | None
    temperature_c: float | None
    throttle_reasons: tuple[str, ...] | None
    ecc: bool | None
    unavailable: Mapping[str, str] = {}


class Campaign(Body):
    """One run of `measure` on one machine."""

    type: Literal["campaign"] = "campaign"
    schema_version: int = SCHEMA
    started: str  #: UTC, ISO 8601
    suite: str
    narrowgauge: str  #: version
    compiler: str | None  #: version of nvcc
    machine: MachineRecord


class Samples(Body):
    """Columns of raw samples, one entry per launch or batch, all of one length or empty; times are of one launch.

    Of the blocks of a launch, `cycles` is the median, with the least and the most beside it; `span_ns` reaches from the first
    start to the last stop on the global timer; `clock_mhz` is cycles over nanoseconds, null where the timer is too coarse."""

    elapsed_us: Numbers = ()
    cycles: Numbers = ()
    cycles_min: Numbers = ()
    cycles_max: Numbers = ()
    span_ns: Numbers = ()
    clock_mhz: Numbers = ()
    discarded: Mapping[int, str] = {}  #: index of a sample that does not count: the reason

    @model_validator(mode="after")
    def _of_one_length(self) -> Samples:
        lengths = {len(column) for name, column in self if name != "discarded" and column}
        if len(lengths) > 1:
            raise ValueError(f"columns of different lengths: {sorted(lengths)}")
        if any(not 0 <= index < max(lengths, default=0) for index in self.discarded):
            raise ValueError("a discarded sample that is not there")
        return self


class CheckRecord(Body):
    """The result of a timed launch against NumPy; `error` is null where the comparison gave no number."""

    what: str
    error: float | None
    tolerance: float
    ok: bool


class PowerWindow(Body):
    """Back-to-back launches over seconds: the board's energy counter before and after, and its power at rest around them."""

    energy_mj: float
    seconds: float
    launches: int
    idle_before_w: float | None
    idle_after_w: float | None
    temperature_c: float | None
    throttle_reasons: tuple[str, ...] | None

    @property
    def power_w(self) -> float:
        """Mean board power while the launches ran."""
        return self.energy_mj / 1e3 / self.seconds


class Library(Body):
    """The library that was timed, in a row that no kernel of narrowgauge computed."""

    name: str
    version: str


@dataclass(frozen=True)
class Statistic:
    """Robust summary of samples: median, median absolute deviation, and how many counted."""

    median: float
    mad: float
    count: int

    @property
    def noise(self) -> float:
        """Relative standard error of the median, from the MAD of samples that are taken as normal (asymptotic, √(π/2)·σ/√n)."""
        spread = np.sqrt(np.pi / 2) * _MAD_TO_SIGMA * self.mad / np.sqrt(self.count)
        return float(spread / abs(self.median)) if self.median else float("inf")


def statistic(values: npt.ArrayLike) -> Statistic | None:
    """The summary of the values that are numbers; None if there is none."""
    numbers = np.asarray(values, float)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return None
    median = float(np.median(numbers))
    return Statistic(median, float(np.median(np.abs(numbers - median))), int(numbers.size))


class PointRecord(Body):
    """One point of one bench: measured, skipped with a reason, or failed with a reason."""

    type: Literal["point"] = "point"
    bench: str
    question: str
    timing: str
    axes: Mapping[str, AxisValue]
    source_hash: str  #: of the CUDA source, its headers and the bench's Python module
    entry: str | None = None  #: kernel; this and the two below are null in a library row or a point that was not launched
    architecture: str | None = None
    flags: tuple[str, ...] = ()
    registers: int | None = None
    samples: Samples = Samples()
    work: Mapping[str, float] = {}  #: counts per launch that turn a time into a rate
    check: CheckRecord | None = None
    power: PowerWindow | None = None
    stopped_by: str | None = None  #: what ended the sampling: noise, count or time
    skipped: str | None = None
    failed: str | None = None
    lost_device: bool = False  #: the kernel faulted or did not end, and took the measuring process along
    library: Library | None = None

    @model_validator(mode="after")
    def _one_outcome(self) -> PointRecord:
        measured = bool(self.samples.elapsed_us or self.samples.cycles or self.power)
        if not measured and self.skipped is None and self.failed is None:
            raise ValueError("neither samples nor a reason why there are none")
        return self

    @property
    def key(self) -> tuple[str, tuple[tuple[str, AxisValue], ...]]:
        """The name of the point: bench and axes."""
        return self.bench, tuple(sorted(self.axes.items()))

    @property
    def trusted(self) -> bool:
        """Whether the point was measured and computed what it should have."""
        return self.skipped is None and self.failed is None and (self.check is None or self.check.ok)

    def summary(self, column: str) -> Statistic | None:
        """The samples of a column that count; None where nothing was measured."""
        values = getattr(self.samples, column)
        return statistic([v for i, v in enumerate(values) if v is not None and i not in self.samples.discarded])

    @property
    def elapsed_us(self) -> Statistic | None:
        """Time of one launch."""
        return self.summary("elapsed_us")

    @property
    def cycles(self) -> Statistic | None:
        """SM cycles of the timed region."""
        return self.summary("cycles")

    @property
    def clock_mhz(self) -> Statistic | None:
        """SM clock during the samples."""
        return self.summary("clock_mhz")


@dataclass(frozen=True)
class Measurements:
    """All points of a file or folder with the campaign that each belongs to, and what is wrong with the file."""

    records: tuple[tuple[Campaign, PointRecord], ...]
    notes: tuple[Problem, ...]

    @property
    def campaigns(self) -> tuple[Campaign, ...]:
        """The campaigns that measured something, in their order."""
        return tuple({id(campaign): campaign for campaign, _ in self.records}.values())

    def of(self, bench: str) -> tuple[PointRecord, ...]:
        """The trusted points of a bench, of the source that was measured last; of two records of one point the later one."""
        records = [record for _, record in self.records if record.bench == bench and record.trusted]
        latest = {record.key: record for record in records if record.source_hash == records[-1].source_hash}
        return tuple(latest.values())

    @property
    def benches(self) -> tuple[str, ...]:
        """Names of the benches that have a trusted point."""
        return tuple(dict.fromkeys(record.bench for _, record in self.records if record.trusted))

    def frame(self, bench: str) -> pd.DataFrame:
        """One row per point of a bench: its axes and work counts, then median and `_mad` of `elapsed_us`, `cycles` and
        `clock_mhz`, `sample_count`, and `power_w`, NaN where a point has none."""
        import pandas as pd

        return pd.DataFrame([_row(record) for record in self.of(bench)])


def _row(record: PointRecord) -> dict[str, Any]:
    row: dict[str, Any] = {**record.axes, **{k: v for k, v in record.work.items() if k not in record.axes}}
    for column in ("elapsed_us", "cycles", "clock_mhz"):
        found = record.summary(column)
        row |= {column: found.median if found else np.nan, f"{column}_mad": found.mad if found else np.nan}
    row["sample_count"] = max(len(record.samples.elapsed_us), len(record.samples.cycles)) - len(record.samples.discarded)
    row["power_w"] = record.power.power_w if record.power else np.nan
    return row


_LINE: TypeAdapter[Campaign | PointRecord] = TypeAdapter(Annotated[Campaign | PointRecord, Field(discriminator="type")])


def read_measurements(path: Path) -> Measurements:
    """The records of a file, or of all `*.jsonl` of a folder. A damaged line costs that line alone and is named in `notes`.

    Raises InputError where there is no file, a file is of a newer schema, or a point stands before any campaign."""
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise InputError([Problem(str(path), f"no measurement file (*{SUFFIX}); `narrowgauge measure --out DIR` writes one")])
    records: list[tuple[Campaign, PointRecord]] = []
    notes: list[Problem] = []
    for file in files:
        records += _read_file(file, notes)
    notes += _mixed_sources([record for _, record in records])
    return Measurements(tuple(records), tuple(notes))


def _read_file(file: Path, notes: list[Problem]) -> Iterator[tuple[Campaign, PointRecord]]:
    campaign: Campaign | None = None
    version = SCHEMA
    content = file.read_bytes()
    lines = content.splitlines()
    for number, raw in enumerate(lines, 1):
        where = f"{file}:{number}"
        try:
            data = json.loads(raw)
            version = _version(data, version, where)
            line = _LINE.validate_python(upgrade(data, version))
        except ValueError as error:  # of json and, as a subclass, of pydantic
            cut = number == len(lines) and not content.endswith(b"\n")
            notes.append(Problem(where, _CUT if cut else f"damaged: {_words(error)}; this line is left out, all others count"))
            continue
        if isinstance(line, Campaign):
            campaign = line
        elif campaign is None:
            raise InputError([Problem(where, "a point stands before the line that describes its campaign and machine")])
        else:
            yield campaign, line


_CUT = "cut off, the run was interrupted; this line is left out, all others count, and `measure` measures its point again"


def _version(data: Any, current: int, where: str) -> int:
    """The schema version that holds from this line on."""
    if not isinstance(data, dict):
        raise ValueError("is no JSON object")
    found = data.get("schema_version", current)
    if isinstance(found, int) and found > SCHEMA:
        raise InputError([Problem(where, f"schema version {found} is newer than this narrowgauge, which reads 0 to {SCHEMA}")])
    return found if isinstance(found, int) else current


def _words(error: Exception) -> str:
    """What pydantic or json found, on one line."""
    if isinstance(error, ValidationError):
        faults = error.errors(include_url=False)
        return "; ".join(f"{'.'.join(map(str, fault['loc'][1:]))}: {fault['msg']}" for fault in faults)
    return str(error)


def _mixed_sources(records: list[PointRecord]) -> Iterator[Problem]:
    """Benches whose points were measured with different kernels."""
    for bench in dict.fromkeys(record.bench for record in records):
        hashes = Counter(record.source_hash for record in records if record.bench == bench)
        if len(hashes) > 1:
            last = [record.source_hash for record in records if record.bench == bench][-1]
            listed = ", ".join(f"{count} of source {name}" for name, count in hashes.items())
            yield Problem(bench, f"points of different kernels under one name: {listed}; those of the last one, {last}, are used")
