"""Refill by tiles: a layer on the PE array with the tiling that the search finds."""

from __future__ import annotations

import numpy as np

from narrowgauge.archmodels.accelerator.layer import Layer
from narrowgauge.archmodels.accelerator.moves import Buffers, Moves
from narrowgauge.archmodels.accelerator.tiles import Sizes, best_tiling
from narrowgauge.archmodels.units.pe_array import PeArray
from narrowgauge.archmodels.units.unit import Service
from narrowgauge.units import BITS_PER_BYTE


def tiled(
    layer: Layer,
    array: PeArray,
    service: Service,
    buffers: Buffers,
    dram_bits_per_cycle: float,
    dram_pj_per_bit: tuple[float, float],
) -> Moves:
    """What a layer moves that way. `dram_pj_per_bit` is for reading and writing; work of the array beside its products
    (dequantisation) takes turns with them. Raises CapacityError where no tile fits."""
    task, held = layer.task, {"weight": buffers.weight, "activation": buffers.activation, "result": buffers.result}
    (m, n, k), steps, (read, write) = array.tile(task.scheme), array.pace(task.scheme).steps, dram_pj_per_bit

    def compute_cycles(tile_m: Sizes, tile_n: Sizes, tile_k: Sizes) -> Sizes:
        found: Sizes = np.ceil(tile_m / m) * np.ceil(tile_n / n) * np.ceil(tile_k / k) * steps
        return found

    best = best_tiling(
        sizes={"m": task.m, "n": task.n, "k": task.k},
        bits={"weight": layer.weight.bits, "activation": layer.activation.bits, "result": layer.result.bits},
        # neighbours along k lie side by side over the width of the array (simulators of Bit Fusion and ANT)
        granule={"weight": m, "activation": n, "result": 1},
        capacity_bits={operand: buffer.capacity_bytes * BITS_PER_BYTE for operand, buffer in held.items()},
        pj_per_bit={
            "weight": read + buffers.weight.write_pj_per_bit,
            "activation": read + buffers.activation.write_pj_per_bit,
            "result": write + buffers.result.read_pj_per_bit,
            "tile_result": buffers.result.read_pj_per_bit + buffers.result.write_pj_per_bit,
        },
        dram_bits_per_cycle=dram_bits_per_cycle,
        compute_cycles=compute_cycles,
    )
    beside = service.cycles - service.busy_cycles["pe_array"]
    return Moves(
        cycles=best.cycles + beside,
        compute_cycles=best.cycles - best.stall_cycles + beside,
        dram_read_bits=best.dram_read_bits,
        dram_write_bits=best.dram_write_bits,
        weight_fill_bits=best.weight_read_bits,
        activation_fill_bits=best.activation_read_bits,
        result_fill_bits=best.result_bits,
        result_read_bits=best.result_bits + best.dram_write_bits,
    )
