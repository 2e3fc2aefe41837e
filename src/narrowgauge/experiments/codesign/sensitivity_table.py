"""The user's sensitivities: what a scheme costs in quality, by block or by linear map of a block. Any scale, additive.

layer,scheme,loss            layer,operator,scheme,loss
0,w4a16-g128,0.031           0,mlp.down,w4a16-g128,0.012
0,w8a16,0.001                0,mlp.down,w8a16,0.0004
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narrowgauge.errors import InputError, NarrowgaugeError, Problem, nearest
from narrowgauge.experiments.tables import read_table
from narrowgauge.formats import parse_scheme

if TYPE_CHECKING:
    import pandas as pd

WHOLE = "*"  # a whole block in place of one linear map
COLUMNS = ("layer", "operator", "scheme", "loss")
Item = tuple[int, str]  # block counted from 0, and linear map


@dataclass(frozen=True)
class SensitivityTable:
    """Losses by item and canonical scheme name; items and schemes in the order in which the file names them first."""

    losses: dict[tuple[Item, str], float]

    @property
    def items(self) -> tuple[Item, ...]:
        """What a scheme is chosen for."""
        return tuple(dict.fromkeys(item for item, _ in self.losses))

    @property
    def schemes(self) -> tuple[str, ...]:
        """The options."""
        return tuple(dict.fromkeys(scheme for _, scheme in self.losses))


def read_sensitivities(path: Path) -> SensitivityTable:
    """The table in a CSV or Parquet file; raises InputError that holds every bad row by its number."""
    frame = read_table(path)
    missing = [name for name in ("layer", "scheme", "loss") if name not in frame.columns]
    problems = [Problem(str(path), f"has no column '{name}', {nearest(name, map(str, frame.columns))}") for name in missing]
    unknown = [name for name in frame.columns if name not in COLUMNS]
    problems += [Problem(str(path), f"unknown column '{name}', {nearest(name, COLUMNS)}") for name in unknown]
    if problems:
        raise InputError(problems)
    return _checked(path, frame)


def _checked(path: Path, frame: pd.DataFrame) -> SensitivityTable:
    losses: dict[tuple[Item, str], float] = {}
    problems: list[Problem] = []
    for number, row in enumerate(frame.to_dict("records"), start=1):
        where = f"{path}: row {number}"
        faults = [Problem(where, words) for words in _faults(row)]
        if not faults:
            item = (int(row["layer"]), str(row.get("operator", WHOLE)))
            key = (item, parse_scheme(str(row["scheme"])).name)
            if key in losses:
                faults.append(Problem(where, f"layer {item[0]}, {item[1]} has a loss for {key[1]} already"))
            losses[key] = float(row["loss"])
        problems += faults
    if not losses and not problems:
        problems.append(Problem(str(path), "has no rows"))
    if problems:
        raise InputError(problems)
    return SensitivityTable(losses)


def _faults(row: dict[Any, Any]) -> list[str]:
    found: list[str] = []
    for name, least in (("layer", 0.0), ("loss", -math.inf)):
        value = row[name]
        if not isinstance(value, int | float) or not math.isfinite(value) or value < least:
            found.append(f"{name} is {value!r}, allowed: a {'whole number of 0 or more' if name == 'layer' else 'number'}")
        elif name == "layer" and value != int(value):
            found.append(f"layer is {value!r}, allowed: a whole number of 0 or more")
    try:
        parse_scheme(str(row["scheme"]))
    except NarrowgaugeError as error:
        found.append(str(error))
    return found
