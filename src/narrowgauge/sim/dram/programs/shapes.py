"""Checks that all programs share: sizes from 1, bytes of an element as a power-of-two share of a burst."""

from __future__ import annotations

from fractions import Fraction

from narrowgauge.errors import InputError, Problem
from narrowgauge.sim.dram.standard import Standard


def require_positive(**sizes: int) -> None:
    """Raise InputError that names every size below 1."""
    problems = [Problem(name, f"is {size}, must be at least 1") for name, size in sizes.items() if size < 1]
    if problems:
        raise InputError(problems)


def per_burst(standard: Standard, element_bytes: float | Fraction) -> int:
    """Elements of a burst; raises InputError where an element does not divide it."""
    share = Fraction(standard.organisation.burst_bytes) / Fraction(element_bytes) if element_bytes > 0 else Fraction(0)
    if share.denominator != 1 or share < 1:
        raise InputError(f"element_bytes is {element_bytes}, must divide the burst of {standard.organisation.burst_bytes} bytes")
    return int(share)


def require_kinds(standard: Standard, program: str, *kinds: str) -> None:
    """Raise InputError where the standard lacks a request that the program needs."""
    missing = [kind for kind in kinds if kind not in standard.requests]
    if missing:
        raise InputError(f"program {program} needs the requests {', '.join(missing)}, which {standard.name} does not have")
