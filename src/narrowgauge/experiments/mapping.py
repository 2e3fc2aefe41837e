"""The dataflow search on an SM: tiles, loop orders and stages of one matrix product on a GPU's tensor cores, or on the unit that
stands in their place.

The product is split over a grid of SMs along m and n. Each SM takes its slice from the L2 through shared memory, which holds
inputs, and registers; the DRAM moves every operand once. It is a model of bandwidths and capacities: no latencies, no conversion
of weights on the CUDA cores (`predict` and `price` have both, for tiles that kernels really have).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from narrowgauge.archmodels import Machine
from narrowgauge.dataflows.mapping import (
    Compute,
    Found,
    Level,
    Mapping,
    Objective,
    Priced,
    Product,
    Stages,
    Target,
    check,
    price,
    search,
)
from narrowgauge.dataflows.mapping.cost import Candidates, demand_bytes
from narrowgauge.errors import InputError, Problem
from narrowgauge.formats import QuantScheme
from narrowgauge.units import BITS_PER_BYTE, BYTES_PER_GB, BYTES_PER_KB, US_PER_S

MMA_M, MMA_N, MMA_K_BITS = 16, 8, 256  # of mma.sync: PTX ISA, matrix shapes
EVALUATIONS = 300_000  # of each split, so that all together take seconds
PARTS = 3


@dataclass(frozen=True)
class GpuMapping:
    """The best split and mapping. `found.best` and `found.front` are one SM's slice; latency, energy: the whole product."""

    product: Product
    grid: tuple[int, int]
    slice: Product
    target: Target
    found: Found
    latency_us: float
    energy_uj: float
    dram_us: float
    bound_by: str

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "latency_us": self.latency_us,
            "energy_uj": self.energy_uj,
            "dram_us": self.dram_us,
            "bound_by": self.bound_by,
            "grid": list(self.grid),
            "slice": list(self.slice.sizes),
            "unit": self.target.compute.name,
            "complete": self.found.complete,
            "tried": self.found.tried,
            "best": _plain(self.found.best, self.target),
            "front": [_plain(entry, self.target) for entry in self.found.front],
        }


def _plain(entry: Priced, target: Target) -> dict[str, Any]:
    return {
        "tiles": {level.name: list(tile) for level, tile in zip(target.levels, entry.tiles, strict=False)},
        "orders": ["".join(order) for order in entry.mapping.orders],
        "stages": [[stages.inputs, stages.output] for stages in entry.mapping.stages],
        "latency_cycles": entry.latency_cycles,
        "energy_pj": entry.energy_pj,
        "buffer_bytes": entry.buffer_bytes,
        "busy_cycles": entry.busy_cycles,
    }


def parse_sizes(text: str, what: str = "shape") -> tuple[int, int, int]:
    """`16x4096x4096` as m, n, k; raises InputError otherwise."""
    parts = re.split(r"[x×,]", text.strip().lower())
    if len(parts) != PARTS or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise InputError([Problem(what, f"given '{text}', write MxNxK with whole numbers, for instance 16x4096x4096")])
    m, n, k = map(int, parts)
    return m, n, k


def map_product(
    machine: Machine,
    scheme: QuantScheme,
    sizes: tuple[int, int, int],
    objective: Objective = Objective.LATENCY,
    tile: tuple[int, int, int] | None = None,
) -> GpuMapping:
    """The best mapping of C[m,n] = A[m,k] · B[k,n], activations A and weights B; with `tile`, of that tile in shared memory.

    Raises UnsupportedError where neither the unit nor the tensor cores multiply the scheme, CapacityError where nothing fits."""
    target, activation_bits = _target(machine, scheme)
    m, n, k = sizes
    accumulated, output = float(scheme.accumulate.storage_bits), float(scheme.output.storage_bits)
    product = Product(m, n, k, activation_bits, float(scheme.weight_bits), accumulated, output)
    grids = _grids(product, tile or target.compute.quantum, machine.resources.sm_count)
    mapped = [_mapped(machine, product, target, grid, objective, tile) for grid in grids]
    scores = {
        Objective.LATENCY: lambda found: (found.latency_us, found.energy_uj),
        Objective.ENERGY: lambda found: (found.energy_uj, found.latency_us),
        Objective.EDP: lambda found: (found.latency_us * found.energy_uj, found.latency_us),
    }
    return min(mapped, key=scores[objective])


