"""From the clock records of a launch to cycles, nanoseconds and the SM clock; which samples a moving clock spoils."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from narrowgauge.kernels.bench import Array

_MHZ_PER_CYCLE_PER_NS = 1e3
_COARSE = 0.02  #: the clock of an interval is unknown where a step of the global timer is more of it than this


@dataclass(frozen=True)
class ClockSummary:
    """One launch: cycles of its blocks, span of all blocks on the global timer, and the SM clock with the range over its blocks.

    The clocks are None where the timed region is too short for the steps of the global timer."""

    cycles: float
    cycles_min: float
    cycles_max: float
    span_ns: float
    mhz: float | None
    mhz_low: float | None
    mhz_high: float | None


class ClockReader:
    """Summaries of clock records; learns the step of the global timer from the stamps it sees (32 ns to 1 µs, by GPU)."""

    def __init__(self) -> None:
        self._step_ns = 0
        self._first_ns: int | None = None

    def read(self, records: Array) -> ClockSummary:
        """The summary of the records of all blocks of a launch. Raises ValueError where a block wrote none."""
        cycles = (records["stop_cycles"] - records["start_cycles"]).astype(float)
        if (cycles <= 0).any() or (records["stop_ns"] < records["start_ns"]).any():
            raise ValueError(f"{int((cycles <= 0).sum())} of {len(records)} blocks left no clock record")
        stamps = np.concatenate([records["start_ns"], records["stop_ns"]]).astype(np.int64)
        self._first_ns = int(stamps[0]) if self._first_ns is None else self._first_ns
        self._step_ns = int(np.gcd.reduce(np.append(stamps - self._first_ns, self._step_ns)))
        nanoseconds = (records["stop_ns"] - records["start_ns"]).astype(float)
        known = nanoseconds * _COARSE > max(self._step_ns, 1)
        rates = cycles[known] / nanoseconds[known] * _MHZ_PER_CYCLE_PER_NS
        low, middle, high = np.quantile(rates, [0.0, 0.5, 1.0]) if rates.size else (None, None, None)
        span = float(stamps.max() - stamps.min())
        return ClockSummary(
            float(np.median(cycles)), float(cycles.min()), float(cycles.max()), span, *map(_number, (middle, low, high))
        )


def discarded(clocks: Sequence[ClockSummary | None], boost_mhz: float, share: float, boost_share: float) -> Mapping[int, str]:
    """The samples that do not count, with the reason: throttled far below boost, slower than the others by more than `share`
    of their median, or with a clock that moved within the sample. A sample whose clock is unknown counts."""
    rates = [clock.mhz for clock in clocks if clock and clock.mhz]
    usual = float(np.median(rates)) if rates else 0.0
    found: dict[int, str] = {}
    for index, clock in enumerate(clocks):
        if clock is None or not (clock.mhz and clock.mhz_low and clock.mhz_high):
            continue
        if clock.mhz < boost_share * boost_mhz:
            found[index] = f"throttled: {clock.mhz:.0f} MHz of {boost_mhz:.0f}"
        elif not share <= clock.mhz / usual <= 1 / share:
            found[index] = f"clock {clock.mhz:.0f} MHz, the point's median is {usual:.0f}"
        elif clock.mhz_low < (share - _COARSE) * clock.mhz_high:
            found[index] = f"clock moved during the sample: {clock.mhz_low:.0f} to {clock.mhz_high:.0f} MHz"
    return found


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)
