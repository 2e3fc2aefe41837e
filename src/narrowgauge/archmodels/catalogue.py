"""The names of the hardware that ships with narrowgauge, and how a name or a path becomes a file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from narrowgauge.archmodels.yaml_source import YamlSource, read_yaml
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.registry import canonical

SUFFIX = ".yaml"
GPUS, PIM, NPUS, SYSTEMS, UNITS = "specs", "pim/specs", "npu/specs", "heterogeneous/specs", "units/specs"


@dataclass(frozen=True)
class Shelf:
    """Folders of specifications of one kind, the word that errors use."""

    kind: str
    folders: tuple[str, ...]


HARDWARE = Shelf("hardware", (GPUS, PIM, NPUS, SYSTEMS))
UNIT = Shelf("unit", (UNITS,))
ACCELERATOR = Shelf("accelerator", ("accelerator/specs",))
CPUS = Shelf("CPU", ("cpu/specs",))
FPGAS = Shelf("FPGA", ("fpga/specs",))
BASE = Shelf("specification", (GPUS, PIM, NPUS, SYSTEMS, UNITS, *ACCELERATOR.folders, *CPUS.folders, *FPGAS.folders))


@cache
def shipped(*folders: str) -> tuple[str, ...]:
    """Sorted names of the files in folders of specifications or energy tables."""
    files = (item.name for folder in folders for item in _folder(folder).iterdir())
    return tuple(sorted(name.removesuffix(SUFFIX) for name in files if name.endswith(SUFFIX)))


def machine_names() -> tuple[str, ...]:
    """The names of GPUs that ship."""
    return shipped(GPUS)


def pim_names() -> tuple[str, ...]:
    """The names of PIM machines that ship."""
    return shipped(PIM)


def npu_names() -> tuple[str, ...]:
    """The names of NPUs that ship."""
    return shipped(NPUS)


def system_names() -> tuple[str, ...]:
    """The names of heterogeneous machines that ship."""
    return shipped(SYSTEMS)


def open_specification(name_or_path: str | Path, shelf: Shelf = HARDWARE) -> YamlSource:
    """The YAML of a name on a shelf, or of a file; raises InputError that names the nearest name."""
    return _open(shelf, name_or_path, relative_to=Path())


def open_base(name_or_path: str, to: YamlSource) -> YamlSource:
    """The specification that another one builds on: a name in any folder, or a path counted from the folder of that file."""
    return _open(BASE, name_or_path, _folder_of(to))


def open_energy_table(name_or_path: str, to: YamlSource) -> YamlSource:
    """The energy table that a specification names, likewise."""
    return _open(Shelf("energy table", ("energy",)), name_or_path, _folder_of(to))


def _folder_of(source: YamlSource) -> Path:
    return source.path.parent if isinstance(source.path, Path) else Path()


def _open(shelf: Shelf, name_or_path: str | Path, relative_to: Path) -> YamlSource:
    if _is_path(name_or_path):
        return read_yaml((relative_to / name_or_path).resolve(), str(name_or_path))
    name = canonical(str(name_or_path))
    folder = next((folder for folder in shelf.folders if name in shipped(folder)), None)
    if folder is None:
        hint = f"{nearest(name, shipped(*shelf.folders))}; or give the path of a {SUFFIX} file"
        raise InputError([Problem("", f"unknown {shelf.kind} '{name_or_path}'; {hint}")])
    return read_yaml(_folder(folder) / f"{name}{SUFFIX}", f"{folder}/{name}{SUFFIX}")


def _is_path(name_or_path: str | Path) -> bool:
    text = str(name_or_path)
    return isinstance(name_or_path, Path) or text.lower().endswith((".yaml", ".yml")) or "/" in text or "\\" in text


def _folder(name: str) -> Traversable:
    return files("narrowgauge.archmodels").joinpath(name)
