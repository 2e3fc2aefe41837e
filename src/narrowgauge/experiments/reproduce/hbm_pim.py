"""HBM-PIM (Lee et al., ISCA 2021) as SAIT's PIMSimulator has it: cycles of a matrix times a vector, and of an addition, with and
without the units in the banks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from narrowgauge.archmodels import PimMachine, load_machine
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Within
from narrowgauge.sim.dram import run_program
from narrowgauge.sim.dram.programs import hbm_pim_add, hbm_pim_gemv, host_add, host_gemv

MACHINE = "hbm2-pim"


@dataclass(frozen=True)
class Case:
    """One operation on FP16 vectors."""

    operation: Annotated[Literal["gemv", "add"], "matrix times vector, or addition of two vectors of `outputs` elements"] = "gemv"
    outputs: Annotated[int, "elements of the result", Within(1, 2**20)] = 4096
    inputs: Annotated[int, "elements of the input vector of a gemv", Within(1, 2**18)] = 4096
    channels: Annotated[int, "channels of memory"] = 64


def predict(case: Case) -> Mapping[str, float]:
    """Both on the same memory, weights in place, results not read back by the units."""
    machine = load_machine(MACHINE)
    assert isinstance(machine, PimMachine)  # noqa: S101 - its specification says so
    standard = machine.standard
    if case.operation == "gemv":
        host = host_gemv(standard, case.outputs, case.inputs, case.channels)
        units = hbm_pim_gemv(standard, case.outputs, case.inputs, case.channels)
    else:
        host, units = host_add(standard, case.outputs, case.channels), hbm_pim_add(standard, case.outputs, case.channels)
    without, with_units = run_program(standard, host).cycles, run_program(standard, units).cycles
    return {"host_cycles": without, "pim_cycles": with_units, "speedup": without / with_units}


EXPERIMENT = Experiment(
    "hbm-pim",
    Case,
    predict,
    {
        "host_cycles": Measure("cycle", "memory cycles in which a host reads the operands and writes the result"),
        "pim_cycles": Measure("cycle", "memory cycles with the units in the banks"),
        "speedup": Measure("x", "the first over the second"),
    },
)
