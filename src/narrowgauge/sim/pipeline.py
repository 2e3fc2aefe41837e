"""Regular tile pipelines and their closed form.

Every tile passes through all stages in order. Stage s has `units[s]` units that take the tiles in turn (tile t goes to unit
t mod `units[s]`), and between stages s and s + 1 there is a ring of `slots[s]` places, as in a kernel with circular buffers: a
tile takes its place when stage s starts with it, and frees it when stage s + 1 is done with it. So

    start[t, s] = max(end[t, s - 1], end[t - units[s], s], end[t - slots[s], s + 1])        (what is before tile 0 is left out)

which is a recurrence over max and plus. Where all tiles of a stage take equally long, the makespan needs no recurrence at all:
it is the heaviest way through a graph whose only cycles are "the next tile of this unit" (`units[s]` tiles on, one stage time
longer) and "the next tile in this place" (`slots[s]` tiles on, two stage times longer), so

    makespan = Σ d[s] + best of any mix of cycles that together advance at most tiles - 1

and in the long run one tile takes the period max(d[s] / units[s], (d[s] + d[s+1]) / slots[s]) (the largest
cycle mean of a timed event graph: Baccelli, Cohen, Olsder, Quadrat, Synchronization and Linearity, 1992).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from narrowgauge.errors import InputError, Problem
from narrowgauge.sim.check import LARGEST_PS
from narrowgauge.sim.graph import NONE, TaskGraph

Ints = npt.NDArray[np.int64]
MOST_TILES = 2**31


@dataclass(frozen=True, eq=False)
class TilePipeline:
    """`durations_ps` has one entry for each stage, or one row of them for each tile; `slots` has one entry for each pair of
    neighbouring stages. Raises one InputError with everything that does not fit together."""

    tiles: int
    durations_ps: Ints
    units: tuple[int, ...]
    slots: tuple[int, ...]
    names: tuple[str, ...]

    def __init__(
        self,
        tiles: int,
        durations_ps: Sequence[int] | Sequence[Sequence[int]] | Ints,
        units: Sequence[int],
        slots: Sequence[int],
        names: Sequence[str] = (),
    ) -> None:
        given = np.asarray(durations_ps)
        stages = given.shape[-1] if given.ndim else 0
        labels = tuple(names) or tuple(f"stage{number}" for number in range(stages))
        problems = [*shape_problems(tiles, given, units, slots), *name_problems(labels, stages)]
        if problems:
            raise InputError(problems)
        values = (tiles, given.astype(np.int64), tuple(map(int, units)), tuple(map(int, slots)), labels)
        for field, value in zip(("tiles", "durations_ps", "units", "slots", "names"), values, strict=True):
            object.__setattr__(self, field, value)

    @property
    def stages(self) -> int:
        """How many stages there are."""
        return len(self.units)

    @property
    def regular(self) -> bool:
        """Whether all tiles of a stage take equally long by construction."""
        return self.durations_ps.ndim == 1

    @cached_property
    def period_ps(self) -> Fraction:
        """Time per tile in the long run. Of a pipeline that is not `regular`: of its mean durations, which bounds nothing."""
        own, both = self._cycles()
        return max([*own, *both])

    @property
    def limited_by(self) -> str:
        """The stage or the ring (`A->B`) that sets the period; the first of equals, stages before rings."""
        own, both = self._cycles()
        names = [*self.names, *(f"{a}->{b}" for a, b in zip(self.names, self.names[1:], strict=False))]
        return max(zip(names, [*own, *both], strict=True), key=lambda pair: pair[1])[0]

    def _cycles(self) -> tuple[list[Fraction], list[Fraction]]:
        if self.regular:
            mean = [Fraction(int(d)) for d in self.durations_ps]
        else:
            mean = [Fraction(int(total), self.tiles) for total in self.durations_ps.sum(axis=0)]
        own = [d / count for d, count in zip(mean, self.units, strict=True)]
        return own, [(a + b) / count for a, b, count in zip(mean, mean[1:], self.slots, strict=False)]

    def makespan_ps(self) -> int:
        """When the last tile leaves."""
        one = (self.durations_ps[None], np.array([self.units]), np.array([self.slots], dtype=np.int64).reshape(1, -1))
        return int(makespans_ps(self.tiles, *one)[0])

    def events(self) -> tuple[Ints, Ints]:
        """Start and end of every tile in every stage, (tiles, stages) each."""
        from narrowgauge.sim.pipeline_kernels import fill

        durations = np.broadcast_to(self.durations_ps, (self.tiles, self.stages))
        start, end = np.empty((2, self.tiles, self.stages), dtype=np.int64)
        fill(np.ascontiguousarray(durations), np.array(self.units), np.array(self.slots, dtype=np.int64), start, end)
        return start, end

    def to_graph(self) -> TaskGraph:
        """The same as a task graph: task `NAME[t]` on unit `NAME`, taking a slot of buffer `NAME->NEXT`; the turns of units and
        places are dependencies."""
        graph, tiles = TaskGraph(), self.tiles
        units = [graph.unit(name, count) for name, count in zip(self.names, self.units, strict=True)]
        rings = [graph.buffer(f"{a}->{b}", n) for a, b, n in zip(self.names, self.names[1:], self.slots, strict=False)]
        tile = np.arange(tiles, dtype=np.int64)
        durations = np.broadcast_to(self.durations_ps, (tiles, self.stages))
        for stage, (name, unit) in enumerate(zip(self.names, units, strict=True)):
            after = [turn(stage, tile, unit.capacity, tiles)]
            if stage > 0:
                after.append((stage - 1) * tiles + tile)
            if stage < len(rings):
                after.append(turn(stage + 1, tile, rings[stage].slots, tiles))
            graph.tasks(
                name,
                tile,
                after=after,
                unit=unit,
                duration_ps=durations[:, stage],
                acquire={rings[stage]: 1} if stage < len(rings) else {},
                release={rings[stage - 1]: 1} if stage > 0 else {},
                operator=name,
                category=name,
            )
        return graph


def turn(stage: int, tile: Ints, back: int, tiles: int) -> Ints:
    """Handles of the tasks of a stage that many tiles before; NONE before the first tile."""
    return np.where(tile >= back, stage * tiles + tile - back, NONE)


def makespans_ps(tiles: int, durations_ps: Ints, units: Ints, slots: Ints) -> Ints:
    """When the last tile leaves, for many design points at once.

    `durations_ps` is (points, stages), for the closed form, or (points, tiles, stages), for the recurrence; `units` is (points,
    stages) and `slots` (points, stages - 1). Raises one InputError for shapes or numbers that cannot be."""
    from narrowgauge.sim.pipeline_kernels import closed_forms, recurrences

    durations, units, slots = np.asarray(durations_ps), np.asarray(units), np.asarray(slots)
    points = durations.shape[0] if durations.ndim else 0
    problems = []
    if durations.ndim not in (2, 3) or units.ndim != 2 or slots.ndim != 2 or not points == len(units) == len(slots):  # noqa: PLR2004
        shapes = f"durations_ps {durations.shape}, units {units.shape}, slots {slots.shape}"
        what = "(points, stages) or (points, tiles, stages), (points, stages), (points, stages - 1)"
        problems.append(Problem("shapes", f"given {shapes}; allowed: {what}"))
    else:
        problems = shape_problems(tiles, durations[0], units[0], slots[0], (durations, units, slots))
    if problems:
        raise InputError(problems)
    run = closed_forms if durations.ndim == units.ndim else recurrences
    return np.asarray(run(tiles, *(np.ascontiguousarray(a, dtype=np.int64) for a in (durations, units, slots))))


def shape_problems(
    tiles: int,
    durations: npt.NDArray[np.generic],
    units: Sequence[int] | Ints,
    slots: Sequence[int] | Ints,
    points: tuple[npt.NDArray[np.generic], Ints, Ints] | None = None,
) -> list[Problem]:
    """What does not fit together in one pipeline. Numbers are checked for all design points at once where those are given."""
    problems = []
    if isinstance(tiles, bool) or not isinstance(tiles, int | np.integer) or not 1 <= tiles <= MOST_TILES:
        return [Problem("tiles", f"given {tiles!r}; allowed: a whole number from 1 to {MOST_TILES:,}")]
    if durations.ndim not in (1, 2) or durations.size == 0 or (durations.ndim == 2 and len(durations) != tiles):  # noqa: PLR2004
        return [Problem("durations_ps", f"has shape {durations.shape}; allowed: (stages,) or ({tiles}, stages)")]
    stages = durations.shape[-1]
    for what, counts, length in (("units", units, stages), ("slots", slots, stages - 1)):
        if len(counts) != length:
            problems.append(Problem(what, f"has {len(counts)} entries; allowed: {length} for {stages} stages"))
    every = points or (durations, np.asarray(units), np.asarray(slots))
    for what, values, least in zip(("durations_ps", "units", "slots"), every, (0, 1, 1), strict=True):
        if values.size and (not np.issubdtype(values.dtype, np.integer) or values.min() < least):
            problems.append(Problem(what, f"given {values.dtype} down to {values.min()}; allowed: whole numbers from {least}"))
    if not problems and (total := int(tiles) * stages * int(every[0].max())) > LARGEST_PS:
        problems.append(Problem("durations_ps", f"tiles × stages × the longest is {total:,} ps; allowed: up to {LARGEST_PS:,}"))
    return problems


def name_problems(names: tuple[str, ...], stages: int) -> list[Problem]:
    """One name for each stage, all different."""
    if len(names) == stages and len(set(names)) == stages:
        return []
    return [Problem("names", f"given {', '.join(names)}; allowed: {stages} different names")]
