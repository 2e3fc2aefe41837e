"""Split-conformal intervals, one per bucket (Mondrian): a bucket's own held-out errors say how far its predictions may be off.

Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World", 2005; the quantile level with the finite-sample correction
is that of Romano, Patterson, Candès, "Conformalized quantile regression", NeurIPS 2019, eq. 8, one side at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NOMINAL = 0.90
TINY = 1e-4  # a hundredth of a percent: no interval is narrower
WIDEST = 5.0  # factor beyond which widening says nothing any more
ENOUGH = 60  # rows that a bucket needs for quantiles of its own; below, the coarser bucket serves
LATENCY_EDGES_US = (6.0, 12.0, 30.0, 100.0, 1000.0)


def bucket_keys(size_class: Ints, predicted_us: Floats) -> Ints:
    """Bucket of each row: its size class and the decade of its predicted latency."""
    return size_class * (len(LATENCY_EDGES_US) + 1) + np.digitize(predicted_us, LATENCY_EDGES_US)


def size_class_of(keys: Any) -> Any:
    """The size class that a bucket belongs to."""
    return keys // (len(LATENCY_EDGES_US) + 1)


def _scaled(pair: tuple[float, float], factor: float) -> tuple[float, float]:
    return pair[0] * factor, pair[1] * factor


def _quantiles(errors: Floats) -> tuple[float, float]:
    n = len(errors)
    tail = (1.0 - NOMINAL) / 2.0
    upper = min(1.0, np.ceil((n + 1) * (1.0 - tail)) / n)
    return float(np.quantile(errors, 1.0 - upper)), float(np.quantile(errors, upper))


def _rounded(pair: tuple[float, float]) -> list[float]:
    return [round(pair[0], 4), round(pair[1], 4)]


@dataclass(frozen=True)
class Intervals:
    """Lower and upper quantiles of log(measured / predicted) per bucket; `overall` for buckets with too few rows."""

    overall: tuple[float, float]
    buckets: Mapping[int, tuple[float, float]]

    @classmethod
    def from_errors(cls, keys: Ints, log_errors: Floats) -> Intervals:
        """From held-out errors; buckets with fewer than ENOUGH rows are left to their neighbours' quantiles."""
        buckets = {}
        for key in np.unique(keys):
            inside = log_errors[keys == key]
            if len(inside) >= ENOUGH:
                buckets[int(key)] = _quantiles(inside)
        return cls(_quantiles(log_errors), buckets)

    @classmethod
    def from_folds(cls, keys: Ints, log_errors: Floats, fold: Ints) -> Intervals:
        """From held-out errors of groups of shapes. Groups differ from each other, so a new group's errors are not like a
        row's of a known one: each size class is widened by the factor with which intervals from the other folds cover the
        nominal share of the fold left out."""
        intervals = cls.from_errors(keys, log_errors)
        if len(np.unique(fold)) == 1:
            return intervals
        low, high = np.zeros(len(keys)), np.zeros(len(keys))
        for test in (fold == f for f in np.unique(fold)):
            others = cls.from_errors(keys[~test], log_errors[~test])
            low[test], high[test] = others.logarithms(keys[test])
        needed = np.where(log_errors < 0, log_errors / np.minimum(low, -TINY), log_errors / np.maximum(high, TINY))
        factors = {
            int(size): float(np.clip(np.quantile(needed[size_class_of(keys) == size], NOMINAL), 1.0, WIDEST))
            for size in np.unique(size_class_of(keys))
        }
        widest = max(factors.values())
        widened = {key: _scaled(pair, factors[int(size_class_of(key))]) for key, pair in intervals.buckets.items()}
        return cls(_scaled(intervals.overall, widest), widened)

    def logarithms(self, keys: Ints) -> tuple[Floats, Floats]:
        """Lower and upper quantile of each row's bucket."""
        low, high = np.full(len(keys), self.overall[0]), np.full(len(keys), self.overall[1])
        for key, (a, b) in self.buckets.items():
            inside = keys == key
            low[inside], high[inside] = a, b
        return np.minimum(low, 0.0), np.maximum(high, 0.0)

    def around(self, latency_us: Floats, keys: Ints) -> tuple[Floats, Floats]:
        """Lower and upper latency of each row."""
        low, high = self.logarithms(keys)
        return latency_us * np.exp(low), latency_us * np.exp(high)

    def to_json(self) -> dict[str, Any]:
        """Plain lists, rounded to four decimals (a hundredth of a percent)."""
        return {"overall": _rounded(self.overall), "buckets": {str(k): _rounded(v) for k, v in self.buckets.items()}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Intervals:
        """Inverse of `to_json`."""
        return cls(tuple(data["overall"]), {int(k): (v[0], v[1]) for k, v in data["buckets"].items()})
