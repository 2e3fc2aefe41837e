"""How far a prediction may be from a published figure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from narrowgauge.errors import InputError, Problem

ROUNDING = 1e-9  # of floating-point numbers that count as equal


class Rule(StrEnum):
    """What is compared."""

    EXACT = "exact"
    RELATIVE = "relative"
    ABSOLUTE = "absolute"
    MEAN = "mean"
    QUALITATIVE = "qualitative"


@dataclass(frozen=True)
class Tolerance:
    """`limit` is a share for `relative` and `mean` (absolute errors of a whole table), in the figure's unit for `absolute`."""

    rule: Rule
    limit: float = 0.0

    def __str__(self) -> str:
        match self.rule:
            case Rule.RELATIVE:
                return f"{self.limit:.3g}"
            case Rule.ABSOLUTE | Rule.MEAN:
                return f"{self.rule} {self.limit:.3g}"
        return str(self.rule)

    @property
    def of_tables(self) -> bool:
        """Whether a whole table is judged, not each of its figures."""
        return self.rule is Rule.MEAN

    def holds(self, published: float, predicted: float) -> bool:
        """Whether a single figure is near enough; not asked under `mean`, where the table decides."""
        match self.rule:
            case Rule.EXACT:
                return math.isclose(published, predicted, rel_tol=ROUNDING)
            case Rule.RELATIVE:
                return abs(predicted - published) <= self.limit * abs(published)
            case Rule.ABSOLUTE:
                return abs(predicted - published) <= self.limit * (1 + ROUNDING)
            case Rule.QUALITATIVE:
                return _same_direction(published, predicted) and abs(math.log10(predicted / published)) <= 1.0
            case Rule.MEAN:
                raise ValueError("a mean is of a whole table")


def _same_direction(published: float, predicted: float) -> bool:
    """Both above one, or both below it: a gain is a gain."""
    return published > 0.0 and predicted > 0.0 and (published - 1.0) * (predicted - 1.0) >= 0.0


def read_tolerance(raw: Any) -> Tolerance:
    """`exact`, `qualitative`, a share, `{absolute: x}` or `{mean: share}`; raises InputError otherwise."""
    match raw:
        case "exact" | "qualitative":
            return Tolerance(Rule(raw))
        case bool():
            pass
        case int() | float() if raw > 0:
            return Tolerance(Rule.RELATIVE, float(raw))
        case {"absolute": int() | float() as limit, **others} if not others and limit > 0:
            return Tolerance(Rule.ABSOLUTE, float(limit))
        case {"mean": int() | float() as limit, **others} if not others and limit > 0:
            return Tolerance(Rule.MEAN, float(limit))
    allowed = "exact, qualitative, a share such as 0.1, {absolute: 1.5}, {mean: 0.15}"
    raise InputError([Problem("tolerance", f"given {raw!r}, allowed: {allowed}")])
