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


@cache
def shipped(folder: str) -> tuple[str, ...]:
    """Sorted names of the files in `specs` or `energy`."""
    return tuple(sorted(item.name.removesuffix(SUFFIX) for item in _folder(folder).iterdir() if item.name.endswith(SUFFIX)))


def machine_names() -> tuple[str, ...]:
    """Every hardware name that `load_machine` knows."""
    return shipped("specs")


def open_specification(name_or_path: str | Path) -> YamlSource:
    """The YAML of a hardware name, or of a file; raises InputError that names the nearest name."""
    return _open("specs", "hardware", name_or_path, relative_to=Path())


def open_relative(folder: str, kind: str, name_or_path: str, to: YamlSource) -> YamlSource:
    """The file that another file refers to: a shipped name, or a path counted from the folder of that file."""
    return _open(folder, kind, name_or_path, relative_to=to.path.parent if isinstance(to.path, Path) else Path())


def _open(folder: str, kind: str, name_or_path: str | Path, relative_to: Path) -> YamlSource:
    if _is_path(name_or_path):
        return read_yaml((relative_to / name_or_path).resolve(), str(name_or_path))
    name = canonical(str(name_or_path))
    if name not in shipped(folder):
        hint = f"{nearest(name, shipped(folder))}; or give the path of a {SUFFIX} file"
        raise InputError([Problem("", f"unknown {kind} '{name_or_path}'; {hint}")])
    return read_yaml(_folder(folder) / f"{name}{SUFFIX}", f"{folder}/{name}{SUFFIX}")


def _is_path(name_or_path: str | Path) -> bool:
    text = str(name_or_path)
    return isinstance(name_or_path, Path) or text.lower().endswith((".yaml", ".yml")) or "/" in text or "\\" in text


def _folder(name: str) -> Traversable:
    return files("narrowgauge.archmodels").joinpath(name)
