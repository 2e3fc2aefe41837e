"""The names of the hardware that ships with narrowgauge, and how a name or a path becomes a file."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from narrowgauge.archmodels.yaml_source import YamlSource, read_yaml
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.registry import canonical

SUFFIX = ".yaml"
GPUS, PIM = "specs", "pim/specs"


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


def open_specification(name_or_path: str | Path) -> YamlSource:
    """The YAML of a hardware name, or of a file; raises InputError that names the nearest name."""
    return _open((GPUS, PIM), "hardware", name_or_path, relative_to=Path())


def open_base(name_or_path: str, to: YamlSource) -> YamlSource:
    """The specification that another one builds on: a hardware name, or a path counted from the folder of that file."""
    return _open((GPUS, PIM), "hardware", name_or_path, _folder_of(to))


def open_energy_table(name_or_path: str, to: YamlSource) -> YamlSource:
    """The energy table that a specification names, likewise."""
    return _open(("energy",), "energy table", name_or_path, _folder_of(to))


def _folder_of(source: YamlSource) -> Path:
    return source.path.parent if isinstance(source.path, Path) else Path()


def _open(folders: tuple[str, ...], kind: str, name_or_path: str | Path, relative_to: Path) -> YamlSource:
    if _is_path(name_or_path):
        return read_yaml((relative_to / name_or_path).resolve(), str(name_or_path))
    name = canonical(str(name_or_path))
    folder = next((folder for folder in folders if name in shipped(folder)), None)
    if folder is None:
        hint = f"{nearest(name, shipped(*folders))}; or give the path of a {SUFFIX} file"
        raise InputError([Problem("", f"unknown {kind} '{name_or_path}'; {hint}")])
    return read_yaml(_folder(folder) / f"{name}{SUFFIX}", f"{folder}/{name}{SUFFIX}")


def _is_path(name_or_path: str | Path) -> bool:
    text = str(name_or_path)
    return isinstance(name_or_path, Path) or text.lower().endswith((".yaml", ".yml")) or "/" in text or "\\" in text


def _folder(name: str) -> Traversable:
    return files("narrowgauge.archmodels").joinpath(name)
