"""What mappings cost: buffer bytes, cycles and energy, for a column of candidates that share their loop orders.

    latency = waiting + first tiles + max(unit, busiest memory)
    energy  = macs · energy per MAC + bytes crossing · (energy per byte outside + inside)

`waiting` are the crossings into levels with one buffer. Crossings into levels with two overlap with the unit's work, except for
the first tile of each input and the last of the output. What the unit takes from the level next to it always overlaps: it is
how the unit works.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narrowgauge.dataflows.mapping.mapping import Ints, Mapping, Order, Stages
from narrowgauge.dataflows.mapping.problem import FREE, Product, Target
from narrowgauge.dataflows.mapping.traffic import INDEX, Crossing, Floats, crossings, tile_counts


@dataclass(frozen=True)
class Cost:
    """Columns: cycles, pJ, and cycles that each resource is busy (`unit`, and each level by name)."""

    latency_cycles: Floats
    energy_pj: Floats
    busy_cycles: dict[str, Floats]
    crossing_bytes: dict[str, Floats]  # by the name of the outer level


@dataclass(frozen=True)
class Candidates:
    """Columns of tilings: fans (rows, levels, 3), counts of tiles and their sizes in elements (rows, levels + 1, 3)."""

    fans: Ints
    counts: Ints
    sizes: Ints

    @staticmethod
    def of(product: Product, target: Target, fans: Ints) -> Candidates:
        """From the fans alone."""
        quantum = np.array(target.compute.quantum)
        quanta = -(-np.array(product.sizes) // quantum)
        inner = np.broadcast_to(quantum, (len(fans), 1, 3))
        grown = np.cumprod(np.concatenate([inner, fans[:, ::-1]], axis=1), axis=1)[:, ::-1]
        return Candidates(fans, tile_counts(quanta.tolist(), fans), np.minimum(grown, np.array(product.sizes)))

    def take(self, rows: Ints) -> Candidates:
        """Some rows."""
        return Candidates(self.fans[rows], self.counts[rows], self.sizes[rows])

    def tile_bytes(self, product: Product, operand: str, level: int) -> Floats:
        """Bytes of one tile of an operand at a level."""
        indexed = [i for d, i in INDEX.items() if d != FREE[operand]]
        tile: Floats = self.sizes[:, level][:, indexed].prod(axis=1) * product.held_bytes(operand)
        return tile


def demand_bytes(product: Product, target: Target, candidates: Candidates, level: int, stages: Stages) -> Floats:
    """Bytes that a buffer must have for its tiles."""
    held = np.zeros(len(candidates.fans))
    for operand in target.levels[level].holds:
        held += candidates.tile_bytes(product, operand, level) * (stages.output if operand == "c" else stages.inputs)
    return held


def cost(product: Product, target: Target, candidates: Candidates, orders: tuple[Order, ...], stages: tuple[Stages, ...]) -> Cost:
    """The cost of every row under these orders and stages."""
    crossed = crossings(product, target, orders, candidates.fans, candidates.counts)
    return staged_cost(product, target, candidates, crossed, stages)


def staged_cost(
    product: Product, target: Target, candidates: Candidates, crossed: list[Crossing], stages: tuple[Stages, ...]
) -> Cost:
    """The same from crossings that are known: they do not depend on stages."""
    rows = len(candidates.fans)
    quanta = candidates.counts[:, -1].prod(axis=1)
    busy = {"unit": quanta * (np.prod(target.compute.quantum) / target.compute.macs_per_cycle)}
    overlapped = {level.name: np.zeros(rows) for level in target.levels}
    moved = {level.name: np.zeros(rows) for level in target.levels}
    waiting, energy = np.zeros(rows), np.full(rows, float(product.macs * target.compute.energy_pj_per_mac))
    busy.update({level.name: np.zeros(rows) for level in target.levels})
    for crossing in crossed:
        outer, total = target.levels[crossing.outer], crossing.total
        to_unit = crossing.inner == len(target.levels)
        cycles = total / outer.bandwidth_bytes_per_cycle
        busy[outer.name] += cycles
        moved[outer.name] += total
        energy += total * (outer.energy_pj_per_byte + (0.0 if to_unit else target.levels[crossing.inner].energy_pj_per_byte))
        if to_unit:
            overlapped[outer.name] += cycles
            continue
        buffers = stages[crossing.inner - 1]
        if (buffers.output if crossing.operand == "c" else buffers.inputs) == 1:
            waiting += cycles
        else:
            tile = candidates.tile_bytes(product, crossing.operand, crossing.inner)
            alone = np.minimum(tile / outer.bandwidth_bytes_per_cycle, cycles)
            waiting += alone
            overlapped[outer.name] += cycles - alone
    slowest = busy["unit"]
    for column in overlapped.values():
        slowest = np.maximum(slowest, column)
    return Cost(waiting + slowest, energy, busy, moved)


def price(product: Product, target: Target, mapping: Mapping) -> Cost:
    """The cost of one mapping, columns of one row; whether it fits is `check`'s question."""
    candidates = Candidates.of(product, target, np.array([mapping.fans]))
    return cost(product, target, candidates, mapping.orders, mapping.stages)
