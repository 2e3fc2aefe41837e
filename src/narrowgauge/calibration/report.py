"""The table of errors: every figure on rows whose shape group the model never saw, next to a roofline and to the noise of
measuring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from narrowgauge.archmodels import load_gpu
from narrowgauge.calibration.fitting import FOLDS, HeldOut, Measured, mape
from narrowgauge.calibration.intervals import Intervals, bucket_keys
from narrowgauge.dataflows.catalogue import FAMILIES
from narrowgauge.dataflows.family import Variant

if TYPE_CHECKING:
    import pandas as pd

#: shortest latency that is scored in percent: A100 low-bit rows are multiples of 1.024 us, elementwise rows of 1 us
SHORTEST_US: Mapping[tuple[str, str], float] = {
    ("gemm", "w4a16"): 20.0,
    ("gemm", "w8a16"): 20.0,
    ("gemm", "w8a8-int8"): 20.0,
    ("attention-prefill", ""): 10.0,
    ("attention-decode", ""): 10.0,
    ("elementwise", ""): 20.0,
}
#: what the project promises of each set: physics alone, and with the residual
BOUNDS: Mapping[tuple[str, str, str], tuple[float, float]] = {
    ("a100-sxm-80gb", "gemm", "bf16"): (0.07, 0.043),
    ("h100-sxm", "gemm", "bf16"): (0.065, 0.03),
    ("h100-sxm", "gemm", "fp8-dynamic"): (0.12, 0.05),
    ("h100-sxm", "gemm", "fp8-block128"): (0.12, 0.05),
    ("a100-sxm-80gb", "gemm", "w4a16"): (0.11, 0.065),
    ("a100-sxm-80gb", "gemm", "w8a16"): (0.11, 0.065),
    ("a100-sxm-80gb", "gemm", "w8a8-int8"): (0.11, 0.065),
    ("", "attention-prefill", ""): (0.15, 0.07),
    ("", "attention-decode", ""): (0.15, 0.07),
    ("", "elementwise", ""): (0.15, 0.08),
}


def shortest_us(family: str, precision: str) -> float:
    """Latency below which rows of the set are not scored."""
    return SHORTEST_US.get((family, precision), SHORTEST_US.get((family, ""), 0.0))


def bounds(machine: str, family: str, precision: str) -> tuple[float, float] | None:
    """Promised errors of a set, if any are."""
    return BOUNDS.get((machine, family, precision), BOUNDS.get(("", family, "")))


def coverage(measured_us: Any, predicted_us: Any, size_class: Any, fold: Any) -> Any:
    """Whether each row lies in the interval that the other folds' errors give it."""
    keys, errors = bucket_keys(size_class, predicted_us), np.log(measured_us / predicted_us)
    inside = np.zeros(len(errors), bool)
    for test in (fold == f for f in range(FOLDS)):
        if test.any() and not test.all():
            others = Intervals.from_folds(keys[~test], errors[~test], fold[~test])
            low, high = others.around(predicted_us[test], keys[test])
            inside[test] = (measured_us[test] >= low) & (measured_us[test] <= high)
    return inside


def noise_floor(libraries: Mapping[str, Measured]) -> float:
    """Mean absolute deviation between the libraries on the shapes that they share: what a prediction for one from another's
    measurement would miss. Not a number where only one library was measured."""
    by_shape: dict[tuple[float, ...], list[float]] = {}
    for rows in libraries.values():
        for shape, us in zip(zip(*rows.columns.values(), strict=True), rows.latency_us, strict=True):
            by_shape.setdefault(shape, []).append(us)
    ratios = [abs(values[1] / values[0] - 1.0) for values in by_shape.values() if len(values) > 1]
    return float(np.mean(ratios)) if ratios else float("nan")


def _row(name: tuple[str, str, str, str], scored: Any, held: HeldOut, inside: Any, roofline_us: Any) -> dict[str, Any]:
    machine, family, precision, library = name
    measured = held.measured_us[scored]
    return {
        "machine": machine,
        "family": family,
        "precision": precision,
        "library": library,
        "rows": int(scored.sum()),
        "roofline": mape(roofline_us[scored], measured),
        "physics": mape(held.physics_us[scored], measured),
        "with_residual": mape(held.residual_us[scored], measured),
        "coverage": float(inside[scored].mean()),
    }


def _joined(parts: list[HeldOut]) -> HeldOut:
    columns = ("measured_us", "physics_us", "residual_us", "size_class", "fold")
    return HeldOut(*(np.concatenate([getattr(p, c) for p in parts]) for c in columns))


def table(results: Iterable[tuple[str, str, str, Mapping[str, Measured], Mapping[str, HeldOut]]]) -> pd.DataFrame:
    """One row per library and one ("all") per precision; errors are fractions, `ok` says whether the promise is kept."""
    import pandas as pd

    rows = []
    for machine, family, precision, libraries, held in results:
        gpu = load_gpu(machine).resources
        shortest = shortest_us(family, precision)
        parts: list[tuple[HeldOut, Any, Any]] = []
        for library, one in held.items():
            data = libraries[library]
            roofline = FAMILIES[family].roofline_us(data.columns, Variant(precision, library), gpu)
            inside = coverage(one.measured_us, one.residual_us, one.size_class, data.fold)
            parts.append((one, inside, roofline))
            scored = one.measured_us > shortest
            if scored.any():
                rows.append(_row((machine, family, precision, library), scored, one, inside, roofline))
        whole = _joined([p[0] for p in parts])
        inside, roofline = np.concatenate([p[1] for p in parts]), np.concatenate([p[2] for p in parts])
        scored = whole.measured_us > shortest
        if not scored.any():
            continue
        total = _row((machine, family, precision, "all"), scored, whole, inside, roofline)
        promised = bounds(machine, family, precision)
        total["noise"] = noise_floor(libraries)
        if promised is not None:
            total |= {"physics_bound": promised[0], "residual_bound": promised[1]}
            total["ok"] = total["physics"] <= promised[0] and total["with_residual"] <= promised[1]
        for size in np.unique(whole.size_class[scored]):
            total[f"coverage_{size}"] = float(inside[scored & (whole.size_class == size)].mean())
        rows.append(total)
    return pd.DataFrame(rows)
