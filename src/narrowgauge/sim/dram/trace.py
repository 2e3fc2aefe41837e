"""Request traces as text: `0xADDRESS R` or `0xADDRESS W`, one request a line; `#` begins a comment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from narrowgauge.errors import InputError, Problem
from narrowgauge.sim.dram.patterns import Stream

WAYS = {"R": False, "W": True}
SHOWN_PROBLEMS = 20


def read_trace(path: Path) -> Stream:
    """The requests of a file; raises InputError with the number of every line that is not a request."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError([Problem(str(path), f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise InputError([Problem(str(path), "is not UTF-8 text")]) from error
    addresses: list[int] = []
    writes: list[bool] = []
    problems: list[Problem] = []
    for number, words in _lines(text):
        fault = _fault(words)
        if fault:
            problems.append(Problem(f"{path}:{number}", f"is '{' '.join(words)}': {fault}; write 0xADDRESS R or 0xADDRESS W"))
        else:
            addresses.append(int(words[0], 16))
            writes.append(WAYS[words[1].upper()])
    if problems:
        more = len(problems) - SHOWN_PROBLEMS
        shown = problems[:SHOWN_PROBLEMS]
        raise InputError([*shown, Problem(str(path), f"and {more} more lines")] if more > 0 else shown)
    if not addresses:
        raise InputError([Problem(str(path), "holds no request")])
    return Stream(np.array(addresses, np.int64), np.array(writes, np.bool_))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split("#", 1)[0].split()
        if words:
            yield number, words


def _fault(words: list[str]) -> str:
    """Why a line is not a request, or nothing."""
    if len(words) != len(("address", "way")):
        return f"has {len(words)} words"
    try:
        address = int(words[0], 16)
    except ValueError:
        return f"'{words[0]}' is not a hexadecimal address"
    if not 0 <= address < 1 << 62:
        return f"address {words[0]} is out of range"
    return "" if words[1].upper() in WAYS else f"'{words[1]}' is neither R nor W"
