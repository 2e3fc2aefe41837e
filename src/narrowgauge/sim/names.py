"""Names of tasks and the order in which ties between them are broken.

A name is a base with or without a whole index: `load`, `load[7]`, `sm3.load[12]`. Names are compared by base, then by index
(none goes first). Bases are compared naturally: runs of digits as numbers, the rest as text, so `sm2.mma` goes before `sm10.mma`.
"""

from __future__ import annotations

import re

NO_INDEX = -1
INDEXED = re.compile(r"(?P<base>.*)\[(?P<index>0|[1-9]\d{0,17})\]", re.DOTALL)
DIGITS = re.compile(r"(\d+)")


def split_name(name: str) -> tuple[str, int]:
    """`load[7]` is ("load", 7), `load` is ("load", -1). An index as nobody would print it (`[07]`) belongs to the base."""
    match = INDEXED.fullmatch(name)
    return (match["base"], int(match["index"])) if match else (name, NO_INDEX)


def join_name(base: str, index: int) -> str:
    """The inverse of `split_name`."""
    return base if index == NO_INDEX else f"{base}[{index}]"


def natural(text: str) -> tuple[tuple[tuple[str, int], ...], str]:
    """The key by which bases and names of resources are sorted; different texts have different keys."""
    parts = DIGITS.split(text)
    numbers = (*(int(digits) for digits in parts[1::2]), NO_INDEX)
    return tuple(zip(parts[::2], numbers, strict=True)), text
