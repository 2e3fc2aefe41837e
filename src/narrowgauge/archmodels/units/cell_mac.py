"""Integer and minifloat multiply-accumulate by the width of exponent and mantissa, priced by the component library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from narrowgauge.archmodels.components import Cost
from narrowgauge.archmodels.specification import Schema
from narrowgauge.archmodels.units.cell_array import CellArray, CellSheet, unknown_words
from narrowgauge.archmodels.units.pe_array import Pace
from narrowgauge.formats import NumberFormat, QuantScheme


class CellMacSheet(CellSheet):
    """An array of MACs made of library parts."""

    unit: Literal["cell_mac"]


@dataclass(frozen=True)
class CellMacArray(CellArray):
    """One product per PE and cycle."""

    schema: ClassVar[Schema] = Schema(CellMacSheet, unknown_words)

    def pace(self, scheme: QuantScheme) -> Pace:
        """One neighbour, one cycle."""
        return Pace()

    def pe(self, weight: NumberFormat, activation: NumberFormat) -> Cost:
        """Multiplier, adder and register of the sum."""
        return self.components.mac(weight, activation, self.accumulate)
