"""Options that hold several values: paper figures are often means over a list."""

from __future__ import annotations

from narrowgauge.errors import InputError, Problem
from narrowgauge.experiments.reproduction.contract import BOUNDS


def numbers_of(option: str, text: str) -> tuple[int, ...]:
    """The whole numbers of a text, separated by spaces or commas; raises InputError where one is none."""
    words = text.replace(",", " ").split()
    if not words or not all(word.isdecimal() and 1 <= int(word) <= BOUNDS[int].most for word in words):
        what = f"given {text!r}, write whole numbers from 1 to {BOUNDS[int].most}, separated by spaces or commas"
        raise InputError([Problem(option, what)])
    return tuple(map(int, words))
