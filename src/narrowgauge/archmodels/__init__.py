"""Hardware: specifications as data, the machine that is built from one, its energy.

machine = load_machine("h100-sxm")                          # a GPU, PIM machine, NPU or system, or a YAML file
faster = machine.with_(**{"dram.bandwidth_gb_per_s": 4800})
faster.resources.dram_gb_per_s                              # what kernels' closed forms see
describe(faster).unmeasured                                 # what nobody measured
"""

from narrowgauge.archmodels.catalogue import machine_names, npu_names, pim_names, system_names
from narrowgauge.archmodels.describe import Description, Row
from narrowgauge.archmodels.energy import energy_mj, power_w
from narrowgauge.archmodels.hardware import Hardware, describe, load_machine
from narrowgauge.archmodels.heterogeneous import System
from narrowgauge.archmodels.machine import Machine, load_gpu
from narrowgauge.archmodels.machine_rows import MachineRows
from narrowgauge.archmodels.npu import Npu
from narrowgauge.archmodels.override import Layer, Override
from narrowgauge.archmodels.pim import PimMachine
from narrowgauge.archmodels.specification import Specification, load_specification

__all__ = [
    "Description",
    "Hardware",
    "Layer",
    "Machine",
    "MachineRows",
    "Npu",
    "Override",
    "PimMachine",
    "Row",
    "Specification",
    "System",
    "describe",
    "energy_mj",
    "load_gpu",
    "load_machine",
    "load_specification",
    "machine_names",
    "npu_names",
    "pim_names",
    "power_w",
    "system_names",
]
