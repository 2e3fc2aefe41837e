"""OHQ (on-chip hardware-aware quantization): latency of a network of mixed bits against all layers at 8 bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from narrowgauge.experiments.codesign.layer_table import load_layer_table
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Within


@dataclass(frozen=True)
class Case:
    """One allocation under a budget of latency."""

    network: Annotated[Literal["resnet-18", "resnet-50"], "network with measured sensitivities and latencies"] = "resnet-18"
    fraction: Annotated[float, "of the way from the latency of all layers at 4 bits (0) to that at 8 (1)", Within(0, 1)] = 0.5


def predict(case: Case) -> Mapping[str, float]:
    """Summed latency of the layers, with the layer table of HAWQ-V3 in place of OHQ's own measurements."""
    table = load_layer_table(f"hawq-v3-{case.network}")
    spent = table.allocate("latency", case.fraction).spent["latency"]
    return {"latency_ratio": spent / float(table.latency_ms[:, 0].sum())}


EXPERIMENT = Experiment("ohq", Case, predict, {"latency_ratio": Measure("x", "latency over that of all layers at 8 bits")})
