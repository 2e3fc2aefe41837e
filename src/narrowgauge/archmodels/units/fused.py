"""Precision-scalable PEs: a wide multiplier splits into lanes for narrow operands (Bit Fusion, ISCA 2018).

A PE of `widest_bits` splits into widest // bits lanes on either side, down to operands of `narrowest_bits`; narrower ones are
widened. The lanes of activations serve further rows of C, those of weights further columns.

Group-quantised weights are dequantised on the same multipliers, before the product: each weight once for every
`rows_per_dequantisation` tokens, because the dequantised ones are not kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from narrowgauge.archmodels.rule import Rule
from narrowgauge.archmodels.schema import Section
from narrowgauge.archmodels.specification import Schema
from narrowgauge.archmodels.units.pe_array import Pace, PeArray, PeSheet, element, unknown_formats
from narrowgauge.archmodels.units.unit import MatrixTask, Service
from narrowgauge.formats import NumberFormat, QuantScheme
from narrowgauge.provenance import Quantity

Width = Annotated[Quantity, Rule("bit", 1, 64, whole=True)]
ROWS_PER_DEQUANTISATION = "fusion.rows_per_dequantisation"


class Fusion(Section):
    """How wide the whole multiplier is, and how narrow its smallest lane."""

    widest_bits: Width
    narrowest_bits: Width
    #: tokens for which a weight is dequantised once; none where weights need no dequantisation
    rows_per_dequantisation: Annotated[Quantity | None, Rule("count", 1, 1e6, whole=True)] = None


class FusedSheet(PeSheet):
    """An array of precision-scalable PEs."""

    unit: Literal["fused"]
    fusion: Fusion


@dataclass(frozen=True)
class FusedArray(PeArray):
    """Narrow operands fill more lanes of each PE."""

    schema: ClassVar[Schema] = Schema(FusedSheet, unknown_formats)

    def pace(self, scheme: QuantScheme) -> Pace:
        """The lanes that the widths of both operands leave."""
        return Pace(lanes_m=self._lanes(scheme.activation.format), lanes_n=self._lanes(scheme.weight.format))

    def _lanes(self, fmt: NumberFormat) -> int:
        return self.count("fusion.widest_bits") // max(element(fmt).bits, self.count("fusion.narrowest_bits"))

    def service(self, task: MatrixTask) -> Service:
        """Products and dequantisation take turns on the multipliers."""
        plain = super().service(task)
        if ROWS_PER_DEQUANTISATION not in self.quantities:
            return plain
        multiplications = task.n * task.k * -(-task.m // self.count(ROWS_PER_DEQUANTISATION))
        dequantising = -(-multiplications // self.pes)
        return Service(
            cycles=plain.cycles + dequantising,
            busy_cycles={**plain.busy_cycles, "dequantise": dequantising},
            energy_pj={**plain.energy_pj, "dequantise": dequantising * self.cycle_pj(task.scheme)},
            actions={**plain.actions, "dequantisation": multiplications},
        )
