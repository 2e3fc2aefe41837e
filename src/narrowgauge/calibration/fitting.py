"""From measured rows to a fit: physics first, then the residual, both judged on groups of shapes that they never saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from narrowgauge.calibration import residual as learned
from narrowgauge.calibration.intervals import Intervals, bucket_keys
from narrowgauge.calibration.physics import fit_parameters
from narrowgauge.calibration.record import FittedValue, LibraryFit, PrecisionFit, Residual
from narrowgauge.dataflows.family import Columns, KernelFamily, Variant
from narrowgauge.dataflows.resources import GpuResources

Floats = npt.NDArray[np.float64]

FOLDS = 5
MINIMUM_ROWS = 40  # of one library and precision; fewer cannot be split into folds of shapes
CONFIDENCE = 1.645  # two-sided 90 % of a normal distribution
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """Rows of one library: columns of the family, latency in us, the fold of shapes that each row belongs to, and the step in
    which the latency was recorded (0: continuous)."""

    columns: Columns
    latency_us: Floats
    fold: npt.NDArray[np.int64]
    resolution_us: float = 0.0

    def all(self) -> tuple[Columns, Floats, float]:
        """Columns, latencies and resolution of all rows."""
        return self.columns, self.latency_us, self.resolution_us

    def take(self, chosen: npt.NDArray[np.bool_]) -> tuple[dict[str, npt.NDArray[np.float64]], Floats, float]:
        """Columns, latencies and resolution of the chosen rows."""
        return {name: column[chosen] for name, column in self.columns.items()}, self.latency_us[chosen], self.resolution_us


@dataclass(frozen=True)
class HeldOut:
    """Predictions of rows by models that saw neither them nor any other row of their shape group."""

    measured_us: Floats
    physics_us: Floats
    residual_us: Floats
    size_class: npt.NDArray[np.int64]
    fold: npt.NDArray[np.int64]


def _hashed(columns: list[npt.NDArray[Any]]) -> npt.NDArray[np.uint64]:
    mixed = np.zeros(len(columns[0]), np.uint64)
    with np.errstate(over="ignore"):
        for column in columns:
            mixed = (mixed ^ np.asarray(column, np.int64).astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
    return mixed


def folds_of(family: KernelFamily, columns: Columns) -> npt.NDArray[np.int64]:
    """Fold of each row. Rows that agree in the family's group columns share a fold in every run; the groups are dealt out
    evenly in the order of their hash. Where there are fewer groups than folds (one width was measured), octaves of the other
    columns are left out together instead."""
    hashes = _hashed([columns[c] for c in family.group])
    distinct = np.unique(hashes)
    if len(distinct) < FOLDS:
        hashes = _hashed([np.floor(np.log2(1 + np.abs(columns[c]))) for c in family.columns])
        distinct = np.unique(hashes)
    return np.asarray(np.searchsorted(distinct, hashes) % FOLDS, np.int64)


def fit_precision(
    family: KernelFamily,
    precision: str,
    gpu: GpuResources,
    data: Mapping[str, Measured],
    progress: Progress = lambda _: None,
    start: Mapping[str, Mapping[str, float]] | None = None,
) -> tuple[PrecisionFit, dict[str, HeldOut]]:
    """Fit every library of one precision. Physics that `start` gives is taken as it is and only refitted to the folds. Returns
    the fit and the held-out predictions that its errors and intervals come from."""
    fits: dict[str, LibraryFit] = {}
    held_out: dict[str, HeldOut] = {}
    for library, rows in data.items():
        variant = Variant(precision, library)
        progress(f"{family.name} {variant}: {len(rows.latency_us)} rows")
        known = (start or {}).get(library)
        final = dict(known) if known else fit_parameters(family, variant, gpu, *rows.all())
        folded = [fit_parameters(family, variant, gpu, *rows.take(rows.fold != fold), start=final) for fold in range(FOLDS)]
        held = _held_out(family, variant, gpu, rows, folded)
        x, us, names = _priced(family, variant, gpu, rows, final)
        error = np.log(rows.latency_us / us)
        residual = Residual(names, learned.bound_of(error), learned.train(x, error))
        held_out[library] = held
        fits[library] = _library_fit(family, variant, gpu, rows, final, folded, held, residual)
    return PrecisionFit(fits), held_out


def _held_out(
    family: KernelFamily, variant: Variant, gpu: GpuResources, rows: Measured, folded: list[dict[str, float]]
) -> HeldOut:
    """Every row predicted by the physics and the residual of the other folds."""
    physics, correction = np.empty(len(rows.latency_us)), np.zeros(len(rows.latency_us))
    for fold, params in enumerate(folded):
        test = rows.fold == fold
        if not test.any():
            continue
        x, us, _ = _priced(family, variant, gpu, rows, params)
        error = np.log(rows.latency_us / us)
        bound = learned.bound_of(error[~test])
        physics[test] = us[test]
        correction[test] = np.clip(learned.train(x[~test], error[~test]).predict(x[test]), -bound, bound)
    return HeldOut(rows.latency_us, physics, physics * np.exp(correction), family.size_class(rows.columns), rows.fold)


def _priced(
    family: KernelFamily, variant: Variant, gpu: GpuResources, rows: Measured, params: Mapping[str, float]
) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Feature matrix and physics latency of all rows, and the names of the features."""
    cost = family.cost(rows.columns, variant, gpu, params)
    features = family.features(rows.columns, variant, gpu, cost)
    return learned.table(features), cost.latency_us, tuple(features)


def mape(predicted: Floats, measured: Floats) -> float:
    """Mean absolute percentage error, as a fraction."""
    return float(np.mean(np.abs(predicted / measured - 1.0)))


def _library_fit(
    family: KernelFamily,
    variant: Variant,
    gpu: GpuResources,
    rows: Measured,
    final: Mapping[str, float],
    folded: list[dict[str, float]],
    held: HeldOut,
    residual: Residual,
) -> LibraryFit:
    parameters = {}
    for p in family.parameters(variant, gpu):
        left_out = np.array([f[p.name] for f in folded])
        spread = CONFIDENCE * np.sqrt((FOLDS - 1) / FOLDS * np.sum((left_out - left_out.mean()) ** 2))
        value = final[p.name]
        parameters[p.name] = FittedValue(value, max(p.low, value - spread), min(p.high, value + spread), p.unit)
    errors = {
        "physics": np.log(held.measured_us / held.physics_us),
        "residual": np.log(held.measured_us / held.residual_us),
    }
    return LibraryFit(
        rows=len(rows.latency_us),
        parameters=parameters,
        valid_range={name: (float(column.min()), float(column.max())) for name, column in rows.columns.items()},
        held_out={
            "physics_mape": mape(held.physics_us, held.measured_us),
            "residual_mape": mape(held.residual_us, held.measured_us),
        },
        physics_intervals=Intervals.from_folds(bucket_keys(held.size_class, held.physics_us), errors["physics"], held.fold),
        residual_intervals=Intervals.from_folds(bucket_keys(held.size_class, held.residual_us), errors["residual"], held.fold),
        residual=residual,
    )
