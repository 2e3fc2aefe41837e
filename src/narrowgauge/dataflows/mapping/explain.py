"""Why a mapping does not fit, and what would make it fit."""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import dataclass, replace

from narrowgauge.dataflows.mapping.mapping import Mapping, Stages
from narrowgauge.dataflows.mapping.problem import DIMENSIONS, FREE, Product, Target
from narrowgauge.errors import CapacityError
from narrowgauge.units import BITS_PER_BYTE

_WIDTH = {"a": "a_bits", "b": "b_bits", "c": "partial_bits"}
MOST_LEVERS = 6


@dataclass(frozen=True)
class Shortfall:
    """One buffer that is too small: bytes wanted by operand (all stages), bytes there, and single changes that would do."""

    level: str
    tile: tuple[int, int, int]
    demand_bytes: Table[str, float]
    bound_bytes: float
    levers: tuple[str, ...]

    @property
    def gap_bytes(self) -> float:
        """Bytes missing."""
        return sum(self.demand_bytes.values()) - self.bound_bytes

    def __str__(self) -> str:
        wanted = ", ".join(f"{operand.upper()} {held:,.0f}" for operand, held in self.demand_bytes.items())
        tile = " × ".join(f"{d}={size}" for d, size in zip(DIMENSIONS, self.tile, strict=True))
        head = (
            f"{self.level}: a tile of {tile} needs {sum(self.demand_bytes.values()):,.0f} bytes ({wanted}), "
            f"there are {self.bound_bytes:,.0f}, {self.gap_bytes:,.0f} are missing"
        )
        return "\n".join([head, *(f"  {lever}" for lever in self.levers)])


def check(product: Product, target: Target, mapping: Mapping) -> None:
    """Raise CapacityError that names every buffer too small for a mapping, by how much, and what would make it fit."""
    found = shortfalls(product, target, mapping)
    if found:
        raise CapacityError("\n".join(map(str, found)))


def shortfalls(product: Product, target: Target, mapping: Mapping) -> tuple[Shortfall, ...]:
    """Every buffer that is too small, from the outermost."""
    tiles = mapping.tiles(product, target)
    found: list[Shortfall] = []
    for index, level in enumerate(target.buffers, start=1):
        demand = _demand(product, level.holds, tiles[index], mapping.stages[index - 1])
        bound = level.capacity_bytes or 0.0
        if sum(demand.values()) > bound:
            levers = _levers(product, target, mapping, index)
            found.append(Shortfall(level.name, tiles[index], demand, bound, levers))
    return tuple(found)


def _demand(product: Product, holds: tuple[str, ...], tile: tuple[int, int, int], stages: Stages) -> dict[str, float]:
    elements = {x: tile[0] * tile[1] * tile[2] // tile[DIMENSIONS.index(FREE[x])] for x in holds}
    return {x: n * product.held_bytes(x) * (stages.output if x == "c" else stages.inputs) for x, n in elements.items()}


def _levers(product: Product, target: Target, mapping: Mapping, index: int) -> tuple[str, ...]:
    """Single changes of tile, stages, formats, or what the buffer holds, then its size."""
    level, stages = target.levels[index], mapping.stages[index - 1]
    tile, part = (mapping.tiles(product, target)[i] for i in (index, index + 1))
    bound = level.capacity_bytes or 0.0

    def needs(p: Product = product, t: tuple[int, ...] = tile, s: Stages = stages, h: tuple[str, ...] = level.holds) -> float:
        return sum(_demand(p, h, (t[0], t[1], t[2]), s).values())

    found: list[str] = []
    for i, (d, size, step) in enumerate(zip(DIMENSIONS, tile, part, strict=True)):
        fits = [t for t in range(step, size, step) if needs(t=(*tile[:i], t, *tile[i + 1 :])) <= bound]
        if fits:
            found.append(f"a tile of {d}={max(fits)} would fit")
    for name, fewer in (("inputs", replace(stages, inputs=1)), ("output", replace(stages, output=1))):
        if fewer != stages and needs(s=fewer) <= bound:
            found.append(f"one buffer for {name} would fit")
    for operand in level.holds:
        others = needs(h=tuple(x for x in level.holds if x != operand))
        if others < bound:
            bits = (bound - others) / (needs() - others) * product.held_bytes(operand) * BITS_PER_BYTE
            found.append(f"{_WIDTH[operand]} of {bits:.3g} or less would fit, or passing {operand.upper()} by this level")
    return (*found[:MOST_LEVERS], f"{level.name} of {needs():,.0f} bytes or more would fit")
