"""A unit in the tensor core's place: what a kernel on that GPU sees of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from narrowgauge.archmodels.units.catalogue import load_unit
from narrowgauge.archmodels.units.unit import Unit
from narrowgauge.dataflows.unit import UnitProduct
from narrowgauge.formats import QuantScheme
from narrowgauge.units import BITS_PER_BYTE

RESULT_BYTES = 4.0  # of a sum: FP32 or INT32


@dataclass(frozen=True)
class UnitInSm:
    """`per_sm` of the unit in every SM, at the clock of the tensor cores whose place they take."""

    unit: Unit
    per_sm: int

    @property
    def name(self) -> str:
        """The unit's name."""
        return self.unit.name

    def product(self, scheme: QuantScheme) -> UnitProduct | None:
        """What the units of one SM offer for a scheme; None where they refuse it."""
        unit = self.unit
        if not unit.supports(scheme):
            return None
        bits = unit.activation_bits(scheme)
        return UnitProduct(
            unit=unit.name,
            macs=unit.macs_per_cycle(scheme) * self.per_sm,
            tile=unit.tile(scheme),
            activation_bytes=bits / BITS_PER_BYTE,
            result_bytes=RESULT_BYTES,
            pj_per_mac=unit.pj_per_mac(scheme),
            tables=bits > scheme.activation.storage_bits,
        )


def in_sm(unit: Unit | str | Path) -> UnitInSm:
    """A unit, its name or its file, for an SM; raises InputError for an unknown one, UnsupportedError for one not made for it."""
    found = unit if isinstance(unit, Unit) else load_unit(unit)
    return UnitInSm(found, found.per_sm)
