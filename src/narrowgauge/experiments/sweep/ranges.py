"""Values of one parameter as a sweep file writes them: a value, a list, or a range by one of four rules.

    batch: 8
    batch: [1, 8, 64]
    batch: {powers_of_two: [1, 256]}             1, 2, 4, … 256
    input: {range: [512, 4096, 512]}             first, last, step
    override: {dram.bandwidth_gb_per_s: {linear: [2000, 8000, 61]}}
    override: {l2.capacity_mb: {log: [10, 1000, 30]}}

`linear` and `log` take first, last and the number of values. In a sample the number may be left out: then any value between the
two can be drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from narrowgauge.errors import InputError, Problem, nearest

MOST_VALUES = 10_000_000  # of one parameter; more do not fit into memory beside their results


@dataclass(frozen=True)
class Interval:
    """Everything between two numbers, drawn evenly (`log`: evenly in its logarithm)."""

    low: float
    high: float
    log: bool

    def at(self, share: Any) -> Any:
        """The numbers at shares from 0 to 1 of the way."""
        if self.log:
            return self.low * (self.high / self.low) ** share
        return self.low + (self.high - self.low) * share


Values = tuple[Any, ...] | Interval


def read_values(raw: object, whole: bool) -> Values:
    """The values that `raw` writes; `whole` rounds those of `linear` and `log` to whole numbers. Raises InputError with what is
    wrong, without a place."""
    if isinstance(raw, Mapping):
        if len(raw) != 1 or next(iter(raw)) not in RULES:
            given = ", ".join(map(str, raw))
            raise InputError([Problem("", f"is {{{given}}}, must be one rule, {nearest(given, RULES)}")])
        rule, arguments = next(iter(raw.items()))
        if not isinstance(arguments, list) or not all(_is_number(item) for item in arguments):
            raise InputError([Problem("", f"{rule}: {arguments!r} is no list of numbers")])
        return _distinct(RULES[rule](arguments, whole))
    if isinstance(raw, list | tuple):
        if not raw:
            raise InputError([Problem("", "is an empty list")])
        return _distinct(tuple(raw))
    return (raw,)


def _is_number(item: object) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool) and math.isfinite(item)


def _distinct(values: Values) -> Values:
    if isinstance(values, Interval):
        return values
    if any(isinstance(value, list | Mapping) for value in values):
        raise InputError([Problem("", "holds a list or a rule inside a list")])
    return tuple(dict.fromkeys(values))


def _arguments(rule: str, given: list[float], counts: tuple[int, ...], meaning: str) -> None:
    if len(given) not in counts:
        raise InputError([Problem("", f"{rule}: {given} has {len(given)} numbers, write [{meaning}]")])
    if given[0] > given[1]:
        raise InputError([Problem("", f"{rule}: {given} is an empty range, {given[0]:g} is above {given[1]:g}")])


def _powers_of_two(given: list[float], whole: bool) -> Values:
    _arguments("powers_of_two", given, (2,), "first, last")
    low, high = given
    if low <= 0:
        raise InputError([Problem("", f"powers_of_two: {given} starts at {low:g}, must be above 0")])
    first, last = math.ceil(math.log2(low)), math.floor(math.log2(high))
    if first > last:
        raise InputError([Problem("", f"powers_of_two: {given} is an empty range, no power of two is in it")])
    return tuple(2**power if power >= 0 else 2.0**power for power in range(first, last + 1))


def _range(given: list[float], whole: bool) -> Values:
    _arguments("range", given, (2, 3), "first, last, step")
    low, high, step = (*given, 1)[:3]
    if step <= 0:
        raise InputError([Problem("", f"range: {given} has the step {step:g}, must be above 0")])
    count = math.floor((high - low) / step * (1 + 1e-12)) + 1
    _check_count("range", count)
    return tuple(low + index * step for index in range(count))


def _spaced(rule: str, given: list[float], whole: bool) -> Values:
    _arguments(rule, given, (2, 3), "first, last, number of values")
    interval = Interval(float(given[0]), float(given[1]), rule == "log")
    if interval.log and interval.low <= 0:
        raise InputError([Problem("", f"log: {given} starts at {given[0]:g}, must be above 0")])
    if len(given) == 2:  # noqa: PLR2004 - the number of values is left out
        return interval
    count = given[2]
    if count != int(count) or count < 1:
        raise InputError([Problem("", f"{rule}: {given} asks for {count:g} values, must be a whole number from 1")])
    _check_count(rule, int(count))
    values = interval.at(np.linspace(0.0, 1.0, int(count)))
    if int(count) > 1:
        values[-1] = interval.high
    return tuple(round(value) for value in values.tolist()) if whole else tuple(values.tolist())


def _check_count(rule: str, count: int) -> None:
    if count > MOST_VALUES:
        raise InputError([Problem("", f"{rule}: asks for {count:,} values, allowed: {MOST_VALUES:,}; sample instead")])


RULES: Mapping[str, Callable[[list[float], bool], Values]] = {
    "powers_of_two": _powers_of_two,
    "linear": lambda given, whole: _spaced("linear", given, whole),
    "log": lambda given, whole: _spaced("log", given, whole),
    "range": _range,
}
