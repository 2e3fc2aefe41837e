"""Which array sizes m × n × k a unit should have for a given number of one-bit products a cycle: all of them, tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from narrowgauge.archmodels.units.unit import Unit
from narrowgauge.errors import InputError, Problem
from narrowgauge.formats import QuantScheme

MOST_SUMMED = 16  # activations: no specification of a table takes more


@dataclass(frozen=True)
class Candidate:
    """One array: its sizes, area and power at the unit's clock."""

    m: int
    n: int
    k: int
    area_um2: float
    power_mw: float

    @property
    def cost(self) -> float:
        """What the search minimises: area × power."""
        return self.area_um2 * self.power_mw


def power_mw(unit: Unit, scheme: QuantScheme) -> float:
    """Dynamic power of a unit that is never idle, at the clock of its specification."""
    pj_per_cycle = unit.pj_per_mac(scheme) * unit.macs_per_cycle(scheme)
    return pj_per_cycle * unit.value("clock_mhz") / PJ_MHZ_PER_MW


PJ_MHZ_PER_MW = 1e3


def search(unit: Unit, scheme: QuantScheme, size: int) -> tuple[Candidate, ...]:
    """Every array with m · n · k = `size` and k up to 16, the cheapest first (of equals that with the smaller m).

    Raises InputError for a size below 1, UnsupportedError where the unit refuses the scheme."""
    if size < 1:
        raise InputError([Problem("size", f"given {size}, allowed: 1 or more")])
    unit.check(scheme)
    found = [_candidate(unit, scheme, m, n, k) for m, n, k in _factorisations(size)]
    return tuple(sorted(found, key=lambda candidate: (candidate.cost, candidate.m)))


def _factorisations(size: int) -> Iterator[tuple[int, int, int]]:
    for k in _divisors(size):
        if k <= MOST_SUMMED:
            yield from ((m, size // k // m, k) for m in _divisors(size // k))


def _divisors(size: int) -> list[int]:
    return [divisor for divisor in range(1, size + 1) if size % divisor == 0]


def _candidate(unit: Unit, scheme: QuantScheme, m: int, n: int, k: int) -> Candidate:
    variant = unit.with_(**{"array.m": m, "array.n": n, "array.k": k})
    return Candidate(m, n, k, variant.total_area_um2, power_mw(variant, scheme))
