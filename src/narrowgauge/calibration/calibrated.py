"""Pricing of kernels on a calibrated machine: physics, residual, interval, energy, and where each number comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from narrowgauge.archmodels import Machine, MachineRows, energy_mj, power_w
from narrowgauge.calibration import residual as learned
from narrowgauge.calibration.basis import Basis, Relation, basis_of
from narrowgauge.calibration.intervals import bucket_keys
from narrowgauge.calibration.transfer import log_interval
from narrowgauge.dataflows.catalogue import FAMILIES
from narrowgauge.dataflows.family import KernelCost, KernelFamily, Variant

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Priced:
    """Columns of prices, one entry per row; the interval is the nominal 90 % one. `cost` holds the physics' own account."""

    latency_us: Array
    latency_us_low: Array
    latency_us_high: Array
    energy_mj: Array
    power_w: Array
    bound_by: Array
    source: Array
    cost: KernelCost


def _inside(basis: Basis, columns: Mapping[str, Array]) -> Array:
    inside = np.ones(len(next(iter(columns.values()))), bool)
    if basis.fit is not None:
        for name, (low, high) in basis.fit.valid_range.items():
            if name in columns:
                inside &= (columns[name] >= low) & (columns[name] <= high)
    return inside


def price(
    machine: Machine | MachineRows, family_name: str, variant: Variant, columns: Mapping[str, Array], physics_only: bool = False
) -> Priced:
    """Prices of the rows of one variant. Rows outside the fit's valid range, and variants without a fit of their own on this
    machine, are priced by physics alone and say so in `source`. A machine per row has as many machines as there are rows.

    Raises UnsupportedError if the machine cannot run the variant."""
    family = FAMILIES[family_name]
    basis = _basis(family_name, variant, machine)
    variant = basis.variant
    cost = family.cost(columns, variant, basis.gpu, basis.parameters)
    latency = np.array(cost.latency_us, float)
    source = np.full(len(latency), f"{basis.source}; physics", dtype=object)
    own = basis.relation is Relation.OWN
    inside = _inside(basis, columns)
    low, high = _physics_interval(family, basis, columns, latency)
    if own and not physics_only and basis.fit is not None and inside.any():
        within = {name: column[inside] for name, column in columns.items()}
        shares = KernelCost(*(_masked(part, inside) for part in (cost.latency_us, cost.busy_us, cost.actions, cost.choice)))
        features = family.features(within, variant, basis.gpu, shares)
        latency[inside] *= learned.correction(basis.fit.residual, features)
        keys = bucket_keys(family.size_class(within), latency[inside])
        low[inside], high[inside] = basis.fit.residual_intervals.around(latency[inside], keys)
        source[inside] = f"{basis.source}; physics + residual"
    source[~inside] = f"{basis.source}; physics, outside its valid range"
    energy, _ = energy_mj(cost.actions, latency, machine.resources)
    return Priced(latency, low, high, energy, power_w(energy, latency), cost.bound_by(), source, cost)


def _basis(family_name: str, variant: Variant, machine: Machine | MachineRows) -> Basis:
    """The basis is that of one machine of them: it depends on which numbers are replaced, not on what by."""
    if isinstance(machine, Machine):
        return basis_of(family_name, variant, machine)
    basis = basis_of(family_name, variant, machine.machine)
    return replace(basis, gpu=machine.like(basis.gpu))


def _masked(part: Any, inside: Array) -> Any:
    return part[inside] if isinstance(part, np.ndarray) else {name: column[inside] for name, column in part.items()}


def _physics_interval(family: KernelFamily, basis: Basis, columns: Mapping[str, Array], latency: Array) -> tuple[Array, Array]:
    """Interval of the physics alone; never narrower than what using the fit at this distance was found to cost."""
    if basis.fit is None:
        low, high = log_interval(family.name, Relation.UNFITTED)
        return latency * np.exp(low), latency * np.exp(high)
    lower, upper = basis.fit.physics_intervals.around(latency, bucket_keys(family.size_class(columns), latency))
    outside = ~_inside(basis, columns)
    relation = Relation.SIBLING if basis.relation is Relation.OWN else basis.relation
    away = outside if basis.relation is Relation.OWN else np.ones(len(latency), bool)
    low, high = log_interval(family.name, relation)
    lower[away] = np.minimum(lower[away], latency[away] * np.exp(low))
    upper[away] = np.maximum(upper[away], latency[away] * np.exp(high))
    return lower, upper
