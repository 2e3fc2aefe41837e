"""Board power to energy per action: static power and picojoules by non-negative least squares on relative errors.

    power = static + Σ actions per second × energy per action

A column that the loads do not tell apart from the others is taken from an anchor (a number known otherwise), in the order of
the anchors, or the solution is refused. Intervals are 5 to 95 % of repeated solutions with the powers disturbed by what the
fit leaves over, at least by the uncertainty of a reading, and with the anchors disturbed by theirs."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from narrowgauge import units
from narrowgauge.archmodels.machine_fit import Reading
from narrowgauge.calibration.machine.figures import MAD_TO_SIGMA, Finding, Missing, held_out
from narrowgauge.provenance import Kind

Floats = npt.NDArray[np.float64]

STATIC = "static"
#: relative uncertainty of one mean power: between windows of one load on one board, assumed; the counter's own gain comes on top
READING = 0.01
DRAWS = 200
_TAIL = 0.05
_SEED = 1
_NEGLIGIBLE = 1e-6


@dataclass(frozen=True)
class Load:
    """A sustained load: what it is (loads of one group are left out together), board power, and actions per second."""

    group: Hashable
    power_w: float
    rates: Mapping[str, float]


@dataclass(frozen=True)
class Anchor:
    """A number that is known otherwise: pJ of an action, or W of `static`; its standard deviation, and where it is from."""

    column: str
    value: float
    sigma: float
    source: str


@dataclass(frozen=True)
class Energies:
    """The solution: value, low and high by column (W of `static`, else pJ), the anchors that it rests on, and the relative
    deviation of the loads from it."""

    values: Mapping[str, tuple[float, float, float]]
    anchored: tuple[Anchor, ...]
    deviation: float

    def power_w(self, rates: Mapping[str, float]) -> float:
        """What a load should draw."""
        dynamic = sum(rate * self.values[action][0] for action, rate in rates.items())
        return self.values[STATIC][0] + dynamic / units.PJ_PER_J


class EntangledError(ValueError):
    """The loads and anchors do not tell some columns apart; the message names them."""


def solve(loads: Sequence[Load], anchors: Iterable[Anchor] = (), known: Iterable[Anchor] = ()) -> Energies:
    """The energies of a set of loads; `anchors` serve where the loads do not tell, `known` always. Raises EntangledError."""
    columns = [STATIC, *dict.fromkeys(action for load in loads for action in load.rates)]
    matrix = np.array([[1.0 if c == STATIC else load.rates.get(c, 0.0) / units.PJ_PER_J for c in columns] for load in loads])
    power = np.array([load.power_w for load in loads])
    used = _anchors_needed(matrix / power[:, None], columns, anchors, known)
    free = [index for index, column in enumerate(columns) if column not in {anchor.column for anchor in used}]
    fixed = [columns.index(anchor.column) for anchor in used]

    def solution(power_w: Floats, anchored: Floats) -> Floats:
        found = np.zeros(len(columns))
        found[fixed] = anchored
        found[free] = _non_negative(matrix[:, free] / power[:, None], (power_w - matrix[:, fixed] @ anchored) / power)
        return found

    given, sigmas = np.array([a.value for a in used]), np.array([a.sigma for a in used])
    best = solution(power, given)
    errors = matrix @ best / power - 1
    spare = len(loads) - len(free)
    deviation = float(np.sqrt(np.sum(errors**2) / spare)) if spare else 0.0
    rng, sigma = np.random.default_rng(_SEED), max(READING, deviation)
    draws = [
        solution(power * (1 + sigma * rng.normal(size=len(power))), given + sigmas * rng.normal(size=len(given)))
        for _ in range(DRAWS)
    ]
    low, high = np.quantile(draws, [_TAIL, 1 - _TAIL], axis=0)
    low, high = np.minimum(low, best), np.maximum(high, best)
    values = {name: (float(best[i]), float(low[i]), float(high[i])) for i, name in enumerate(columns)}
    return Energies(values, tuple(used), deviation)


def _non_negative(matrix: Floats, target: Floats) -> Floats:
    """Least squares with columns scaled alike: an action may happen 10^15 times a second."""
    from scipy.optimize import nnls

    scale = np.linalg.norm(matrix, axis=0)
    return np.asarray(nnls(matrix / scale, target)[0] / scale)


def _anchors_needed(matrix: Floats, columns: Sequence[str], anchors: Iterable[Anchor], known: Iterable[Anchor]) -> list[Anchor]:
    used = [anchor for anchor in known if anchor.column in columns]
    for anchor in anchors:
        entangled = _entangled(matrix, columns, used)
        if not entangled:
            break
        if anchor.column in entangled:
            used.append(anchor)
    left = _entangled(matrix, columns, used)
    if left:
        raise EntangledError(f"{len(matrix)} loads do not tell apart {', '.join(left)}")
    return used


def _entangled(matrix: Floats, columns: Sequence[str], used: Sequence[Anchor]) -> list[str]:
    """The columns that a change of others can make up for."""
    known = {anchor.column for anchor in used}
    free = [index for index, column in enumerate(columns) if column not in known]
    scaled = matrix[:, free] / np.linalg.norm(matrix[:, free], axis=0)
    _, sizes, directions = np.linalg.svd(scaled, full_matrices=True)
    rank = int(np.sum(sizes > _NEGLIGIBLE * sizes[0])) if len(sizes) else 0
    reach = np.abs(directions[rank:]).max(axis=0, initial=0.0)
    return [columns[index] for index, part in zip(free, reach, strict=True) if part > _NEGLIGIBLE]


def solved(loads: Sequence[Load], what: str, anchors: Iterable[Anchor] = (), known: Iterable[Anchor] = ()) -> Energies | Missing:
    """The energies, or why the loads do not tell them."""
    if not loads:
        return Missing(what, "no such load")
    try:
        return solve(loads, anchors, known)
    except EntangledError as error:
        return Missing(what, str(error))


def static_power(found: Energies, points: int, source: str) -> Reading:
    """Static power as a reading; its note says whether the loads told it."""
    value, low, high = found.values[STATIC]
    anchor = next((anchor for anchor in found.anchored if anchor.column == STATIC), None)
    return Reading(
        path="power.static_w",
        value=value,
        low=low,
        high=high,
        unit="W",
        points=points,
        source=source,
        kind=Kind.FITTED,
        note=anchor.source if anchor else f"loads deviate by {found.deviation:.1%}",
    )


def energies(found: Energies, loads: Sequence[Load], section: str, source: str) -> Iterator[Reading]:
    """The energies that were solved for, as readings of a section."""
    given = {STATIC, *(anchor.column for anchor in found.anchored)}
    for column, (value, low, high) in found.values.items():
        if column not in given:
            yield Reading(
                path=f"{section}.{column}",
                value=value,
                low=low,
                high=high,
                unit=_unit(column),
                points=sum(column in load.rates for load in loads),
                source=source,
                kind=Kind.FITTED,
                note=f"loads deviate by {found.deviation:.1%}",
            )


def _unit(column: str) -> str:
    if column.endswith("_byte"):
        return "pJ/B"
    return "pJ/MAC" if "mac_" in column else "pJ/result"


def left_out(model: str, loads: Sequence[Load], anchors: Sequence[Anchor]) -> Iterator[Finding]:
    """The error of the power of loads whose group the energies never saw; groups that alone show an action are not scored."""
    errors, groups = [], 0
    for group in dict.fromkeys(load.group for load in loads):
        others = [load for load in loads if load.group != group]
        seen = {action for load in others for action in load.rates}
        scored = [load for load in loads if load.group == group and seen.issuperset(load.rates)]
        try:
            energies = solve(others, anchors) if scored else None
        except EntangledError:
            energies = None
        if energies is not None:
            errors += [energies.power_w(load.rates) / load.power_w - 1 for load in scored]
            groups += 1
    if errors:
        yield from held_out(model, errors, groups, _noise(loads))
    else:
        yield Missing(f"held-out error of {model}", "every load is the only one of its action")


def _noise(loads: Sequence[Load]) -> float | None:
    """Relative spread of the powers of one group; None where no load was repeated."""
    groups: dict[Hashable, list[float]] = {}
    for load in loads:
        groups.setdefault(load.group, []).append(load.power_w)
    spreads = [abs(power / np.median(powers) - 1) for powers in groups.values() if len(powers) > 1 for power in powers]
    return MAD_TO_SIGMA * float(np.median(spreads)) if spreads else None
