"""What a campaign will do, before it does it: benches and points, what is skipped and why, and how long it should take."""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from narrowgauge.errors import InputError, Problem
from narrowgauge.kernels import sources
from narrowgauge.kernels.bench import Bench, Device, Point, Timing, points
from narrowgauge.kernels.discipline import SUITES, Discipline
from narrowgauge.kernels.discovery import load_benches
from narrowgauge.registry import canonical

#: boards that stand for an architecture when no device is there: A100 SXM 80 GB, RTX 3090, RTX 4090, H100 SXM (data sheets)
NOMINAL = {
    "sm80": Device("sm80", 108, 40 * 2**20, 80 * 10**9, 163 * 1024),
    "sm86": Device("sm86", 82, 6 * 2**20, 24 * 10**9, 99 * 1024),
    "sm89": Device("sm89", 128, 72 * 2**20, 24 * 10**9, 99 * 1024),
    "sm90": Device("sm90", 132, 50 * 2**20, 80 * 10**9, 227 * 1024),
}
#: of every point: operands, upload, check, record; mean over 1758 points against a driver that launches nothing
_HOST_S = 0.06
_IDLE_WINDOWS = 2


@dataclass(frozen=True)
class PlannedBench:
    """One bench in a campaign."""

    bench: Bench
    source_hash: str
    points: tuple[Point, ...]
    skips: Mapping[str, int]  #: reason: how many of the points
    seconds: float

    @property
    def asked(self) -> int:
        """Points that are not skipped."""
        return len(self.points) - sum(self.skips.values())


def plan(suite: str, device: Device, only: Iterable[str] = ()) -> tuple[PlannedBench, ...]:
    """Every bench, or `only` these, with its points on a device. Raises InputError for an unknown suite or bench."""
    benches = load_benches()
    if suite not in SUITES:
        raise InputError([Problem("suite", f"unknown '{suite}'; allowed: {', '.join(SUITES)}")])
    names = list(dict.fromkeys(canonical(name) for name in only)) or list(benches)
    unknown = [name for name in names if name not in benches]
    if unknown:
        raise InputError(problem for name in unknown for problem in _unknown(name))
    return tuple(planned(benches[name], suite, device) for name in names)


def planned(bench: Bench, suite: str, device: Device) -> PlannedBench:
    """The points of one bench."""
    all_points = tuple(points(bench, suite))
    skips = Counter(reason for point in all_points if (reason := bench.skip(point, device)) is not None)
    seconds = (len(all_points) - skips.total()) * _point_seconds(bench.timing, SUITES[suite])
    return PlannedBench(bench, source_hash(bench), all_points, skips, seconds)


def source_hash(bench: Bench) -> str:
    """What the points of a bench depend on: its CUDA source with headers, and the module that chooses operands and launches."""
    module = sys.modules[type(bench).__module__]
    return sources.text_hash(sources.text_of(bench.source), inspect.getsource(module))


def _unknown(name: str) -> Iterator[Problem]:
    try:
        load_benches()[name]
    except InputError as error:
        yield from error.problems


def _point_seconds(timing: Timing, discipline: Discipline) -> float:
    """Expected time of one point: sampling seldom needs its whole time."""
    sampling = discipline.stopping.cap_s / 2
    if timing is not Timing.POWER:
        return _HOST_S + sampling
    rest = _IDLE_WINDOWS * (discipline.idle_s + discipline.settle_s)
    return _HOST_S + discipline.power_s + rest + discipline.stopping.floor * discipline.batch_us[timing] / 1e6
