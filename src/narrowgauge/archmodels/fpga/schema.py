"""The schema of an FPGA accelerator: the device, and what one published design makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from narrowgauge.archmodels.rule import Rule
from narrowgauge.archmodels.schema import Clock, Count, Power, Section, Text
from narrowgauge.archmodels.specification import Schema
from narrowgauge.provenance import Quantity

Bandwidth = Annotated[Quantity, Rule("GB/s", 0.1, 100_000)]
Share = Annotated[Quantity, Rule("ratio", 0.01, 1)]


class Multipliers(Section):
    """DSP slices that the design uses, INT8 products of one in a cycle, and the share of them that is kept busy."""

    dsp: Count
    int8_macs_per_cycle: Annotated[Quantity, Rule("MAC/cycle", 0.5, 64)]
    utilization: Share


class HighBandwidthMemory(Section):
    """Memory of weights and cache: pins, and the share of them reached with activations kept on chip and without."""

    bandwidth_gb_per_s: Bandwidth
    capacity_gb: Annotated[Quantity, Rule("GB", 0.1, 100_000)]
    utilization: Share
    spilled_utilization: Share


class FpgaSheet(Section):
    """Everything that a specification of an FPGA accelerator says."""

    title: Text
    machine: Literal["fpga"]
    left_out: Text
    clock_mhz: Clock
    multipliers: Multipliers
    hbm: HighBandwidthMemory
    power_w: Power


def contradictions(numbers: Mapping[str, Quantity], texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Keeping activations on chip cannot make memory slower."""
    spilled, kept = numbers["hbm.spilled_utilization"], numbers["hbm.utilization"]
    if spilled.value > kept.value:
        yield "hbm.spilled_utilization", f"is {spilled}, more than hbm.utilization ({kept})"


FPGA = Schema(FpgaSheet, contradictions)
