"""What an operand's buffer costs per access."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from narrowgauge.archmodels.accelerator.access_energy import AccessEnergy, access_energy
from narrowgauge.archmodels.accelerator.layer import Operand


@dataclass(frozen=True)
class Buffer:
    """`banks` banks side by side, together `port_bits` wide; `sram` is the table of their energies."""

    sram: str
    capacity_bytes: float
    banks: int
    port_bits: float
    reads_every_mac: bool
    write_word_bits: int

    @cached_property
    def access(self) -> AccessEnergy:
        """Of one bank; raises UnsupportedError where the table does not hold it."""
        return access_energy(self.sram, self.capacity_bytes / self.banks, self.port_bits / self.banks)

    @property
    def access_read_pj(self) -> float:
        """Energy of reading the whole port."""
        return self.banks * self.access.read_pj

    @property
    def read_pj_per_bit(self) -> float:
        """Energy per bit of a read."""
        return self.access_read_pj / self.port_bits

    @property
    def write_pj_per_bit(self) -> float:
        """Energy per bit of a write."""
        return self.banks * self.access.write_pj / self.port_bits

    def fill_bits(self, operand: Operand) -> int:
        """Bits written when an operand is filled in once, in whole words."""
        return operand.words(self.write_word_bits) * self.write_word_bits
