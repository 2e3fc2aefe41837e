"""What a line of a measurement file says: a campaign on a machine, or a point that was measured, skipped or failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, model_validator

from narrowgauge.measurements.schema import SCHEMA

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
