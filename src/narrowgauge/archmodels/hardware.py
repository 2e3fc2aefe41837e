"""Any hardware by its name: GPUs and PIM machines."""

from __future__ import annotations

from pathlib import Path

from narrowgauge.archmodels.catalogue import machine_names, pim_names
from narrowgauge.archmodels.describe import Description, describe_gpu
from narrowgauge.archmodels.machine import Machine, load_gpu
from narrowgauge.archmodels.pim.describe import describe_pim
from narrowgauge.archmodels.pim.machine import PimMachine, load_pim
from narrowgauge.archmodels.specification import declares
from narrowgauge.registry import canonical

#: the key by which a file says that it describes no GPU
KIND = "machine"
Hardware = Machine | PimMachine


def load_machine(name_or_path: str | Path) -> Hardware:
    """The machine of a hardware name, or of a YAML specification; one with `machine: pim` is a PIM machine.

    Raises InputError that holds every fault of the input."""
    name = canonical(str(name_or_path))
    if name in machine_names():
        return load_gpu(name)
    return load_pim(name_or_path) if name in pim_names() or declares(name_or_path, KIND) else load_gpu(name_or_path)


def describe(machine: Hardware) -> Description:
    """Every parameter of a machine; a value that is not the specification's says what it stands in place of."""
    return describe_gpu(machine) if isinstance(machine, Machine) else describe_pim(machine)
