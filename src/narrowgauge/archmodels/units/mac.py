"""A multiply-accumulate per PE and cycle: FP16 baselines, and PEs that decode narrow weights in front of such a multiplier.

ANT (MICRO 2022) decodes flint and integers into exponent and integer, OliVe (ISCA 2023) into outlier and victim; neither changes
how many products a PE makes, only what one costs, which the specification says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from narrowgauge.archmodels.specification import Schema
from narrowgauge.archmodels.units.pe_array import Pace, PeArray, PeSheet, unknown_formats
from narrowgauge.formats import QuantScheme


class MacSheet(PeSheet):
    """An array of MACs."""

    unit: Literal["mac"]


@dataclass(frozen=True)
class MacArray(PeArray):
    """One product per PE and cycle whatever the formats."""

    schema: ClassVar[Schema] = Schema(MacSheet, unknown_formats)

    def pace(self, scheme: QuantScheme) -> Pace:
        """One neighbour, one cycle."""
        return Pace()
