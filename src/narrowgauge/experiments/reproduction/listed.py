"""Options that hold several values: paper figures are often means over a list."""

from __future__ import annotations

from narrowgauge.errors import InputError, Problem


def numbers_of(option: str, text: str) -> tuple[int, ...]:
    """The whole numbers of a text, separated by spaces; raises InputError that names those which are none."""
    wrong = [word for word in text.split() if not word.isdecimal() or int(word) < 1]
    if wrong or not text.split():
        what = f"given {text!r}, write whole numbers from 1 on, separated by spaces"
        raise InputError([Problem(option, what)])
    return tuple(int(word) for word in text.split())
