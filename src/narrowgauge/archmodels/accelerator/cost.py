"""What layers cost on an accelerator, and how costs add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ON_CHIP = ("pe_array", "pe_leakage", "buffer_read", "buffer_write")


@dataclass(frozen=True)
class LayerCost:
    """One execution of a layer, or many layers one after the other.

    `compute_cycles` and `dram_cycles` are what either needs alone; `energy_pj` is by component."""

    cycles: float
    compute_cycles: float
    dram_cycles: float
    energy_pj: Mapping[str, float]

    @property
    def bound_by(self) -> str:
        """`pe_array` or `dram`, whichever alone needs longer."""
        return "pe_array" if self.compute_cycles >= self.dram_cycles else "dram"

    @property
    def total_pj(self) -> float:
        """The sum over components, in order."""
        return sum(self.energy_pj.values())

    @property
    def on_chip_pj(self) -> float:
        """All but DRAM."""
        return sum(self.energy_pj[part] for part in ON_CHIP)

    def __rmul__(self, count: float) -> LayerCost:
        energy = {part: count * spent for part, spent in self.energy_pj.items()}
        return LayerCost(count * self.cycles, count * self.compute_cycles, count * self.dram_cycles, energy)

    def __add__(self, other: LayerCost) -> LayerCost:
        energy = {part: spent + other.energy_pj[part] for part, spent in self.energy_pj.items()}
        return LayerCost(
            self.cycles + other.cycles,
            self.compute_cycles + other.compute_cycles,
            self.dram_cycles + other.dram_cycles,
            energy,
        )


def total(costs: Iterable[LayerCost]) -> LayerCost:
    """One after the other; raises ValueError for none at all."""
    first, *others = costs
    for other in others:
        first = first + other
    return first