def _target(machine: Machine, scheme: QuantScheme) -> tuple[Target, float]:
    """One SM, and the bits of an activation as the unit takes it."""
    gpu = machine.resources
    offered = gpu.unit.product(scheme) if gpu.unit else None
    if offered:
        compute = Compute(offered.unit, offered.tile, offered.macs, offered.pj_per_mac)
        bits = offered.activation_bytes * BITS_PER_BYTE
    else:
        operand = scheme.mma_operand(gpu.tensor_macs)
        bits = float(scheme.activation_bits)
        quantum = (MMA_M, MMA_N, max(int(MMA_K_BITS // bits), 1))
        compute = Compute(f"tensor core, {operand}", quantum, gpu.tensor_macs[operand], gpu.energy_pj[f"mac_{operand}"])
    energy = gpu.energy_pj
    levels = (
        Level("l2", None, min(gpu.l2_bytes_per_sm_cycle, gpu.l2_port_bytes_per_cycle), energy["l2_byte"]),
        Level("smem", gpu.smem_kb_per_sm * BYTES_PER_KB, gpu.smem_bytes_per_sm_cycle, energy["smem_byte"], ("a", "b")),
        # the unit's peak is stated with operands out of registers: they bound nothing
        Level("registers", gpu.registers_kb_per_sm * BYTES_PER_KB, math.inf, energy["register_byte"]),
    )
    return Target(levels, compute), bits


def _grids(product: Product, step: tuple[int, int, int], sms: int) -> Iterator[tuple[int, int]]:
    """Splits over SMs along m and n: m by powers of two, n by as many as are left; no slice below one step."""
    most_m, most_n = (math.ceil(size / s) for size, s in zip(product.sizes[:2], step[:2], strict=True))
    rows = 1
    while rows <= min(most_m, sms):
        yield rows, min(sms // rows, most_n)
        rows *= 2


def _mapped(
    machine: Machine,
    product: Product,
    target: Target,
    grid: tuple[int, int],
    objective: Objective,
    tile: tuple[int, int, int] | None,
) -> GpuMapping:
    gpu = machine.resources
    steps = (tile or target.compute.quantum)[:2]
    m, n = (math.ceil(math.ceil(size / s) / parts) * s for size, s, parts in zip(product.sizes[:2], steps, grid, strict=True))
    part = replace(product, m=min(m, product.m), n=min(n, product.n))
    found = search(part, target, objective, EVALUATIONS, starts=1) if tile is None else _fixed(part, target, tile)
    sm_us = found.best.latency_cycles / gpu.cycles_per_us
    moved = sum(product.elements(x) * bits for x, bits in (("a", product.a_bits), ("b", product.b_bits), ("c", product.c_bits)))
    dram_bytes = moved / BITS_PER_BYTE
    dram_us = dram_bytes / (gpu.dram_gb_per_s * BYTES_PER_GB / US_PER_S)
    energy = found.best.energy_pj * grid[0] * grid[1] + dram_bytes * gpu.energy_pj["dram_byte"]
    bound = "dram" if dram_us >= sm_us else found.best.bound_by
    return GpuMapping(product, grid, part, target, found, max(sm_us, dram_us), energy / 1e6, dram_us, bound)


def _fixed(product: Product, target: Target, tile: tuple[int, int, int]) -> Found:
    """That tile in shared memory with two buffers for inputs, its sums in registers; raises CapacityError if it does not fit."""
    step = target.compute.quantum[2]
    mapping = Mapping.of_tiles(
        product, target, [tile, (tile[0], tile[1], min(step, tile[2]))], [("m", "n", "k")] * 3, [Stages(2, 1), Stages(1, 1)]
    )
    check(product, target, mapping)
    cost = price(product, target, mapping)
    candidates = Candidates.of(product, target, np.array([mapping.fans]))
    held = sum(float(demand_bytes(product, target, candidates, i, s)[0]) for i, s in enumerate(mapping.stages, start=1))
    busy, moved = (
        {name: float(column[0]) for name, column in table.items()} for table in (cost.busy_cycles, cost.crossing_bytes)
    )
    tiles = mapping.tiles(product, target)
    entry = Priced(mapping, tiles, float(cost.latency_cycles[0]), float(cost.energy_pj[0]), held, busy, moved)
    return Found(entry, (entry,), 1, complete=False)
