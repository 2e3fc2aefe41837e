"""Refill by fetching again: an operand stays in its buffer whole, or the other one is read once for every buffer-load of it.

Only where neither fits is something read twice; of the two ways the one with less traffic is taken (artifact of BitMoD).
Computation and DRAM overlap over a layer, so that the slower of the two counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from narrowgauge.archmodels.accelerator.layer import Layer
from narrowgauge.archmodels.accelerator.moves import Buffers, Moves
from narrowgauge.units import BITS_PER_BYTE


@dataclass(frozen=True)
class Fetches:
    """How often each operand is read from DRAM as a whole."""

    weight: int
    activation: int

    def read_bytes(self, layer: Layer) -> int:
        """Bytes read from DRAM."""
        return self.weight * layer.weight.bytes + self.activation * layer.activation.bytes

    def dram_cycles(self, layer: Layer, bits_per_cycle: float) -> int:
        """Whole cycles of the interface, the last one begun not counted."""
        return int((self.read_bytes(layer) + layer.result.bytes) * BITS_PER_BYTE / bits_per_cycle)


def fetches(layer: Layer, weight_capacity: float, activation_capacity: float) -> Fetches:
    """The way with less traffic; of equals the one that reads activations again."""
    weight, activation = layer.weight.bytes, layer.activation.bytes
    if weight <= weight_capacity or activation <= activation_capacity:
        return Fetches(1, 1)
    ways = (Fetches(1, ceil(weight / weight_capacity)), Fetches(ceil(activation / activation_capacity), 1))
    return min(ways, key=lambda way: way.read_bytes(layer))


def refetched(layer: Layer, compute_cycles: float, buffers: Buffers, dram_bits_per_cycle: float) -> Moves:
    """What a layer moves that way; buffers are filled in whole words."""
    way = fetches(layer, buffers.weight.capacity_bytes, buffers.activation.capacity_bytes)
    return Moves(
        cycles=max(compute_cycles, way.dram_cycles(layer, dram_bits_per_cycle)),
        compute_cycles=compute_cycles,
        dram_read_bits=way.read_bytes(layer) * BITS_PER_BYTE,
        dram_write_bits=layer.result.bytes * BITS_PER_BYTE,
        weight_fill_bits=way.weight * buffers.weight.fill_bits(layer.weight),
        activation_fill_bits=way.activation * buffers.activation.fill_bits(layer.activation),
        result_fill_bits=buffers.result.fill_bits(layer.result),
        result_read_bits=0.0,
    )
