"""What a kernel may know of a unit that stands in the tensor core's place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from narrowgauge.formats import QuantScheme


@dataclass(frozen=True)
class UnitProduct:
    """The units of one SM, multiplying operands of one scheme, as they are stored: nothing is converted on the CUDA cores.

    `macs` are per SM and cycle of the tensor clock; `tile` (m, n, k) is what one instruction covers; `activation_bytes` is what
    the kernel streams per activation (a lookup table holds more than the activation), `result_bytes` what the unit's sums take in
    registers."""

    unit: str
    macs: float
    tile: tuple[int, int, int]
    activation_bytes: float
    result_bytes: float
    pj_per_mac: float
    #: activations are turned into tables before the product, by the kernel that makes them
    tables: bool = False


class TensorUnit(Protocol):
    """A unit in an SM. Schemes that it refuses run on the tensor cores, which are kept beside it."""

    @property
    def name(self) -> str:
        """The unit's name."""
        ...

    def __hash__(self) -> int:
        """Units are values: equal ones are alike."""
        ...

    def product(self, scheme: QuantScheme) -> UnitProduct | None:
        """What it offers for a scheme; None where it refuses."""
        ...
