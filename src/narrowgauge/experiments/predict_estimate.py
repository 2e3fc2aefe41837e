"""A number with its nominal 90 % interval, and how intervals add up.

Prices of one kernel variant (family, precision, library) are taken to be wrong together: their lower ends add up to the lower
end of the sum. Prices of different variants, and the framework's step cost, are taken to be wrong independently: distances to
the ends add up as squares. A sum over a whole model is never taken to be closer than whole models were found to be.

Everything here holds for columns of numbers as well, one entry per configuration, and gives each the same last bit as alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np


@dataclass(frozen=True, slots=True)
class Estimate:
    """`value` within [`low`, `high`]."""

    value: float
    low: float
    high: float

    def __add__(self, other: Estimate) -> Estimate:
        """Sum of two numbers that are wrong together."""
        return Estimate(self.value + other.value, self.low + other.low, self.high + other.high)

    def scaled(self, factor: float) -> Estimate:
        """The number in other units, or several times; `factor` is positive."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor)

    def inverse(self, numerator: float) -> Estimate:
        """`numerator` divided by the number: its ends change places."""
        return Estimate(numerator / self.value, numerator / self.high, numerator / self.low)

    def at_least(self, log_low: float, log_high: float) -> Estimate:
        """With an interval no narrower than a relative error whose logarithm lies between the two."""
        low, high = self.value * math.exp(min(log_low, 0.0)), self.value * math.exp(max(log_high, 0.0))
        return Estimate(self.value, np.minimum(self.low, low), np.maximum(self.high, high))


ZERO = Estimate(0.0, 0.0, 0.0)
SMALLEST_SHARE = 1e-3  # a time is positive, however wide its interval


def total(values: Iterable[float]) -> float:
    """Sum in the order given; zero of nothing."""
    return reduce(add, values, 0.0)


def independent(parts: Iterable[Estimate]) -> Estimate:
    """Sum of numbers that are wrong independently of each other."""
    found = list(parts)
    value = total(part.value for part in found)
    below = np.sqrt(total(_square(part.value - part.low) for part in found))
    above = np.sqrt(total(_square(part.high - part.value) for part in found))
    return Estimate(value, np.maximum(value - below, value * SMALLEST_SHARE), value + above)


def _square(distance: float) -> float:
    return distance * distance
