"""The exact model: an integer program over time steps (after COSMA, arXiv 2311.18246; solved by HiGHS).

For tensors v, operators o, steps t, all variables 0 or 1:

    x[o,t]  o runs at t                       Σ_t x[o,t] = 1,  Σ_o x[o,t] = 1
    r[v,t]  v is on chip while t runs         Σ_v size[v] · r[v,t] ≤ capacity
    l[v,t]  v is read before t                l[v,t] ≤ d[v,t]
    w[v,t]  v is written after t              w[v,t] ≤ r[v,t]
    d[v,t]  v is off chip before t            d[v,t] = input[v] + Σ_{s<t} w[v,s]     (written at most once)

    x[o,t] ≤ r[v,t] for its operands;  r[v,t] ≤ r[v,t−1] + l[v,t] + x[maker(v),t];  Σ_t w[v,t] = 1 for results
    minimise Σ size[v] · (l[v,t] + w[v,t])

With a fixed order, x is given and the same program decides replacement alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from narrowgauge.dataflows.residency.graph import TensorGraph
from narrowgauge.dataflows.residency.plan import Plan, Step
from narrowgauge.errors import UnsupportedError

OPTIMAL, LIMITED = 0, 1  # status of scipy.optimize.milp
EXISTS = 0.5  # of a variable that is 0 or 1 up to the solver's tolerance


class _Rows:
    """Linear rows as they come, for a sparse matrix."""

    def __init__(self) -> None:
        self.data: list[tuple[int, int, float]] = []
        self.low: list[float] = []
        self.high: list[float] = []

    def add(self, terms: list[tuple[int, float]], low: float, high: float) -> None:
        self.data += [(len(self.low), column, value) for column, value in terms]
        self.low.append(low)
        self.high.append(high)


class _Columns:
    """Where each variable stands."""

    def __init__(self, graph: TensorGraph) -> None:
        self.names = [t.name for t in graph.tensors if t.name in graph.makers or graph.takers[t.name]]
        self.steps = len(graph.operators)
        self.operators = len(graph.operators)
        self._of_tensor = {name: i for i, name in enumerate(self.names)}
        self.block = len(self.names) * self.steps
        self.count = self.operators * self.steps + 3 * self.block

    def x(self, operator: int, step: int) -> int:
        return operator * self.steps + step

    def _tensor(self, block: int, name: str, step: int) -> int:
        return self.operators * self.steps + block * self.block + self._of_tensor[name] * self.steps + step

    def r(self, name: str, step: int) -> int:
        return self._tensor(0, name, step)

    def l(self, name: str, step: int) -> int:  # noqa: E743
        return self._tensor(1, name, step)

    def w(self, name: str, step: int) -> int:
        return self._tensor(2, name, step)


def solve(
    graph: TensorGraph, capacity_bytes: int, order: Sequence[int] | None = None, limit_s: float | None = None
) -> Plan | None:
    """The plan of fewest bytes, over all orders or for a given one; None if the time limit came before the proof.

    Raises UnsupportedError if the program has no solution, which a capacity of the largest working set excludes."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    at, rows = _Columns(graph), _Rows()
    for step in range(at.steps):
        _step_rows(graph, capacity_bytes, at, rows, step)
    for operator in range(at.operators):
        rows.add([(at.x(operator, t), 1.0) for t in range(at.steps)], 1, 1)
    for name in at.names:
        once = 1.0 if name in graph.results else 0.0
        rows.add([(at.w(name, t), 1.0) for t in range(at.steps)], once, 1)
    low, high = np.zeros(at.count), np.ones(at.count)
    if order is not None:
        high[: at.operators * at.steps] = 0.0
        given = [at.x(operator, step) for step, operator in enumerate(order)]
        low[given] = high[given] = 1.0
    row, column, value = (np.array(part) for part in zip(*rows.data, strict=True))
    matrix = coo_array((value, (row, column)), shape=(len(rows.low), at.count)).tocsr()
    solved = milp(
        _objective(graph, at),
        constraints=LinearConstraint(matrix, rows.low, rows.high),
        integrality=np.ones(at.count, np.int64),
        bounds=Bounds(low, high),
        options={"mip_rel_gap": 0.0, "time_limit": np.inf if limit_s is None else limit_s},
    )
    if solved.status == OPTIMAL:
        return _plan(graph, capacity_bytes, at, np.asarray(solved.x) > EXISTS, order is None)
    if solved.status == LIMITED:
        return None
    raise UnsupportedError(f"no plan within {capacity_bytes} bytes: {solved.message}")


def _objective(graph: TensorGraph, at: _Columns) -> npt.NDArray[np.float64]:
    weights = np.zeros(at.count)
    unit = max(graph.size_bytes.values())
    for name in at.names:
        for step in range(at.steps):
            weights[at.l(name, step)] = weights[at.w(name, step)] = graph.size_bytes[name] / unit
    return weights


def _step_rows(graph: TensorGraph, capacity_bytes: int, at: _Columns, rows: _Rows, t: int) -> None:
    """What holds at one step."""
    rows.add([(at.x(o, t), 1.0) for o in range(at.operators)], 1, 1)
    rows.add([(at.r(v, t), graph.size_bytes[v] / capacity_bytes) for v in at.names], 0, 1)
    for o in range(at.operators):
        for v in graph.working_set(o):
            rows.add([(at.x(o, t), 1.0), (at.r(v, t), -1.0)], -np.inf, 0)
        for v in graph.operators[o].inputs:
            if v in graph.makers:
                made = [(at.x(graph.makers[v], s), -1.0) for s in range(t)]
                rows.add([(at.x(o, t), 1.0), *made], -np.inf, 0)
    for v in at.names:
        known = 0.0 if v in graph.makers else 1.0
        rows.add([(at.l(v, t), 1.0), *((at.w(v, s), -1.0) for s in range(t))], -np.inf, known)
        rows.add([(at.w(v, t), 1.0), (at.r(v, t), -1.0)], -np.inf, 0)
        kept = [(at.r(v, t), 1.0), (at.l(v, t), -1.0)]
        if t:
            kept.append((at.r(v, t - 1), -1.0))
        if v in graph.makers:
            kept.append((at.x(graph.makers[v], t), -1.0))
        rows.add(kept, -np.inf, 0)


def _plan(graph: TensorGraph, capacity_bytes: int, at: _Columns, on: npt.NDArray[np.bool_], exact: bool) -> Plan:
    steps: list[Step] = []
    for t in range(at.steps):
        (operator,) = (o for o in range(at.operators) if on[at.x(o, t)])
        resident = frozenset(v for v in at.names if on[at.r(v, t)])
        reads, writes = (tuple(v for v in at.names if on[column(v, t)]) for column in (at.l, at.w))
        steps.append(Step(operator, reads, resident, writes))
    return Plan(graph, capacity_bytes, tuple(steps), exact)
