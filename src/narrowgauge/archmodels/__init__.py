"""Hardware: specifications as data, the machine that is built from one, its energy.

machine = load_machine("h100-sxm")                          # or the path of a YAML file
faster = machine.with_(**{"dram.bandwidth_gb_per_s": 4800})
faster.resources.dram_gb_per_s                              # what kernels' closed forms see
describe(faster).unmeasured                                 # what nobody measured
"""

from narrowgauge.archmodels.catalogue import machine_names
from narrowgauge.archmodels.describe import Description, Row, describe
from narrowgauge.archmodels.energy import energy_mj, power_w
from narrowgauge.archmodels.machine import Layer, Machine, Override, load_machine
from narrowgauge.archmodels.specification import Specification, load_specification

__all__ = [
    "Description",
    "Layer",
    "Machine",
    "Override",
    "Row",
    "Specification",
    "describe",
    "energy_mj",
    "load_machine",
    "load_specification",
    "machine_names",
    "power_w",
]
