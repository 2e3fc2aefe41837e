"""Rows of a price table on a PIM machine: each distinct shape is run once on the bank model; what the machine has no unit for is
refused row by row, with the reason in `source`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from narrowgauge.archmodels import PimMachine, power_w
from narrowgauge.archmodels.pim import DecodeAttention, Gemv, Service, Task, service
from narrowgauge.calibration.calibrated import Priced
from narrowgauge.calibration.datasets.attention import DECODE, PREFILL
from narrowgauge.dataflows.family import KernelCost, Variant
from narrowgauge.errors import NarrowgaugeError, UnsupportedError
from narrowgauge.experiments.price_rows import ERROR
from narrowgauge.formats import parse_scheme

GEMM = "gemm"
Columns = Mapping[str, npt.NDArray[Any]]


def price_pim(machine: PimMachine, family: str, variant: Variant, columns: Columns, bound: bool) -> Priced:
    """Prices of the rows of one variant, `bound`: by the rate of the multipliers alone, which nothing can beat.

    A row that is refused has NaN for a price and the reason as its source. Raises UnsupportedError where all are."""
    number_format = _number_format(machine, family, variant)
    count = len(next(iter(columns.values())))
    rows = [{name: int(column[i]) for name, column in columns.items()} for i in range(count)]
    outcomes = [_outcome(machine, family, row, number_format) for row in rows]
    priced = [outcome if isinstance(outcome, Service) else None for outcome in outcomes]
    latency = _column(priced, "bound_us" if bound else "latency_us")
    spread = 0.0 if bound else machine.quantities["interval"].value
    energy = np.full(count, np.nan) if bound else _column(priced, "energy_mj")
    return Priced(
        latency_us=latency,
        latency_us_low=latency / (1 + spread),
        latency_us_high=latency * (1 + spread),
        energy_mj=energy,
        power_w=power_w(energy, latency),
        bound_by=np.array([_bound_by(one) if one else "" for one in priced], object),
        source=np.array([_source(machine, one, bound) for one in outcomes], object),
        cost=_cost(priced, latency),
    )


def _number_format(machine: PimMachine, family: str, variant: Variant) -> str:
    """The format of both operands; raises UnsupportedError for kernels and mixtures of formats that no unit takes."""
    if family == DECODE:
        weight, activation = variant.precision.split("-kv")[-1], variant.precision.split("-kv")[0]
        words = f"a cache of {weight} under queries of {activation}"
    elif family == GEMM:
        scheme = parse_scheme(variant.precision)
        weight, activation = scheme.weight.format.name, scheme.activation.format.name
        words = f"weights of {weight} with activations of {activation}"
    else:
        what = "prefill" if family == PREFILL else f"{family} kernels"
        raise UnsupportedError(f"{machine.name} does not price {what}: it has command programs for {_offers(machine)}")
    if weight != activation or weight not in machine.format_bits:
        raise UnsupportedError(f"the units of {machine.name} multiply {' or '.join(machine.format_bits)} operands, not {words}")
    return weight


def _offers(machine: PimMachine) -> str:
    offered = {"GEMM rows": machine.gemv, "attention rows with isl 1": machine.attention}
    return " and ".join(name for name, program in offered.items() if program is not None)


def _outcome(machine: PimMachine, family: str, row: Mapping[str, int], number_format: str) -> Service | NarrowgaugeError:
    try:
        return service(machine, _task(machine, family, row, number_format))
    except NarrowgaugeError as reason:
        return reason


def _task(machine: PimMachine, family: str, row: Mapping[str, int], number_format: str) -> Task:
    if family == GEMM:
        return Gemv(row["n"], row["k"], row["m"], number_format)
    head_dim, tokens = row["head_dim"], row["step"] + row["isl"]
    value_dim = row.get("v_head_dim", head_dim)
    if value_dim != head_dim or row.get("kv_elements", 2 * head_dim) != 2 * head_dim:
        raise UnsupportedError(f"{machine.name} has no program for a latent cache")
    seen = min(tokens, row["window_size"] + 1) if row["window_size"] else tokens
    return DecodeAttention(row["batch_size"], row["num_heads"], row["num_key_value_heads"], head_dim, seen, number_format)


def _column(priced: list[Service | None], name: str) -> npt.NDArray[np.float64]:
    return np.array([np.nan if one is None else getattr(one, name) for one in priced], float)


def _bound_by(one: Service) -> str:
    return max(one.busy_us, key=lambda phase: one.busy_us[phase])


def _source(machine: PimMachine, one: Service | NarrowgaugeError, bound: bool) -> str:
    """Where the price comes from, what its interval means, what its energy lacks; or why there is none."""
    if not isinstance(one, Service):
        return f"{ERROR}{one}"
    memory = machine.standard.name
    if bound:
        return f"rate of the multipliers of {memory}"
    run = "command program on the bank model, extended from shorter runs" if one.extended else "command program on the bank model"
    what_if = "; what-if" if machine.overrides else ""
    lacks = f"; energy incomplete, {'; '.join(one.energy_lacks)}" if one.energy_lacks else ""
    return f"{memory}: {run}{what_if}; assumed interval, no silicon{lacks}"


def _cost(priced: list[Service | None], latency: npt.NDArray[np.float64]) -> KernelCost:
    """Time by what the channel waited for, and commands, as columns."""
    phases = dict.fromkeys(phase for one in priced if one for phase in one.busy_us)
    commands = dict.fromkeys(name for one in priced if one for name in one.commands)
    busy = {phase: np.array([one.busy_us.get(phase, 0.0) if one else np.nan for one in priced]) for phase in phases}
    actions = {name: np.array([one.commands.get(name, 0) if one else 0 for one in priced]) for name in commands}
    return KernelCost(latency, busy, actions, {})
