"""The steps by which a parameter gets its value: specification, fit, what-if override."""

from __future__ import annotations

from dataclasses import dataclass

from narrowgauge.archmodels.frozen import FrozenMap
from narrowgauge.provenance import Quantity

SPECIFICATION, FIT, OVERRIDE = "specification", "fit", "what-if override"


@dataclass(frozen=True)
class Override:
    """One what-if change: the path, what stood there (None if nothing did), and what stands there now."""

    path: str
    old: Quantity | None
    new: Quantity


@dataclass(frozen=True)
class Layer:
    """What one step of specification → fit → override says, by path."""

    name: str
    quantities: FrozenMap[Quantity]
