"""Machines of a sweep: by the names and paths that its rows hold, and which of their numbers can vary inside one evaluation."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from narrowgauge.archmodels import Hardware, Machine, load_machine
from narrowgauge.archmodels.schema import rules
from narrowgauge.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

#: numbers that decide which kernels there are
_KERNELS = ("tensor_macs_per_sm_cycle.", "link.bandwidth_gb_per_s")


def machine_of(name: str) -> Hardware:
    """The hardware of a name, or of the YAML file at a path, as that file is now."""
    path = Path(name)
    return _read(name, path.stat().st_mtime_ns) if path.is_file() else _read(name, None)


@lru_cache(maxsize=512)
def _read(name: str, changed_ns: int | None) -> Hardware:
    return load_machine(name if changed_ns is None else Path(name))


def with_unit(machine: Hardware, slot: str, unit: str) -> Machine:
    """The GPU with another unit in a slot; raises InputError for hardware that is no GPU."""
    if not isinstance(machine, Machine):
        raise InputError(f"{machine.name} is no GPU; only a GPU has units that another can replace")
    return machine.replace_unit(slot, unit)


def structural(path: str) -> bool:
    """Whether schedules count with a number of the specification or branch on it: each value is evaluated by itself."""
    return rules()[path].whole or decides_kernels(path)


def decides_kernels(path: str) -> bool:
    """Whether a number of the specification decides which kernels run, and which fits serve them."""
    return path.startswith(_KERNELS)


def machine_numbers(names: pd.Series[Any], path: str) -> npt.NDArray[np.float64]:
    """The specification's number at a path in each row's machine, NaN where a machine has none."""
    categories = names.astype("category").cat
    values = np.array([_number(machine_of(name), path) for name in categories.categories])
    return np.asarray(values[categories.codes.to_numpy()])


def _number(machine: Hardware, path: str) -> float:
    if isinstance(machine, Machine) and path in machine.quantities:
        return machine.value(path)
    return float("nan")
