"""Where a number comes from. Every parameter of a specification or a fit is a `Quantity`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a number came to be, from most to least trustworthy."""

    MEASURED = "measured"
    DATASHEET = "datasheet"
    FITTED = "fitted"
    DERIVED = "derived"
    ASSUMED = "assumed"


@dataclass(frozen=True)
class Quantity:
    """A number with its unit, its source (a citation) and its kind."""

    value: float
    unit: str
    source: str
    kind: Kind
