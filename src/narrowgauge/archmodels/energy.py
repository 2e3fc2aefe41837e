"""First-order energy: what the actions of a kernel cost, plus the power that is drawn whatever it does.

Energy = sum over actions of count × energy per action + static power × time. Assumed, not calibrated: energy per action does
not depend on data, clock or voltage, and the board's power cap does not act. Energies are at the board's input: they hold
the losses of the regulators and of moving data, not only of the cell or adder.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from narrowgauge import units
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.errors import InputError, Problem, nearest

Array = npt.NDArray[Any]
STATIC = "static"


def energy_mj(actions: Mapping[str, Array], latency_us: Array, resources: GpuResources) -> tuple[Array, dict[str, Array]]:
    """Millijoules of every row, and of every action and `static` within it; all columns of one length.

    `actions` counts bytes, multiply-accumulates and results per row. Raises InputError that names every action for which
    the GPU has no energy: none is taken as free."""
    unknown = [name for name in actions if name not in resources.energy_pj]
    if unknown:
        allowed = list(resources.energy_pj)
        raise InputError(Problem(resources.name, f"no energy for action '{name}', {nearest(name, allowed)}") for name in unknown)
    mj_per_pj = units.MJ_PER_J / units.PJ_PER_J
    breakdown = {
        name: np.asarray(count, dtype=np.float64) * (resources.energy_pj[name] * mj_per_pj) for name, count in actions.items()
    }
    breakdown[STATIC] = np.asarray(latency_us, dtype=np.float64) * (resources.static_w * units.MJ_PER_J / units.US_PER_S)
    total: Array = reduce(np.add, breakdown.values())  # in order, so that a row's sum does not depend on how many rows there are
    return total, breakdown


def power_w(energy: Array, latency_us: Array) -> Array:
    """Mean power in watts of an energy in millijoules spent in `latency_us`."""
    power: Array = (
        np.asarray(energy, dtype=np.float64) * units.US_PER_S / (units.MJ_PER_J * np.asarray(latency_us, dtype=np.float64))
    )
    return power
