"""Reads a Hugging Face `config.json`, or one of the model cards that ship with the package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.registry import canonical
from narrowgauge.workloads.architectures import ARCHITECTURES
from narrowgauge.workloads.fields import Fields
from narrowgauge.workloads.model import ModelConfig

CONFIG_FILE = "config.json"


@lru_cache(maxsize=1)
def model_names() -> tuple[str, ...]:
    """Names of the model cards that ship with the package, in alphabetical order."""
    return tuple(sorted(entry.name.removesuffix(".json") for entry in _cards().iterdir() if entry.name.endswith(".json")))


def read_model(source: str | PathLike[str]) -> ModelConfig:
    """The model of a card name (`llama-3-8b`), a config.json, or a folder that holds one.

    Raises one InputError that lists everything that is wrong with the file, or names the nearest card."""
    if isinstance(source, str) and canonical(source) in model_names():
        return _read_card(canonical(source))
    path = _config_path(Path(source))
    if path is None:
        raise InputError(
            [Problem(str(source), f"is no file, no folder with a {CONFIG_FILE} and no model card; {_near(str(source))}")]
        )
    name = path.parent.name if path.name == CONFIG_FILE else path.stem
    return parse_config(_load(path), str(path), name or path.stem)


def _config_path(path: Path) -> Path | None:
    try:
        path = path / CONFIG_FILE if path.is_dir() else path
        return path if path.is_file() else None
    except OSError:  # a name that the file system refuses
        return None


def _near(name: str) -> str:
    return nearest(canonical(name), model_names())


@lru_cache(maxsize=256)
def _read_card(name: str) -> ModelConfig:
    file = f"{name}.json"
    return parse_config(json.loads(_cards().joinpath(file).read_text(encoding="utf-8")), file, name)


def _cards() -> Any:
    return files("narrowgauge.workloads").joinpath("cards")


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise InputError([Problem(f"{path}:{error.lineno}:{error.colno}", f"is not JSON: {error.msg}")]) from None
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InputError([Problem(str(path), f"cannot be read as JSON: {error}")]) from None


def parse_config(data: object, source: str, name: str) -> ModelConfig:
    """The model that the content of a config.json describes; `source` is the file that errors name."""
    if not isinstance(data, Mapping):
        raise InputError([Problem(source, f"holds a {type(data).__name__}, allowed: an object with a model_type")])
    model_type = data.get("model_type")
    if not isinstance(model_type, str) or model_type not in ARCHITECTURES:
        names = [name.replace("-", "_") for name in ARCHITECTURES]  # as published
        given = "missing" if model_type is None else f"unsupported, given {model_type!r}"
        raise InputError([Problem(source, f"model_type: {given}; {nearest(str(model_type), names)}")])
    fields = Fields(data, source)
    try:
        model = ARCHITECTURES[model_type](fields, name)
    finally:
        fields.finish()
    return model
