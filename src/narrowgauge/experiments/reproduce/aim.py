"""GDDR6-AiM (Lee et al., ISSCC 2022): rates of a multiply-accumulate unit at every bank, and a matrix times a vector against
reading the matrix over the pins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.archmodels import PimMachine, load_machine
from narrowgauge.archmodels.describe import Description
from narrowgauge.archmodels.pim import Gemv, service
from narrowgauge.archmodels.pim.describe import describe_pim
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Within
from narrowgauge.sim.dram import run_program
from narrowgauge.sim.dram.programs import host_gemv
from narrowgauge.units import PS_PER_US

MACHINE = "gddr6-aim"


@dataclass(frozen=True)
class Case:
    """One product in BF16."""

    outputs: Annotated[int, "rows of the matrix", Within(1, 2**18)] = 4096
    inputs: Annotated[int, "elements of the vector", Within(1, 2**18)] = 4096
    channels: Annotated[int, "channels, two a device"] = 2


def predict(case: Case) -> Mapping[str, float]:
    """Peak of all channels, what a channel's banks see, and the product with and without units."""
    machine = load_machine(MACHINE)
    assert isinstance(machine, PimMachine)  # noqa: S101 - its specification says so
    machine = machine.with_(channels=case.channels)
    rates = describe_pim(machine)
    host = run_program(machine.standard, host_gemv(machine.standard, case.outputs, case.inputs, case.channels))
    units_us = service(machine, Gemv(case.outputs, case.inputs, 1, "bf16")).latency_us
    return {
        "peak_tflops": 2 * _rate(rates, "rate.peak_gmac_per_s") * 1e-3,
        "channel_gb_per_s": _rate(rates, "rate.internal_gb_per_s") / case.channels,
        "internal_over_pins": _rate(rates, "rate.internal_gb_per_s") / _rate(rates, "rate.pins_gb_per_s"),
        "gemv_us": units_us,
        "speedup": host.cycles * machine.standard.tck_ps / PS_PER_US / units_us,
    }


def _rate(rates: Description, path: str) -> float:
    return next(row.value for row in rates.rows if row.path == path)


EXPERIMENT = Experiment(
    "aim",
    Case,
    predict,
    {
        "peak_tflops": Measure("TFLOPS", "all multipliers busy"),
        "channel_gb_per_s": Measure("GB/s", "what the units of a channel read"),
        "internal_over_pins": Measure("x", "what the units read over what the pins carry"),
        "gemv_us": Measure("us", "matrix times vector with the units"),
        "speedup": Measure("x", "reading the matrix over the pins, over that"),
    },
)
