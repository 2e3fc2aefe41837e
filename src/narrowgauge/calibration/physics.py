"""Robust least squares of a kernel family's parameters: soft-L1 on the logarithm of predicted over measured latency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from narrowgauge.dataflows.family import Columns, KernelFamily, Parameter, Variant
from narrowgauge.dataflows.resources import GpuResources

Floats = npt.NDArray[np.float64]

SAMPLE_ROWS = 5000  # more do not move the parameters within their intervals
STARTS = 6
SCALE = 0.05  # errors well above 5 % count linearly: library quirks must not bend the physics
STEP = 1e-2  # of the search space, for the numeric Jacobian: the closed forms have small jumps (ceil, best tile)
EDGE = 0.02  # how close to the end of its range a start may lie


def _to_unit(parameter: Parameter, value: float) -> float:
    low, high, value = (np.log(v) if parameter.log else v for v in (parameter.low, parameter.high, value))
    return float(np.clip((value - low) / (high - low), EDGE, 1 - EDGE))


def _from_unit(parameter: Parameter, unit: float) -> float:
    if parameter.log:
        return float(np.exp(np.log(parameter.low) + unit * np.log(parameter.high / parameter.low)))
    return float(parameter.low + unit * (parameter.high - parameter.low))


def _named(parameters: Sequence[Parameter], z: Floats) -> dict[str, float]:
    units = 0.5 * (1.0 + np.tanh(z / 2.0))
    return {p.name: _from_unit(p, u) for p, u in zip(parameters, units, strict=True)}


def fit_parameters(
    family: KernelFamily,
    variant: Variant,
    gpu: GpuResources,
    rows: Columns,
    measured_us: Floats,
    resolution_us: float = 0.0,
    start: Mapping[str, float] | None = None,
    starts: int = STARTS,
    seed: int = 0,
) -> dict[str, float]:
    """Parameters that minimise the robust error. Rows count less where the `resolution_us` of the measurement is coarse.
    `start` continues from known values; otherwise several random starts compete."""
    from scipy.optimize import least_squares

    parameters = family.parameters(variant, gpu)
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(measured_us))[:SAMPLE_ROWS]
    sample = {name: column[chosen] for name, column in rows.items()}
    target = np.log(measured_us[chosen])
    rounding = resolution_us / np.sqrt(12.0) / measured_us[chosen]  # standard deviation of a uniform rounding error
    weight = 1.0 / np.sqrt(1.0 + (rounding / SCALE) ** 2)

    def errors(z: Floats) -> Floats:
        predicted = family.cost(sample, variant, gpu, _named(parameters, z)).latency_us
        return np.asarray((np.log(predicted) - target) * weight)

    first = np.array([_to_unit(p, (start or {}).get(p.name, p.initial)) for p in parameters])
    best_cost, best = np.inf, first
    for attempt in range(1 if start else starts):
        unit = first if attempt == 0 else np.clip(first + rng.normal(0, 0.15, len(first)), EDGE, 1 - EDGE)
        z0 = np.log(unit / (1 - unit))
        found = least_squares(errors, z0, loss="soft_l1", f_scale=SCALE, diff_step=np.full(len(z0), STEP), max_nfev=60)
        cost = float(np.mean(np.abs(errors(found.x))))
        if cost < best_cost:
            best_cost, best = cost, found.x
    return _named(parameters, best)
