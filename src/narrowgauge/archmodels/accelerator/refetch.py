"""Refill by fetching again: an operand stays in its buffer whole, or the other one is read once for every buffer-load of it.

Only where neither fits is something read twice; of the two ways the one with less traffic is taken (artifact of BitMoD).
Computation and DRAM overlap over a layer, so that the slower of the two counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from narrowgauge.archmodels.accelerator.layer import Layer
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
