"""The general form of bit allocation: minimise the sum of losses over one choice per item, under budgets.

    minimise   Σ loss[i, o] · x[i, o]            x[i, o] ∈ {0, 1}, one option o per item i
    subject to Σ cost[i, o] · x[i, o] ≤ limit    for each budget
               x[i, ·] = x[j, ·]                 for tied items
               Σ_i x[i, o] ≥ least[o]            where an option must be used

Solved exactly by branch and bound (HiGHS through scipy.optimize.milp, gap zero).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from narrowgauge.errors import CapacityError, InputError, nearest
from narrowgauge.errors import Problem as Fault

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Budget:
    """At most `limit` of something: `costs` has the shape (items, options), `fixed` is spent whatever is chosen."""

    name: str
    unit: str
    costs: Floats
    limit: float
    fixed: float = 0.0

    def spent(self, chosen: npt.NDArray[np.int64]) -> float:
        """What a choice (an option's index per item) costs."""
        return self.fixed + float(self.costs[np.arange(len(chosen)), chosen].sum())


@dataclass(frozen=True)
class Problem:
    """What to choose. `losses` has the shape (items, options); infinity forbids an option. `ties` are groups of item indices;
    `least` asks for a number of items with an option. Raises InputError for shapes, names and indices that do not fit."""

    items: tuple[str, ...]
    options: tuple[str, ...]
    losses: Floats
    budgets: tuple[Budget, ...] = ()
    ties: tuple[tuple[int, ...], ...] = ()
    least: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = (len(self.items), len(self.options))
        tables = (("losses", self.losses), *((f"budget {b.name}", b.costs) for b in self.budgets))
        faults = [Fault(name, f"has the shape {t.shape}, allowed: {shape}") for name, t in tables if t.shape != shape]
        faults += [Fault(name, "holds what is not a number") for name, t in tables if np.isnan(t).any()]
        unknown = [option for option in self.least if option not in self.options]
        faults += [Fault("least", f"unknown option '{option}', {nearest(option, self.options)}") for option in unknown]
        faults += [Fault("ties", f"no item {i}") for tie in self.ties for i in tie if not 0 <= i < shape[0]]
        if faults:
            raise InputError(faults)


@dataclass(frozen=True)
class Choice:
    """The optimum: the option of each item, the summed loss, and what each budget spends."""

    chosen: tuple[str, ...]
    loss: float
    spent: Mapping[str, float]


def choose(problem: Problem) -> Choice:
    """The choice of least loss; raises CapacityError that says which budget is too small, by how much, and what would do."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    items, options = problem.losses.shape
    allowed = np.isfinite(problem.losses)
    scale = float(np.abs(problem.losses[allowed]).max(initial=0.0)) or 1.0
    objective = np.where(allowed, problem.losses, 0.0).ravel() / scale
    constraints = [LinearConstraint(rows, low, high) for rows, low, high in _constraints(problem)]
    solved = milp(
        objective,
        constraints=constraints,
        integrality=np.ones(items * options, np.int64),
        bounds=Bounds(0, allowed.ravel().astype(float)),
        options={"mip_rel_gap": 0.0},
    )
    if solved.x is None:
        raise CapacityError(_explanation(problem))
    chosen = solved.x.reshape(items, options).argmax(axis=1)
    names = tuple(problem.options[o] for o in chosen)
    loss = float(problem.losses[np.arange(items), chosen].sum())
    return Choice(names, loss, {budget.name: budget.spent(chosen) for budget in problem.budgets})


def choose_each(problem: Problem, budget: str, limits: Iterable[float]) -> list[Choice]:
    """The choices at several limits of one budget: the front between it and the loss. Limits that cannot be kept are left out."""
    found: list[Choice] = []
    for limit in limits:
        budgets = tuple(replace(b, limit=limit) if b.name == budget else b for b in problem.budgets)
        try:
            found.append(choose(replace(problem, budgets=budgets)))
        except CapacityError:
            continue
    return found


Rows = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]


def _constraints(problem: Problem) -> list[Rows]:
    items, options = problem.losses.shape
    unbounded = -np.inf
    one = np.kron(np.eye(items), np.ones(options))
    found: list[Rows] = [(one, np.ones(items), np.ones(items))]
    for budget in problem.budgets:
        size = float(np.abs(budget.costs).max()) or 1.0
        found.append(
            (budget.costs.reshape(1, -1) / size, np.array([unbounded]), np.array([(budget.limit - budget.fixed) / size]))
        )
    for tie in problem.ties:
        for other in tie[1:]:
            rows = np.zeros((options, items, options))
            rows[range(options), tie[0], range(options)] = 1.0
            rows[range(options), other, range(options)] = -1.0
            found.append((rows.reshape(options, -1), np.zeros(options), np.zeros(options)))
    for option, count in problem.least.items():
        used = np.zeros((items, options))
        used[:, problem.options.index(option)] = 1.0
        found.append((used.reshape(1, -1), np.array([float(count)]), np.array([np.inf])))
    return found


def _explanation(problem: Problem) -> str:
    """For each budget: the least that it can be with the other conditions, apart from the other budgets."""
    lines: list[str] = []
    for budget in problem.budgets:
        try:
            least = budget.fixed + choose(replace(problem, losses=_with_forbidden(problem, budget.costs), budgets=())).loss
        except CapacityError:
            return "no choice meets the ties and the numbers of items asked for, whatever the budgets"
        if least > budget.limit:
            lines.append(
                f"{budget.name}: at least {least:.6g} {budget.unit} are needed, the budget is {budget.limit:.6g}, "
                f"{least - budget.limit:.3g} are missing; a budget of {least:.6g} or options that cost less would do"
            )
    together = ", ".join(f"{b.name} ≤ {b.limit:.6g} {b.unit}" for b in problem.budgets)
    return "\n".join(lines) or f"each budget alone can be kept, not all together: {together}"


def _with_forbidden(problem: Problem, costs: Floats) -> Floats:
    made: Floats = np.where(np.isfinite(problem.losses), costs, np.inf)
    return made
