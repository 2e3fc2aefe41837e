"""Tables that no device can obey are refused, with the names of the timings that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

from narrowgauge.errors import Problem
from narrowgauge.sim.dram.standard import Standard

#: (at least, at most): the first expression may not be below the second
ORDERED = (
    ("nRC", "nRAS + nRP"),
    ("nRAS", "nRCDRD"),
    ("nCCDL", "nCCDS"),
    ("nRRDL", "nRRDS"),
    ("nFAW", "nRRDS"),
    ("nWTRL", "nWTRS"),
    ("nREFI", "nRFC + nRPab + nRC"),
    ("nRFC", "nRFCpb"),
)
POSITIVE = (
    "nBL",
    "nCL",
    "nCWL",
    "nRCDRD",
    "nRCDWR",
    "nRP",
    "nRPab",
    "nRAS",
    "nRC",
    "nCCDS",
    "nCCDL",
    "nRRDS",
    "nRRDL",
    "nREFI",
    "nRFC",
)


def contradictions(standard: Standard) -> Iterator[Problem]:
    """Every contradiction of a table."""
    timing, org = standard.timing, standard.organisation
    for name in POSITIVE:
        if timing.get(name, 1) < 1:
            yield Problem(f"{standard.name}: {name}", f"is {timing[name]}, must be at least 1 cycle")
    yield from (
        Problem(f"{standard.name}: {name}", f"is {value}, must not be negative") for name, value in timing.items() if value < 0
    )
    if standard.tck_ps < 1:
        yield Problem(f"{standard.name}: tCK", f"is {standard.tck_ps} ps, must be at least 1")
    for large, small in ORDERED:
        words = [word for word in small.split(" + ") if not word.isdigit()]
        if all(word in timing for word in (large, *words)) and timing[large] < (bound := standard.cycles(small)):
            parts = " + ".join(f"{word} {timing[word]}" for word in words)
            yield Problem(f"{standard.name}: {large}", f"is {timing[large]} cycles, below {small} = {bound} ({parts})")
    for name in ("pseudo_channels", "ranks", "bank_groups", "banks_per_group", "rows", "page_bytes", "burst_bytes"):
        size = getattr(org, name)
        if size < 1 or size & (size - 1):
            yield Problem(f"{standard.name}: {name}", f"is {size}, must be a power of two")
