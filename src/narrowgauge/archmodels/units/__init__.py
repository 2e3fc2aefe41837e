"""Compute units: what each multiplies, how fast, for how much energy and area.

unit = load_unit("lut-8x")                      # a name of `unit_names()`, or the path of a YAML file
unit.service(MatrixTask(1024, 4096, 4096, parse_scheme("w2a8")))
load_machine("a100-sxm-80gb").replace_unit("tensor_core", unit)
"""

from narrowgauge.archmodels.units.catalogue import load_unit, unit_names
from narrowgauge.archmodels.units.unit import MatrixTask, Service, Unit

__all__ = ["MatrixTask", "Service", "Unit", "load_unit", "unit_names"]
