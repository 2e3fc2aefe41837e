"""Latencies as the standards write them: sums and differences of timing names and whole numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TERM = re.compile(r"\s*([+\-−]?)\s*([A-Za-z]\w*|\d+)")


def terms(expression: str | int) -> tuple[tuple[int, str], ...]:
    """(sign, name or number) of each term; raises ValueError for what is not a sum."""
    text, place = str(expression).strip(), 0
    found: list[tuple[int, str]] = []
    while place < len(text):
        match = _TERM.match(text, place)
        if match is None or (found and not match[1]):
            raise ValueError(f"'{expression}' is not a sum of timing names and whole numbers")
        found.append((-1 if match[1] in ("-", "−") else 1, match[2]))
        place = match.end()
    if not found:
        raise ValueError("is empty, must be a sum of timing names and whole numbers")
    return tuple(found)


def names(expression: str | int) -> tuple[str, ...]:
    """The timing names of an expression."""
    return tuple(word for _, word in terms(expression) if not word.isdigit())


def cycles(expression: str | int, timing: Mapping[str, int]) -> int:
    """Its value in cycles."""
    return sum(sign * (int(word) if word.isdigit() else timing[word]) for sign, word in terms(expression))
