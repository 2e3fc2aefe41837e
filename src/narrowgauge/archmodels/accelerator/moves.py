"""What passes between DRAM, buffers and PEs while one layer runs, and how long that takes."""

from __future__ import annotations

from dataclasses import dataclass

from narrowgauge.archmodels.accelerator.buffer import Buffer


@dataclass(frozen=True)
class Buffers:
    """One for each operand."""

    weight: Buffer
    activation: Buffer
    result: Buffer


@dataclass(frozen=True)
class Moves:
    """Cycles in all and of the PEs; bits to and from DRAM, bits that fill each buffer, bits of results that are read again.

    Reads of weights and activations by the PEs are not here: they do not depend on how buffers are refilled."""

    cycles: float
    compute_cycles: float
    dram_read_bits: float
    dram_write_bits: float
    weight_fill_bits: float
    activation_fill_bits: float
    result_fill_bits: float
    result_read_bits: float
