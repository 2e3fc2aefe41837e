"""Any hardware by its name: GPUs, PIM machines, NPUs, and machines that combine them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from narrowgauge.archmodels.catalogue import machine_names, npu_names, open_specification, pim_names, system_names
from narrowgauge.archmodels.describe import Description, describe_gpu
from narrowgauge.archmodels.describe_system import describe_specified, describe_system
from narrowgauge.archmodels.heterogeneous import System, load_system
from narrowgauge.archmodels.machine import Machine, load_gpu
from narrowgauge.archmodels.npu import Npu, load_npu
from narrowgauge.archmodels.pim.describe import describe_pim
from narrowgauge.archmodels.pim.machine import PimMachine, load_pim
from narrowgauge.archmodels.specification import chain
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.registry import canonical

#: the key by which a file says that it describes no GPU
KIND = "machine"
#: keys of files that describe no machine, and what they do describe
PARTS = {
    "unit": "a compute unit, no machine; `--replace tensor_core=FILE` puts one that is made for an SM into a GPU",
    "pe_array": "an accelerator, which runs single layers, no whole model",
}
Hardware = Machine | PimMachine | Npu | System
Load = Callable[[str | Path], Hardware]
LOADERS: dict[str, Load] = {"pim": load_pim, "npu": load_npu, "system": load_system}


def load_machine(name_or_path: str | Path) -> Hardware:
    """The machine of a hardware name, or of a YAML specification; one with `machine: pim` is a PIM machine, likewise `npu` and
    `system`.

    Raises InputError that holds every fault of the input."""
    return _loader(name_or_path)(name_or_path)


def _loader(name_or_path: str | Path) -> Load:
    name = canonical(str(name_or_path))
    shelves: tuple[tuple[tuple[str, ...], Load], ...] = (
        (machine_names(), load_gpu),
        (pim_names(), load_pim),
        (npu_names(), load_npu),
        (system_names(), load_system),
    )
    for names, load in shelves:
        if name in names:
            return load
    sources = list(chain(open_specification(name_or_path)))
    parts = [what for key, what in PARTS.items() if any(key in source.tree for source in sources)]
    if parts:
        raise InputError([Problem(sources[0].label, f"describes {parts[0]}")])
    said = next((source for source in sources if KIND in source.tree), None)
    if said is None:
        return load_gpu
    kind = said.tree[KIND]
    if kind not in LOADERS:
        raise InputError([Problem(f"{said.label}:{said.line_of([KIND])}: {KIND}", f"is {kind!r}, {nearest(str(kind), LOADERS)}")])
    return LOADERS[kind]


def describe(machine: Hardware) -> Description:
    """Every parameter of a machine; a value that is not the specification's says what it stands in place of."""
    match machine:
        case Machine():
            return describe_gpu(machine)
        case PimMachine():
            return describe_pim(machine)
        case Npu():
            return describe_specified(machine)
        case System():
            return describe_system(machine)
