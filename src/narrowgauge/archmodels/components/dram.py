"""Energy of a bit from or to DRAM, device and pins; the controller and what lies behind it are not in it."""

from __future__ import annotations

from narrowgauge.archmodels.components.tables import table
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.registry import canonical

_PREFIX = "dram."


def dram_memories() -> tuple[str, ...]:
    """The memories whose energy is known."""
    return tuple(path.removeprefix(_PREFIX).replace("_", "-") for path in table("memories") if path.startswith(_PREFIX))


def dram_pj_per_bit(memory: str) -> float:
    """Energy of a bit moved; raises InputError that names the nearest memory."""
    name = canonical(memory)
    if name not in dram_memories():
        raise InputError([Problem("", f"unknown memory '{memory}'; {nearest(name, dram_memories())}")])
    return table("memories")[_PREFIX + name.replace("-", "_")].value
