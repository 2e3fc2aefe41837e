"""How long a point is measured: warm-up, when enough samples are in, how long a power window lasts. Data, by suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from narrowgauge.kernels.bench import Timing
from narrowgauge.measurements import statistic


@dataclass(frozen=True)
class StoppingRule:
    """Sampling ends when the median is known well enough, but neither before `floor` samples nor after a cap."""

    noise: float  #: relative standard error of the median that is good enough
    floor: int
    cap: int
    cap_s: float

    def reason(self, kept: Sequence[float], taken: int, seconds: float) -> str | None:
        """Why to stop, "noise", "count" or "time", or None: go on. `kept` are the samples that count, of `taken` in all.

        Time ends the sampling of slow launches from three samples on."""
        found = statistic(kept)
        if found and found.count >= self.floor and found.noise <= self.noise:
            return "noise"
        if taken >= self.cap:
            return "count"
        return "time" if seconds > self.cap_s and taken >= LEAST_SAMPLES else None


#: fewer samples have no spread
LEAST_SAMPLES = 3


@dataclass(frozen=True)
class Discipline:
    """Everything that decides how a point is measured."""

    stopping: StoppingRule
    warmup_launches: int
    batch_us: Mapping[Timing, float]  #: a batch of back-to-back launches lasts about this long
    rotation: float  #: copies of rotating inputs exceed this multiple of the L2
    power_s: float  #: length of a power window
    settle_s: float  #: full load before it
    idle_s: float  #: rest before and after, while the idle power is read
    clock_share: float  #: a sample at less of the point's median clock, or that moves by more, does not count
    boost_share: float  #: nor does one at less of the board's highest clock


def _batches(batch_us: float) -> Mapping[Timing, float]:
    """Batches of a power window are long, so that the gaps between them do not cool the board."""
    return {timing: 100_000 if timing is Timing.POWER else batch_us for timing in Timing}


# A noise of 0.5 % is nvbench's default; the clock shares allow for the steps of 15 MHz in which boards move their clocks.
SUITES = {
    "quick": Discipline(StoppingRule(0.005, 5, 30, 0.06), 2, _batches(2_000), 2.0, 2.0, 0.3, 0.5, 0.97, 0.4),
    "full": Discipline(StoppingRule(0.005, 10, 100, 0.15), 3, _batches(5_000), 2.0, 4.0, 1.0, 1.0, 0.97, 0.4),
}
