"""How closely a kernel is looked at: a bound, the calibrated closed form, or discrete events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from narrowgauge.archmodels import Hardware, Machine, MachineRows, Npu, PimMachine, System, energy_mj, power_w
from narrowgauge.calibration.basis import basis_of
from narrowgauge.calibration.calibrated import Priced, price
from narrowgauge.dataflows.catalogue import FAMILIES
from narrowgauge.dataflows.family import Variant
from narrowgauge.errors import UnsupportedError
from narrowgauge.experiments.price_pim import price_pim

ROOFLINE = "roofline"  # source of a bound
BY_EVENTS = "by events"


class Fidelity(StrEnum):
    """`bound`: the roofline of each kernel, which none can beat. `analytic`: the calibrated closed forms. `event`: the same
    kernels, tile by tile, on the task-graph engine."""

    BOUND = "bound"
    ANALYTIC = "analytic"
    EVENT = "event"


def price_at(
    fidelity: Fidelity,
    machine: Hardware | MachineRows,
    family: str,
    variant: Variant,
    columns: Mapping[str, npt.NDArray[Any]],
    physics_only: bool = False,
) -> Priced:
    """Prices of the rows of one variant. A bound has no interval. By events, physics is what the engine says; the learned
    residual and the interval are those of the closed form, moved along with it. A PIM machine has one model, the bank model,
    which is one of events.

    Raises UnsupportedError if the machine cannot run the variant."""
    if isinstance(machine, Npu | System):
        raise UnsupportedError(f"tables are priced on a GPU or a PIM machine; `predict` takes {machine.name}")
    if isinstance(machine, PimMachine):
        return price_pim(machine, family, variant, columns, bound=fidelity is Fidelity.BOUND)
    closed = price(machine, family, variant, columns, physics_only)
    if fidelity is Fidelity.ANALYTIC:
        return closed
    if fidelity is Fidelity.BOUND:
        bound = np.asarray(FAMILIES[family].roofline_us(columns, variant, machine.resources), float)
        return _with_latency(closed, machine, bound, bound, bound, np.full(len(bound), ROOFLINE, dtype=object))
    if isinstance(machine, MachineRows):
        raise TypeError("events run on one machine at a time")
    from narrowgauge.dataflows.event.run import event_us

    basis = basis_of(family, variant, machine)
    events = event_us(family, columns, basis.variant, basis.gpu, basis.parameters)
    ratio = np.divide(events, closed.cost.latency_us, out=np.ones(len(events)), where=np.asarray(closed.cost.latency_us) > 0)
    source = np.array([f"{words}, {BY_EVENTS}" for words in closed.source], dtype=object)
    latencies = (closed.latency_us * ratio, closed.latency_us_low * ratio, closed.latency_us_high * ratio)
    return _with_latency(closed, machine, *latencies, source)


def _with_latency(
    closed: Priced,
    machine: Machine | MachineRows,
    latency: npt.NDArray[Any],
    low: npt.NDArray[Any],
    high: npt.NDArray[Any],
    source: npt.NDArray[Any],
) -> Priced:
    energy, _ = energy_mj(closed.cost.actions, latency, machine.resources)
    return replace(
        closed,
        latency_us=latency,
        latency_us_low=low,
        latency_us_high=high,
        energy_mj=energy,
        power_w=power_w(energy, latency),
        source=source,
    )
