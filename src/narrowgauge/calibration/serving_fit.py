"""Fits what a framework adds to its kernels from times of whole models, and judges the fit on models left out.

A few numbers (see `serving`), none of them negative, by least squares on logarithms with a loss that forgives outliers. Each
model in turn is left out with all its rows: the spread of the numbers is their interval, the errors of the rows left out are
the held-out error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from narrowgauge.calibration.record import FittedValue
from narrowgauge.calibration.serving import GAP, LOGIT, NS_PER_US, PREFILL_GAP, PREFILL_SHARE, STEP, StepCost
from narrowgauge.errors import InputError
from narrowgauge.provenance import Source

Floats = npt.NDArray[np.float64]

#: where the search starts, and in which unit
PARAMETERS = {
    PREFILL_GAP: (5.0, "us"),
    PREFILL_SHARE: (0.05, "ratio"),
    STEP: (500.0, "us"),
    GAP: (1.0, "us"),
    LOGIT: (0.05, "ns"),
}
FORGIVING = 0.1  # relative error from which on a row counts less than its square
CONFIDENCE = 1.645  # two-sided 90 % of a normal distribution
TAIL = 0.05
FEWEST_MODELS = 3


@dataclass(frozen=True)
class Sample:
    """One measured run: its time, the time and number of the kernels of its prefill passes and of its decode passes, and the
    logits and passes in all."""

    model: str
    measured_us: float
    prefill_us: float
    decode_us: float
    prefill_kernels: int
    decode_kernels: int
    passes: int
    logits: int

    @property
    def kernels_us(self) -> float:
        """Time of all kernels."""
        return self.prefill_us + self.decode_us

    def count(self, parameter: str) -> float:
        """Microseconds that one unit of the parameter adds to the run."""
        return {
            PREFILL_GAP: self.prefill_kernels,
            PREFILL_SHARE: self.prefill_us,
            STEP: self.passes,
            GAP: self.decode_kernels,
            LOGIT: self.logits / NS_PER_US,
        }[parameter]


def _solve(measured: Floats, kernels: Floats, counts: Floats, start: Floats) -> Floats:
    from scipy.optimize import least_squares

    def errors(roots: Any) -> Any:
        return np.log((kernels + counts @ roots**2) / measured)

    found = least_squares(errors, np.sqrt(start), loss="soft_l1", f_scale=FORGIVING, x_scale=np.sqrt(start))
    return np.asarray(found.x**2, float)


def fit_step_cost(
    framework: str, version: str, sources: tuple[Source, ...], samples: Sequence[Sample], names: Sequence[str]
) -> StepCost:
    """The parameters `names` with their held-out error; raises InputError for fewer than three models."""
    models = sorted({sample.model for sample in samples})
    if len(models) < FEWEST_MODELS:
        raise InputError(f"{framework}: whole-model rows of {len(models)} models, needs {FEWEST_MODELS} to leave one out")
    measured = np.array([sample.measured_us for sample in samples])
    kernels = np.array([sample.kernels_us for sample in samples])
    counts = np.array([[sample.count(name) for name in names] for sample in samples], float)
    start = np.array([PARAMETERS[name][0] for name in names])
    values = _solve(measured, kernels, counts, start)
    belongs = np.array([models.index(sample.model) for sample in samples])
    without = []
    held_out = np.empty(len(samples))
    for index in range(len(models)):
        left, kept = belongs == index, belongs != index
        partial = _solve(measured[kept], kernels[kept], counts[kept], start)
        without.append(partial)
        held_out[left] = np.log(measured[left] / (kernels[left] + counts[left] @ partial))
    spread = CONFIDENCE * np.std(without, axis=0) * np.sqrt(len(models) - 1)  # jackknife
    first = np.array([sample.decode_us == 0 for sample in samples])
    relative = np.abs(np.expm1(-held_out))
    return StepCost(
        framework=framework,
        version=version,
        sources=sources,
        rows=len(samples),
        parameters={
            name: FittedValue(float(v), float(max(v - s, 0.0)), float(v + s), PARAMETERS[name][1])
            for name, v, s in zip(names, values, spread, strict=True)
        },
        held_out={
            "mape": float(relative.mean()),
            "mape_first_token": float(relative[first].mean()) if first.any() else 0.0,
            "mape_whole_run": float(relative[~first].mean()) if (~first).any() else 0.0,
            "median": float(np.median(relative)),
            "bias": float(np.mean(np.expm1(-held_out))),
            "kernels_alone": float(np.mean(np.abs(kernels / measured - 1))),
        },
        interval=(float(np.quantile(held_out, TAIL)), float(np.quantile(held_out, 1 - TAIL))),
    )
