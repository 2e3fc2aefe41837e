"""Errors as part of the product.

    NarrowgaugeError
    ├── InputError        what the user gave is wrong: every problem at once, each with its place
    ├── UnsupportedError  a unit, a GPU or a model refuses a task, with the reason
    └── CapacityError     the workload does not fit: demand, bound, gap and what would make it fit

The command line prints the message of any of them and exits with status 2; anything else that escapes is a bug.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class NarrowgaugeError(Exception):
    """Base of every error that narrowgauge raises on purpose."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input: `where` (file, line, dotted path) and `what` (given, allowed, nearest name)."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class InputError(NarrowgaugeError):
    """The input is wrong; `problems` holds every one of its faults."""

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        self.problems = (Problem("", problems),) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class UnsupportedError(NarrowgaugeError):
    """A unit, machine or reader refuses a task; the message is the reason."""


class CapacityError(NarrowgaugeError):
    """A workload does not fit into a machine; the message says by how much and what would make it fit."""


def nearest(name: str, allowed: Iterable[str]) -> str:
    """The clause that names the closest allowed word and the list: `did you mean 'x'? allowed: a, b, x`.

    A word that begins as given goes before one that is spelt alike."""
    choices = list(allowed)
    wanted = name.lower()
    beginnings = [choice for choice in choices if wanted and choice.startswith(wanted)]
    close = difflib.get_close_matches(wanted, beginnings or choices, n=1, cutoff=0.0 if beginnings else 0.5)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return f"{hint}allowed: {', '.join(choices)}"
