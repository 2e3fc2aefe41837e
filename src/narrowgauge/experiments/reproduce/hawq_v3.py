"""HAWQ-V3 (Yao et al., ICML 2021, arXiv 2011.10680): 4 or 8 bits per layer by an integer program, under a budget of size, of bit
operations or of latency measured on a T4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Literal

from narrowgauge.experiments.codesign.layer_table import BUDGETS, LayerTable, load_layer_table
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Within

MOST_UNITS = 16


@dataclass(frozen=True)
class Case:
    """One allocation."""

    network: Annotated[Literal["resnet-18", "resnet-50"], "network with measured sensitivities"] = "resnet-18"
    budget: Annotated[Literal["size", "bops", "latency"], "what is limited"] = "size"
    fraction: Annotated[float, "of the way from all layers at 4 bits (0) to all at 8 (1)", Within(0, 1)] = 0.5


def predict(case: Case) -> Mapping[str, float]:
    """The optimum's bits by residual unit, and what it costs with first convolution and classifier at 8 bits."""
    table = load_layer_table(f"hawq-v3-{case.network}")
    found = table.allocate(case.budget, case.fraction)
    figures = {name: found.spent[name] + table.edge_cost(name) for name in BUDGETS}
    eight_bit_latency = float(table.latency_ms[:, 0].sum())
    return {
        "size_mib": figures["size"],
        "bops": figures["bops"],
        "latency_ms": figures["latency"],
        "speedup_over_int8": eight_bit_latency / found.spent["latency"],
        "loss": found.loss,
        **_bits_by_unit(table, found.chosen),
    }


def _bits_by_unit(table: LayerTable, bits: tuple[str, ...]) -> dict[str, float]:
    units = groupby(zip(table.layers, bits, strict=True), key=lambda pair: pair[0].rsplit(".", 1)[0])
    return {f"unit{i}": float("".join(b for _, b in unit)) for i, (_, unit) in enumerate(units, 1)}


EXPERIMENT = Experiment(
    "hawq-v3",
    Case,
    predict,
    {
        "size_mib": Measure("MiB", "all weights"),
        "bops": Measure("G", "MACs times bits of weights times bits of activations"),
        "latency_ms": Measure("ms", "sum over the layers up for choice, as measured alone"),
        "speedup_over_int8": Measure("x", "the same sum with all layers at 8 bits, over it"),
        "loss": Measure("1", "sum of Hessian trace times squared error of the weights"),
        **{
            f"unit{i}": Measure("bits", "one digit per layer of the residual unit: convolutions in order, then the shortcut")
            for i in range(1, MOST_UNITS + 1)
        },
    },
)
