"""Throughput against concurrency: latency bounds it while little is on its way, the unit's rate afterwards.

    rate(concurrency) = min(peak, concurrency / latency)

for tensor cores (Sun et al., arXiv 2206.02874: warps × ILP × multiply-adds / latency), for CUDA cores and for loads from
shared memory alike (Little's law)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from narrowgauge.calibration.machine.figures import Figure, Finding, held_out, noise_of, plateau

Concurrency = Callable[[Figure], float]


@dataclass(frozen=True)
class Saturation:
    """The two numbers of the curve; rates in things per cycle, concurrency in things, latency in cycles."""

    peak: float
    latency: float

    def rate(self, concurrency: float) -> float:
        """Things per cycle."""
        return min(self.peak, concurrency / self.latency)

    @classmethod
    def of(cls, figures: Sequence[Figure], concurrency: Concurrency) -> Saturation:
        """Peak from the plateau of the rates, latency from the points of least concurrency."""
        least = min(concurrency(figure) for figure in figures)
        latencies = [concurrency(figure) / figure.value for figure in figures if concurrency(figure) == least]
        return cls(float(np.median([figure.value for figure in plateau(figures)])), float(np.median(latencies)))


def left_out(figures: Sequence[Figure], concurrency: Concurrency) -> Iterator[float]:
    """Relative errors of the settings that lie between others, each predicted by a curve that did not see its concurrency."""
    settings = sorted({concurrency(figure) for figure in figures})
    for setting in settings[1:-1]:
        curve = Saturation.of([figure for figure in figures if concurrency(figure) != setting], concurrency)
        for figure in figures:
            if concurrency(figure) == setting:
                yield curve.rate(setting) / figure.value - 1


def judged(model: str, curves: Sequence[Sequence[Figure]], concurrency: Concurrency) -> Iterator[Finding]:
    """The held-out error over many curves of one bench."""
    errors = [error for figures in curves for error in left_out(figures, concurrency)]
    groups = sum(max(0, len({concurrency(figure) for figure in figures}) - 2) for figures in curves)
    yield from held_out(model, errors, groups, noise_of(figure for figures in curves for figure in figures))
