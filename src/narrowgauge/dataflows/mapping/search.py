"""The best mapping of a product onto a target, and the front between latency and energy.

The search is exhaustive over tilings, stationarities and stages, vectorised over tilings. `Found.complete` says whether tilings
had to be thinned: if they had not, the best is the optimum over all tile sizes, all loop orders and all stages. If they had, the
best few of the thinned ones are improved one dimension at a time, which finds local optima.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product as combinations_of

import numpy as np

from narrowgauge.dataflows.mapping.candidates import Chains, chains, order_choices, thinned, tilings
from narrowgauge.dataflows.mapping.cost import Candidates, Cost, demand_bytes, staged_cost
from narrowgauge.dataflows.mapping.explain import check
from narrowgauge.dataflows.mapping.mapping import Ints, Mapping, Order, Stages
from narrowgauge.dataflows.mapping.problem import Product, Target
from narrowgauge.dataflows.mapping.traffic import Floats, crossings

MOST_EVALUATIONS = 20_000_000
STARTS = 4  # tilings from which a thinned search goes on
STAGE_CHOICES = tuple(Stages(i, o) for i in (1, 2) for o in (1, 2))


class Objective(StrEnum):
    """What is made small."""

    LATENCY = "latency"
    ENERGY = "energy"
    EDP = "edp"


@dataclass(frozen=True)
class Priced:
    """A mapping and what it costs. `bound_by` is the resource that is busy longest: the unit, or a level by name."""

    mapping: Mapping
    tiles: tuple[tuple[int, int, int], ...]
    latency_cycles: float
    energy_pj: float
    buffer_bytes: float
    busy_cycles: dict[str, float]
    crossing_bytes: dict[str, float]

    @property
    def bound_by(self) -> str:
        """Busy longest; of equals the first."""
        return max(self.busy_cycles, key=lambda name: self.busy_cycles[name])

    def nest(self, target: Target) -> str:
        """The loop nest as text, outermost first."""
        lines: list[str] = []
        for index, (level, order) in enumerate(zip(target.levels, self.mapping.orders, strict=True)):
            fan = dict(zip("mnk", self.mapping.fans[index], strict=True))
            loops = [f"{d}:{fan[d]}" for d in order if fan[d] > 1]
            stages = self.mapping.stages[index - 1] if index else None
            tile = "×".join(map(str, self.tiles[index]))
            held = f", buffers {stages.inputs} in {stages.output} out" if stages else ""
            lines.append(f"{'  ' * index}{level.name} (tile {tile}{held}): for {' '.join(loops) or 'one tile'}")
        quantum = "×".join(map(str, target.compute.quantum))
        return "\n".join([*lines, f"{'  ' * len(target.levels)}{target.compute.name}: {quantum}"])


@dataclass(frozen=True)
class Found:
    """`front`: no other mapping has less latency and less energy; by latency. `tried` counts mappings that fit."""

    best: Priced
    front: tuple[Priced, ...]
    tried: int
    complete: bool


def search(
    product: Product,
    target: Target,
    objective: Objective = Objective.LATENCY,
    most_evaluations: int = MOST_EVALUATIONS,
    starts: int = STARTS,
) -> Found:
    """The best mapping; raises CapacityError where not even one quantum per buffer fits.

    A search that is thinned to `most_evaluations` goes on from its best `starts` tilings."""
    buffers = len(target.buffers)
    orders, stages = order_choices(len(target.levels)), list(combinations_of(STAGE_CHOICES, repeat=buffers))
    check(product, target, Mapping(_one_quantum(product, target), orders[0], stages[0]))
    quanta = _quanta(product, target)
    pool = _Pool(product, target, orders, stages)
    coarse, complete = thinned(quanta, buffers, most_evaluations // (len(orders) * len(stages)))
    pool.explore(coarse)
    if not complete:
        _descend(pool, [chains(count, buffers) for count in quanta], objective, starts)
    front = pool.front()
    best = min(front, key=lambda entry: _score(entry, objective))
    priced = tuple(_priced(product, target, entry) for entry in front)
    return Found(_priced(product, target, best), priced, pool.tried, complete)


def _descend(pool: _Pool, full: list[Chains], objective: Objective, starts: int) -> None:
    """From the best few of the thinned tilings: all tilings of one dimension after the other, until nothing gets better."""
    for start in pool.ranked(objective)[:starts]:
        here, improving = start, True
        while improving:
            before = _score(here, objective)
            for d in range(len(full)):
                fixed = [[tuple(fan[i] for fan in here.fans)] for i in range(len(full))]
                found = pool.explore([chain if i == d else fixed[i] for i, chain in enumerate(full)])
                here = min((here, *found), key=lambda entry: _score(entry, objective))
            improving = _score(here, objective) < before


def _quanta(product: Product, target: Target) -> list[int]:
    return [-(-size // q) for size, q in zip(product.sizes, target.compute.quantum, strict=True)]


def _one_quantum(product: Product, target: Target) -> tuple[tuple[int, int, int], ...]:
    m, n, k = _quanta(product, target)
    return ((m, n, k), *((1, 1, 1) for _ in target.buffers))


@dataclass(frozen=True)
class _Entry:
    latency: float
    energy: float
    held: float
    fans: tuple[tuple[int, int, int], ...]
    order: tuple[Order, ...]
    stages: tuple[Stages, ...]
    busy: dict[str, float]
    moved: dict[str, float]


def _score(entry: _Entry, objective: Objective) -> tuple[float, float]:
    match objective:
        case Objective.LATENCY:
            return entry.latency, entry.energy
        case Objective.ENERGY:
            return entry.energy, entry.latency
        case Objective.EDP:
            return entry.latency * entry.energy, entry.latency


class _Pool:
    """What may be on the front, as tilings are explored. The best in any objective that grows with both is on it."""

    def __init__(
        self,
        product: Product,
        target: Target,
        orders: list[tuple[Order, ...]],
        stages: list[tuple[Stages, ...]],
    ) -> None:
        self.product, self.target, self.orders, self.stages = product, target, orders, stages
        self.entries: list[_Entry] = []
        self.tried = 0

    def explore(self, per_dimension: list[Chains]) -> list[_Entry]:
        """Price every tiling under every order and stages; the fronts of each of these."""
        product, target, known = self.product, self.target, len(self.entries)
        candidates = Candidates.of(product, target, tilings(per_dimension))
        fitting = [_fitting(product, target, candidates, choice) for choice in self.stages]
        for order in self.orders:
            crossed = crossings(product, target, order, candidates.fans, candidates.counts)
            for choice, (rows, held) in zip(self.stages, fitting, strict=True):
                if len(rows):
                    costs = staged_cost(product, target, candidates, crossed, choice)
                    self._keep(candidates, costs, rows, held, order, choice)
        return self.entries[known:]

    def _keep(
        self, candidates: Candidates, costs: Cost, rows: Ints, held: Floats, order: tuple[Order, ...], choice: tuple[Stages, ...]
    ) -> None:
        latency, energy = costs.latency_cycles[rows], costs.energy_pj[rows]
        self.tried += len(rows)
        for i in _front(latency, energy, held):
            row = int(rows[i])
            fans = tuple((int(m), int(n), int(k)) for m, n, k in candidates.fans[row])
            busy = {name: float(column[row]) for name, column in costs.busy_cycles.items()}
            moved = {name: float(column[row]) for name, column in costs.crossing_bytes.items()}
            self.entries.append(_Entry(float(latency[i]), float(energy[i]), float(held[i]), fans, order, choice, busy, moved))

    def front(self) -> list[_Entry]:
        """What no other beats in both, by latency."""
        columns = (np.array([getattr(e, name) for e in self.entries]) for name in ("latency", "energy", "held"))
        return [self.entries[i] for i in _front(*columns)]

    def ranked(self, objective: Objective) -> list[_Entry]:
        """The best of each tiling so far, the best first."""
        found: dict[tuple[tuple[int, int, int], ...], _Entry] = {}
        for entry in sorted(self.entries, key=lambda entry: _score(entry, objective)):
            found.setdefault(entry.fans, entry)
        return list(found.values())


def _fitting(product: Product, target: Target, candidates: Candidates, choice: tuple[Stages, ...]) -> tuple[Ints, Floats]:
    """Rows that fit with these stages, and the bytes that they hold in all buffers."""
    fits, held = np.ones(len(candidates.fans), bool), np.zeros(len(candidates.fans))
    for index, (level, stages) in enumerate(zip(target.buffers, choice, strict=True), start=1):
        demand = demand_bytes(product, target, candidates, index, stages)
        fits &= demand <= (level.capacity_bytes or 0.0)
        held += demand
    rows = np.flatnonzero(fits)
    return rows, held[rows]


def _front(latency: Floats, energy: Floats, held: Floats) -> Iterator[int]:
    """Rows that no other beats in both; of equal ones that which holds least."""
    best = np.inf
    for i in np.lexsort((held, energy, latency)):
        if energy[i] < best:
            best = energy[i]
            yield int(i)


def _priced(product: Product, target: Target, entry: _Entry) -> Priced:
    mapping = Mapping(entry.fans, entry.order, entry.stages)
    tiles = mapping.tiles(product, target)
    return Priced(mapping, tiles, entry.latency, entry.energy, entry.held, entry.busy, entry.moved)
