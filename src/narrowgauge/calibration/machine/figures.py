"""What a point says, as a number with its noise, and how several points become one reading.

The interval of a reading is the nominal 90 % one of two independent parts: the standard error of the median of a point's
samples, and the deviation of the points from one another (median absolute deviation). It is never narrower than what
sampling stops at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from narrowgauge.archmodels.machine_fit import HeldOutError, Reading
from narrowgauge.measurements import AxisValue, PointRecord, Statistic

CONFIDENCE = 1.645  #: two-sided 90 % of a normal distribution
MAD_TO_SIGMA = 1.4826  #: of a normal distribution
#: relative half width of the narrowest interval: the standard error at which sampling stops (docs/measuring.md)
RESOLUTION = 0.005
#: points within this share of the greatest belong to the plateau
PLATEAU = 0.02


@dataclass(frozen=True)
class Missing:
    """A number, or a bench, that the measurements do not tell, and why."""

    what: str
    why: str


#: what a reader of benches may say
Finding = Reading | Missing | HeldOutError


@dataclass(frozen=True)
class Figure:
    """One point: its axes, a value, the relative standard error of that value, and the relative spread of its samples."""

    axes: Mapping[str, AxisValue]
    value: float
    error: float
    noise: float

    def times(self, factor: float) -> Figure:
        """The same figure in another unit."""
        return replace(self, value=self.value * factor)


def rate(record: PointRecord, count: float) -> Figure | None:
    """`count` per SM cycle of the timed region; None where no cycles were recorded."""
    return _figure(record, record.cycles, lambda cycles: count / cycles)


def cycles_each(record: PointRecord, count: float) -> Figure | None:
    """SM cycles of the timed region per one of `count`; None where no cycles were recorded."""
    return _figure(record, record.cycles, lambda cycles: cycles / count)


def launch_us(record: PointRecord) -> Figure | None:
    """Microseconds of a launch; None where there are none."""
    return _figure(record, record.elapsed_us, lambda us: us)


def _figure(record: PointRecord, found: Statistic | None, value: Callable[[float], float]) -> Figure | None:
    if found is None or not found.median > 0:
        return None
    return Figure(record.axes, value(found.median), found.noise, MAD_TO_SIGMA * found.mad / found.median)


def plateau(figures: Iterable[Figure]) -> list[Figure]:
    """The figures that come close to the greatest."""
    found = list(figures)
    greatest = max((figure.value for figure in found), default=0.0)
    return [figure for figure in found if figure.value >= (1 - PLATEAU) * greatest]


def reading(path: str, figures: Iterable[Figure], unit: str, source: str, note: str = "") -> Iterator[Reading]:
    """The median of the figures with its interval; nothing where there are none."""
    found = list(figures)
    if not found:
        return
    values = np.array([figure.value for figure in found])
    middle = float(np.median(values))
    spread = MAD_TO_SIGMA * float(np.median(np.abs(values - middle))) / middle
    noise = float(np.median([figure.error for figure in found]))
    half = max(CONFIDENCE * float(np.hypot(noise, spread)), RESOLUTION) * middle
    yield Reading(
        path=path,
        value=middle,
        low=middle - half,
        high=middle + half,
        unit=unit,
        points=len(found),
        source=source,
        note=note,
    )


def held_out(model: str, errors: list[float], groups: int, noise: float | None) -> Iterator[Finding]:
    """The mean of absolute relative errors; a `Missing` where nothing could be left out."""
    if errors:
        yield HeldOutError(model=model, groups=groups, points=len(errors), error=float(np.mean(np.abs(errors))), noise=noise)
    else:
        yield Missing(f"held-out error of {model}", "no point lies between others that could predict it")


def noise_of(figures: Iterable[Figure]) -> float:
    """The median of the relative spreads of samples; there must be figures."""
    return float(np.median([figure.noise for figure in figures]))
