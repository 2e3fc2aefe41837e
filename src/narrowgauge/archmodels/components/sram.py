"""Area and energy of on-chip SRAM by capacity and width.

Read energy follows CACTI 7 at 45 or 22 nm (the nearer), scaled to the node as logic is; a macro is cells and as much around
them again as the array efficiency says.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

import numpy as np

from narrowgauge import units
from narrowgauge.archmodels.components.process import energy_factor, nominal_supply_v
from narrowgauge.archmodels.components.tables import table
from narrowgauge.errors import InputError, Problem

_REFERENCE_NODES_NM = (45, 22)
_CELL_NODES_NM = (5, 7, 16, 28, 45)
_REFERENCE_BYTES, _REFERENCE_WIDTH_BITS = 8192, 256  # of `at_8kb_256b`


@dataclass(frozen=True)
class SramCost:
    """One macro: area, and the energy of reading or writing one word of its width."""

    area_um2: float
    read_pj: float
    write_pj: float


def sram(capacity_bytes: float, width_bits: int, node_nm: float, supply_v: float | None = None) -> SramCost:
    """A single-port macro; raises InputError for sizes below one bit or one byte, or a node outside of 1 to 65 nm."""
    given = {"capacity_bytes": capacity_bytes, "width_bits": width_bits}
    problems = [Problem(name, f"given {size}, allowed: 1 or more") for name, size in given.items() if not size >= 1]
    if problems:
        raise InputError(problems)
    reference = min(_REFERENCE_NODES_NM, key=lambda node: abs(log(node_nm / node)))
    path = f"sram.n{reference}"
    per_bit = (
        _value(f"{path}.at_8kb_256b")
        * (capacity_bytes / _REFERENCE_BYTES) ** _value(f"{path}.capacity_exponent")
        * (width_bits / _REFERENCE_WIDTH_BITS) ** _value(f"{path}.width_exponent")
    )
    supply = nominal_supply_v(node_nm) if supply_v is None else supply_v
    read = per_bit * width_bits * energy_factor(node_nm, supply, reference, nominal_supply_v(reference))
    area = capacity_bytes * units.BITS_PER_BYTE * _cell_um2(node_nm) / _value("sram.array_efficiency")
    return SramCost(area, read, read * _value("sram.write_over_read"))


def _cell_um2(node_nm: float) -> float:
    """Area of a cell, a power of the node between those published, the end intervals continued."""
    nodes = np.log(_CELL_NODES_NM)
    cells = np.log([_value(f"sram.cell_um2_{node}nm") for node in _CELL_NODES_NM])
    at = log(node_nm)
    interval = int(np.clip(np.searchsorted(nodes, at) - 1, 0, len(nodes) - 2))
    slope = (cells[interval + 1] - cells[interval]) / (nodes[interval + 1] - nodes[interval])
    return exp(cells[interval] + slope * (at - nodes[interval]))


def _value(path: str) -> float:
    return table("memories")[path].value
