"""Energy of an access to one bank of a buffer: from a published or calculated table.

Tables stand in `sram/` and hold banks of a few sizes; between two widths energy is interpolated linearly, outside it is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from narrowgauge.archmodels.yaml_source import read_yaml
from narrowgauge.errors import InputError, Problem, UnsupportedError, nearest

SUFFIX = ".yaml"
COLUMNS = ["bank_bytes", "width_bits", "read_pj", "write_pj"]


@dataclass(frozen=True)
class AccessEnergy:
    """Of one access to one bank, as wide as the bank."""

    read_pj: float
    write_pj: float


@cache
def sram_tables() -> tuple[str, ...]:
    """Names of the tables."""
    found = files(__package__).joinpath("sram").iterdir()
    return tuple(sorted(item.name.removesuffix(SUFFIX) for item in found if item.name.endswith(SUFFIX)))


@cache
def access_energy(table: str, bank_bytes: float, width_bits: float) -> AccessEnergy:
    """What the table says; raises InputError for an unknown table, UnsupportedError for a bank that it does not hold."""
    rows = _rows(table)
    of_size = rows[rows[:, 0] == bank_bytes]
    if not len(of_size):
        held = ", ".join(f"{size:g}" for size in np.unique(rows[:, 0]))
        raise UnsupportedError(f"table '{table}' has no bank of {bank_bytes:g} bytes (it has {held})")
    widths = of_size[:, 1]
    if not widths[0] <= width_bits <= widths[-1]:
        raise UnsupportedError(f"table '{table}' has banks {widths[0]:g} to {widths[-1]:g} bits wide, asked for {width_bits:g}")
    read, write = (float(np.interp(width_bits, widths, of_size[:, column])) for column in (2, 3))
    return AccessEnergy(read, write)


@cache
def _rows(table: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    if table not in sram_tables():
        raise InputError([Problem("sram", f"unknown table '{table}'; {nearest(table, sram_tables())}")])
    source = read_yaml(files(__package__).joinpath("sram", table + SUFFIX), table + SUFFIX)
    if source.tree.get("columns") != COLUMNS:
        raise InputError([Problem(f"{source.label}:{source.line_of(['columns'])}: columns", f"must be {', '.join(COLUMNS)}")])
    return np.array(sorted(source.tree["rows"]), dtype=np.float64)
