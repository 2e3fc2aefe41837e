"""Which scheme for which block (or linear map) of a language model: least loss within a time per token and a memory.

Times are `predict`'s decode passes on the calibrated machine, one per uniform scheme; a block's time is its operators', and the
sum over blocks is what the integer program limits. Loss is what the user's table says, summed: interactions between layers are
as absent from it as from the literature's programs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from narrowgauge.archmodels import Hardware
from narrowgauge.errors import InputError, Problem, UnsupportedError, nearest
from narrowgauge.experiments.codesign.choice import Budget, choose, choose_each
from narrowgauge.experiments.codesign.choice import Problem as Program
from narrowgauge.experiments.codesign.sensitivity_table import WHOLE, Item, SensitivityTable
from narrowgauge.experiments.predict import predict
from narrowgauge.experiments.predict_result import Prediction
from narrowgauge.formats import parse_scheme
from narrowgauge.units import BITS_PER_BYTE, BYTES_PER_GB, US_PER_MS
from narrowgauge.workloads import ModelConfig
from narrowgauge.workloads.layers import linears

BLOCK_PREFIXES = ("attn.", "mlp.", "moe.")
TPOT, MEMORY = "tpot", "memory"
OTHERS = "others"
FRONT_POINTS = 9
ROUNDING = 1e-9


@dataclass(frozen=True)
class Allocation:
    """The choice by item, and `tpot_ms` and `memory_gb` of the mixed model; `front`: choices at other times per token."""

    schemes: Mapping[Item, str]
    loss: float
    tpot_ms: float
    memory_gb: float
    front: tuple[tuple[float, float], ...]  # tpot_ms, loss
    uniform: Mapping[str, tuple[float | None, float, float]]  # scheme: loss (None where the table has gaps), tpot_ms, memory_gb

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "loss": self.loss,
            "tpot_ms": self.tpot_ms,
            "memory_gb": self.memory_gb,
            "schemes": [{"layer": i, "operator": name, "scheme": scheme} for (i, name), scheme in self.schemes.items()],
            "front": [{"tpot_ms": tpot, "loss": loss} for tpot, loss in self.front],
            "uniform": {
                name: {"loss": loss, "tpot_ms": tpot, "memory_gb": memory} for name, (loss, tpot, memory) in self.uniform.items()
            },
        }


def allocate(
    model: ModelConfig,
    machine: Hardware,
    table: SensitivityTable,
    *,
    tpot_ms: float | None = None,
    memory_gb: float | None = None,
    batch: int = 1,
    input_tokens: int = 1024,
    output_tokens: int = 128,
) -> Allocation:
    """The schemes of least loss. Raises InputError for a table that does not fit the model or without any budget, CapacityError
    where a budget cannot be kept (by how much), UnsupportedError for models whose blocks are not alike."""
    _check(model, table, tpot_ms, memory_gb)
    runs = {name: predict(model, machine, name, batch, input_tokens, output_tokens) for name in table.schemes}
    times = {name: _block_us(model, table, run) for name, run in runs.items()}
    _check_others(table, times)
    bits = {name: float(parse_scheme(name).weight_bits) for name in table.schemes}
    sizes = _weights(model)
    shape = (len(table.items), len(table.schemes))
    losses, latency, memory = np.full(shape, np.inf), np.zeros(shape), np.zeros(shape)
    for i, item in enumerate(table.items):
        for j, name in enumerate(table.schemes):
            losses[i, j] = table.losses.get((item, name), np.inf)
            latency[i, j] = times[name][item[1]] / US_PER_MS
            memory[i, j] = sizes[item[1]] * bits[name] / BITS_PER_BYTE / BYTES_PER_GB
    first = runs[table.schemes[0]]
    rest = {TPOT: first.tpot_ms.value - float(latency[:, 0].sum()), MEMORY: first.memory_gb.value - float(memory[:, 0].sum())}
    limits = {TPOT: tpot_ms, MEMORY: memory_gb}
    budgets = tuple(
        Budget(name, unit, costs, np.inf if (limit := limits[name]) is None else limit, rest[name])
        for name, unit, costs in ((TPOT, "ms", latency), (MEMORY, "GB", memory))
    )
    program = Program(tuple(f"{i}.{name}" for i, name in table.items), table.schemes, losses, budgets)
    found = choose(program)
    chosen = dict(zip(table.items, found.chosen, strict=True))
    uniform = {
        name: (
            float(losses[:, j].sum()) if np.isfinite(losses[:, j]).all() else None,
            runs[name].tpot_ms.value,
            runs[name].memory_gb.value,
        )
        for j, name in enumerate(table.schemes)
    }
    return Allocation(chosen, found.loss, found.spent[TPOT], found.spent[MEMORY], _front(program), uniform)


def _front(program: Program) -> tuple[tuple[float, float], ...]:
    """Times per token from the least to the most, with the least loss that fits the other budget too."""
    budget = program.budgets[0]
    reachable = np.where(np.isfinite(program.losses), budget.costs, np.nan)
    low, high = (budget.fixed + float(extreme(reachable, axis=1).sum()) for extreme in (np.nanmin, np.nanmax))
    limits = np.linspace(low * (1 + ROUNDING), high, FRONT_POINTS)
    points: dict[float, float] = {}
    for choice in choose_each(program, TPOT, limits.tolist()):
        points[choice.loss] = min(points.get(choice.loss, np.inf), choice.spent[TPOT])
    return tuple(sorted((tpot, loss) for loss, tpot in points.items()))


def _check(model: ModelConfig, table: SensitivityTable, tpot_ms: float | None, memory_gb: float | None) -> None:
    if tpot_ms is None and memory_gb is None:
        raise InputError([Problem("budget", "is missing: give a time per output token, a memory, or both")])
    if model.moe is not None and model.dense_layers:
        raise UnsupportedError(
            f"{model.name} has dense blocks and blocks of experts; bits are allocated where all blocks are alike"
        )
    names = (WHOLE, *_weights(model))
    problems = [
        Problem(f"layer {layer}, {name}", f"{model.name} has {model.layers} layers")
        for layer, name in table.items
        if layer >= model.layers
    ]
    problems += [
        Problem(f"layer {layer}", f"unknown operator '{name}', {nearest(name, dict.fromkeys(names))}")
        for layer, name in table.items
        if name not in names
    ]
    given = set(table.items)
    maps = [name for name in names if name != WHOLE]
    for layer in range(model.layers):
        whole = (layer, WHOLE) in given
        parts = [name for name in maps if (layer, name) in given]
        if whole and parts:
            problems.append(Problem(f"layer {layer}", "has losses as a whole and of its operators: give one of them"))
        elif not whole and len(parts) < len(maps):
            lacking = ", ".join(name for name in maps if name not in parts) if parts else "any scheme"
            problems.append(Problem(f"layer {layer}", f"no losses for {lacking}"))
    kept = {(parse_scheme(name).kv_cache, parse_scheme(name).output) for name in table.schemes}
    if len(kept) > 1:
        problems.append(Problem("scheme", "schemes of one model must agree in KV cache and 16-bit format"))
    if problems:
        raise InputError(problems)


def _weights(model: ModelConfig) -> dict[str, float]:
    """Weights of one block by linear map, and of the whole block."""
    found = {linear.name: linear.weights / linear.layers for linear in linears(model) if linear.quantized}
    found = {name: count for name, count in found.items() if name.startswith(BLOCK_PREFIXES)}
    return {**found, WHOLE: sum(found.values())}


def _block_us(model: ModelConfig, table: SensitivityTable, run: Prediction) -> dict[str, float]:
    """Time of one block by linear map, of its other operators, and of all of them, in a decode pass."""
    by_name = {
        line.operator: line.total_us.value / model.layers for line in run.decode.lines if line.operator.startswith(BLOCK_PREFIXES)
    }
    wanted = {name for _, name in table.items if name != WHOLE}
    absent = sorted(wanted - set(by_name))
    if absent:
        raise InputError(Problem("operator", f"'{name}' is no kernel of its own, {nearest(name, by_name)}") for name in absent)
    others = sum(time for name, time in by_name.items() if name not in wanted)
    return {**by_name, OTHERS: others, WHOLE: sum(by_name.values())}


def _check_others(table: SensitivityTable, times: Mapping[str, Mapping[str, float]]) -> None:
    """Raise InputError where schemes change operators that the table has no losses for (a kernel that quantises activations)."""
    others = [found[OTHERS] for found in times.values()]
    if any(name != WHOLE for _, name in table.items) and max(others) > min(others) * (1 + ROUNDING):
        raise InputError(
            [Problem("operator", "these schemes change other operators of a block too: give losses of whole blocks")]
        )
