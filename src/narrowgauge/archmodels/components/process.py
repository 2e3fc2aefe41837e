"""What area and energy of logic become at another process node (Stillmaker and Baas, Integration 58, 2017).

Between nodes of the table, both are interpolated linearly over the node. Delay is not scaled: a design states its clock.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from narrowgauge.archmodels.components.tables import table
from narrowgauge.errors import InputError, Problem


@cache
def nodes_nm() -> tuple[int, ...]:
    """The nodes of the table, smallest first."""
    names = {path.split(".")[0] for path in table("nodes")}
    return tuple(sorted(int(name[1:]) for name in names if name.startswith("n")))


def check_node(node_nm: float) -> None:
    """Raise InputError for a node that nothing is known of."""
    largest = nodes_nm()[-1]
    if not 1 <= node_nm <= largest:
        raise InputError([Problem("node_nm", f"given {node_nm:g}, allowed: 1 to {largest}")])


def area_factor(node_nm: float) -> float:
    """Area of logic over that at 45 nm; raises InputError outside of 1 to 65 nm."""
    check_node(node_nm)
    return _interpolated("area_over_45nm", node_nm) * _below(node_nm, "area_exponent")


def energy_factor(node_nm: float, supply_v: float, from_nm: float, from_v: float) -> float:
    """Energy of logic over that at node `from_nm` under `from_v`; raises likewise."""
    return _energy(node_nm, supply_v) / _energy(from_nm, from_v)


def nominal_supply_v(node_nm: float) -> float:
    """The usual core supply of a node; raises likewise."""
    check_node(node_nm)
    return _interpolated("supply_v", node_nm)


def _energy(node_nm: float, supply_v: float) -> float:
    check_node(node_nm)
    square, linear, constant = (_interpolated(name, node_nm) for name in ("square", "linear", "constant"))
    return (square * supply_v**2 + linear * supply_v + constant) * _below(node_nm, "energy_exponent")


def _below(node_nm: float, exponent: str) -> float:
    smallest = nodes_nm()[0]
    return float(min(node_nm / smallest, 1.0) ** table("nodes")[f"below.{exponent}"].value)


def _interpolated(name: str, node_nm: float) -> float:
    values = [table("nodes")[f"n{node}.{name}"].value for node in nodes_nm()]
    return float(np.interp(node_nm, nodes_nm(), values))
