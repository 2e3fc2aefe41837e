"""Bits of a convolutional network's layers: measured sensitivities and latencies, and the program that they make.

HAWQ-V3 (Yao et al., ICML 2021): a layer's loss at b bits is its mean Hessian trace times the squared error of its weights at b
bits; weights and activations of a layer have the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from narrowgauge.archmodels.yaml_source import read_yaml
from narrowgauge.errors import InputError, nearest
from narrowgauge.errors import Problem as Fault
from narrowgauge.experiments.codesign.choice import Budget, Choice, Problem, choose
from narrowgauge.units import BITS_PER_BYTE, BYTES_PER_MB
from narrowgauge.workloads.convolutional import Network, load_network

Floats = npt.NDArray[np.float64]
BITS = (8, 4)
FOLDER = "sensitivities"
#: what a budget may limit: its unit
BUDGETS = {"size": "MiB", "bops": "G", "latency": "ms"}
EDGE_BITS = 8  # first convolution and classifier, which are not up for choice


@dataclass(frozen=True)
class LayerTable:
    """Layers up for choice, in order; columns over `BITS`."""

    name: str
    network: Network
    layers: tuple[str, ...]
    ties: tuple[tuple[int, ...], ...]
    losses: Floats
    latency_ms: Floats

    def costs(self, budget: str) -> Floats:
        """Size in MiB, bit operations (MACs · bits²) in 10⁹, or latency, of every layer at every number of bits."""
        chosen = [self.network.by_name[name] for name in self.layers]
        bits = np.array(BITS, float)
        match budget:
            case "size":
                return np.outer([layer.parameters for layer in chosen], bits) / BITS_PER_BYTE / BYTES_PER_MB
            case "bops":
                return np.outer([layer.macs for layer in chosen], bits**2) / 1e9
            case "latency":
                return self.latency_ms
        raise InputError([Fault("budget", f"given '{budget}'; {nearest(budget, BUDGETS)}")])

    def edge_cost(self, budget: str) -> float:
        """The same of the layers that keep 8 bits; no latency was measured for them."""
        edge = [layer for layer in self.network.weighted if layer.name not in self.layers]
        size = sum(layer.parameters for layer in edge) * EDGE_BITS / BITS_PER_BYTE / BYTES_PER_MB
        return {"size": size, "bops": sum(layer.macs for layer in edge) * EDGE_BITS**2 / 1e9, "latency": 0.0}[budget]

    def allocate(self, budget: str, fraction: float) -> Choice:
        """Bits of least loss where the budget is `fraction` of the way from all layers at 4 bits to all at 8.

        Raises InputError for a fraction outside 0 to 1."""
        if not 0 <= fraction <= 1:
            raise InputError([Fault("fraction", f"given {fraction}, allowed: 0 to 1")])
        limited = Budget(budget, BUDGETS[budget], self.costs(budget), 0.0)
        low, high = (float(limited.costs[:, i].sum()) for i in (BITS.index(4), BITS.index(8)))
        others = [Budget(name, unit, self.costs(name), np.inf) for name, unit in BUDGETS.items() if name != budget]
        budgets = (Budget(budget, limited.unit, limited.costs, low + (high - low) * fraction), *others)
        return choose(Problem(self.layers, tuple(map(str, BITS)), self.losses, budgets, self.ties))


@cache
def load_layer_table(name: str) -> LayerTable:
    """The table of a name; raises InputError that names the nearest."""
    names = layer_table_names()
    if name not in names:
        raise InputError([Fault("", f"unknown layer table '{name}'; {nearest(name, names)}")])
    tree = read_yaml(files(__package__).joinpath(FOLDER, f"{name}.yaml"), f"{name}.yaml").tree
    layers = tuple(row[0] for row in tree["rows"])
    trace, error8, error4, latency8, latency4 = np.array([row[1:] for row in tree["rows"]], float).T
    ties = tuple(tuple(layers.index(layer) for layer in tie) for tie in tree["tied"])
    losses = np.stack([trace * error8, trace * error4], axis=1)
    return LayerTable(name, load_network(tree["network"]), layers, ties, losses, np.stack([latency8, latency4], axis=1))


@cache
def layer_table_names() -> tuple[str, ...]:
    """The tables that ship."""
    found = (item.name for item in files(__package__).joinpath(FOLDER).iterdir() if item.name.endswith(".yaml"))
    return tuple(sorted(name.removesuffix(".yaml") for name in found))
