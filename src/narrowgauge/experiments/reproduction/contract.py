"""What a reproduction of a paper is: a function from a configuration to figures, and beside it the figures that were published.

The function runs the models that everything else uses and never sees a published number; those stand in a YAML file next to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Literal, get_args, get_origin, get_type_hints

from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.experiments.predict_estimate import Estimate

Value = str | int | float
Case = Any  # a frozen dataclass, one per paper, whose fields are `Value`s with defaults


class Tag(StrEnum):
    """How the published number was obtained."""

    READ = "S"  #: read in the cited source
    TRANSCRIBED = "S2"  #: read in a transcription, translation or conversion of it
    DERIVED = "D"  #: follows by arithmetic from such numbers, or from running the authors' program
    ABSTRACT = "abstract"  #: a headline of which no configuration is known


@dataclass(frozen=True)
class Measure:
    """A figure that an experiment predicts: its unit (`x` for ratios) and what it means."""

    unit: str
    meaning: str


@dataclass(frozen=True)
class Within:
    """The numbers that an option takes, ends included: `Annotated[float, "share of zeros", Within(0, 1)]`."""

    least: float
    most: float


#: where a case says nothing else: counts and sizes start at one, amounts at nothing
BOUNDS = {int: Within(1, 2**24), float: Within(0, 1e12)}


@dataclass(frozen=True)
class Option:
    """One field of a case: name, type, default, meaning, its values where only some are allowed, the bounds of a number."""

    name: str
    type: type
    default: Value
    meaning: str
    allowed: tuple[Value, ...] = ()
    bounds: Within = Within(-math.inf, math.inf)

    def read(self, given: Value) -> Value:
        """The value as the field's type; raises InputError that names what is allowed."""
        try:
            value: Value = self.type(given)
        except (ValueError, OverflowError):
            raise InputError([Problem(self.name, f"given {given!r}, write {_WORDS[self.type]}")]) from None
        if self.allowed and value not in self.allowed:
            raise InputError([Problem(self.name, f"given {given!r}; {nearest(str(given), map(str, self.allowed))}")])
        if not isinstance(value, str) and not self.bounds.least <= value <= self.bounds.most:
            ends = f"{self.bounds.least:.12g} to {self.bounds.most:.12g}"
            raise InputError([Problem(self.name, f"given {given}, allowed: {_WORDS[self.type]} from {ends}")])
        return value


_WORDS = {str: "a text", int: "a whole number", float: "a number"}


@dataclass(frozen=True)
class Experiment:
    """One paper. `predict` gives figures by the names of `measures`; it may leave out those that a case does not have.

    It raises InputError, UnsupportedError or CapacityError where the configuration cannot run."""

    name: str
    case: type[Any]
    predict: Callable[[Any], Mapping[str, float | Estimate]]
    measures: Mapping[str, Measure]

    @property
    def options(self) -> dict[str, Option]:
        """The fields of a case by name."""
        hints = get_type_hints(self.case, include_extras=True)
        return {field.name: _option(field.name, hints[field.name], field.default) for field in fields(self.case)}

    def make_case(self, **values: Value) -> Case:
        """A case of these values and the defaults; raises InputError that holds every wrong name and value."""
        options, problems, read = self.options, [], {}
        for name, value in values.items():
            if name not in options:
                problems.append(Problem(name, f"{self.name} has no such option, {nearest(name, options)}"))
                continue
            try:
                read[name] = options[name].read(value)
            except InputError as error:
                problems += error.problems
        if problems:
            raise InputError(problems)
        return self.case(**read)


def _option(name: str, hint: Any, default: Any) -> Option:
    annotated, *notes = get_args(hint) if hasattr(hint, "__metadata__") else (hint, name)
    meaning = notes[0]
    if get_origin(annotated) is Literal:
        allowed = get_args(annotated)
        return Option(name, type(allowed[0]), default, meaning, allowed)
    bounds = next((note for note in notes if isinstance(note, Within)), BOUNDS.get(annotated, Option.bounds))
    return Option(name, annotated, default, meaning, bounds=bounds)
