"""FLIQS (one-shot mixed-precision search): what a search over bits per layer gains over uniform bits at the same cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from narrowgauge.experiments.codesign.choice import Budget, Problem, choose
from narrowgauge.experiments.codesign.layer_table import load_layer_table
from narrowgauge.experiments.reproduction.contract import Experiment, Measure

BITS = np.array([4.0, 5.0, 6.0, 7.0, 8.0])


@dataclass(frozen=True)
class Case:
    """One uniform number of bits and the search at its bit operations."""

    network: Annotated[Literal["resnet-18", "resnet-50"], "network with measured sensitivities"] = "resnet-18"
    uniform_bits: Annotated[Literal[4, 5, 6, 7, 8], "bits of every layer that the search is compared with"] = 6


def predict(case: Case) -> Mapping[str, float]:
    """Losses between the measured ones at 4 and 8 bits fall geometrically, as the squared step of a quantiser does."""
    table = load_layer_table(f"hawq-v3-{case.network}")
    at8, at4 = table.losses.T
    losses = at4[:, None] * (at8 / at4)[:, None] ** ((BITS - 4.0) / 4.0)
    macs = np.array([table.network.by_name[name].macs for name in table.layers], float)
    costs = np.outer(macs, BITS**2) / 1e9
    limit = float(macs.sum() * case.uniform_bits**2 / 1e9)
    names = tuple(f"{bits:.0f}" for bits in BITS)
    found = choose(Problem(table.layers, names, losses, (Budget("bops", "G", costs, limit),), table.ties))
    uniform = float(losses[:, list(BITS).index(case.uniform_bits)].sum())
    return {"gain": uniform / found.loss, "search_wins": float(found.loss < uniform)}


EXPERIMENT = Experiment(
    "fliqs",
    Case,
    predict,
    {
        "gain": Measure("x", "loss of uniform bits over that of the searched ones, at the same bit operations"),
        "search_wins": Measure("1", "1 if the searched bits lose less, 0 if not"),
    },
)
