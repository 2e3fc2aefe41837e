"""What a part takes: silicon, and energy each time it works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Cell area, and dynamic energy of one operation. Parts add up; a number times a part is that many of them, all at work."""

    area_um2: float
    energy_pj: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.area_um2 + other.area_um2, self.energy_pj + other.energy_pj)

    def __rmul__(self, count: float) -> Cost:
        return Cost(count * self.area_um2, count * self.energy_pj)


FREE = Cost(0.0, 0.0)
