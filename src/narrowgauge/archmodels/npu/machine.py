"""An NPU: what an operator costs on systolic arrays, SIMD units and the pins of its memory."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import ClassVar

from narrowgauge.archmodels.catalogue import HARDWARE
from narrowgauge.archmodels.frozen import FrozenMap
from narrowgauge.archmodels.npu.schema import NPU, Overlap, Sharing, Start, Tiling
from narrowgauge.archmodels.npu.tiling import Arrays, Tile, candidates, halve_longest
from narrowgauge.archmodels.specification import Schema, load_specification
from narrowgauge.archmodels.specified import Specified
from narrowgauge.archmodels.units.systolic import Stationary, SystolicArray
from narrowgauge.sim.dram import Controller, Standard, load_standard, simulate
from narrowgauge.sim.dram.patterns import stream
from narrowgauge.units import BITS_PER_BYTE, BYTES_PER_GB, BYTES_PER_KB, MJ_PER_J, PJ_PER_J, US_PER_S

ARRAY = "systolic array"
STREAM = 20_000  # reads that a channel's bandwidth is taken from: some ten refresh intervals


@dataclass(frozen=True)
class Work:
    """What one execution of an operator took: time by the part that needs it, tiles, energy (NaN where an action has none)."""

    latency_us: float
    busy_us: Mapping[str, float]
    tile: Tile | None
    energy_mj: float
    macs: float
    dram_bytes: float

    @property
    def array_us(self) -> float:
        """Time that the systolic arrays have work."""
        return self.busy_us.get(ARRAY, 0.0)

    @property
    def bound_by(self) -> str:
        """The part that is busy longest; of equals the first."""
        return max(self.busy_us, key=lambda part: self.busy_us[part])


@dataclass(frozen=True)
class Npu(Specified):
    """Build it with `load_npu` or `load_machine`; change it with `with_`, which returns a new one."""

    schema: ClassVar[Schema] = NPU

    @cached_property
    def arrays(self) -> Arrays:
        """The systolic arrays."""
        stationary = Stationary(self.texts["arrays.stationary"])
        array = SystolicArray(self.count("arrays.rows"), self.count("arrays.columns"), stationary)
        overlap, sharing = Overlap(self.texts["arrays.overlap"]), Sharing(self.texts["arrays.sharing"])
        return Arrays(array, self.count("arrays.count"), overlap, sharing)

    @property
    def standard(self) -> Standard:
        """The memory of each channel."""
        return load_standard(self.texts["memory"])

    @property
    def memory_gb(self) -> float:
        """Capacity of all channels."""
        return self.count("channels") * self.standard.organisation.channel_bytes / BYTES_PER_GB

    @property
    def bytes_per_us(self) -> float:
        """What sequential reads reach, from the bank model."""
        return self.count("channels") * _channel_bytes_per_us(self.texts["memory"])

    @property
    def element_bytes(self) -> float:
        """Bytes of an element of either operand."""
        return self.value("element_bits") / BITS_PER_BYTE

    def gemm(self, m: int, n: int, k: int, products: int = 1) -> Work:
        """`products` products C[m,n] = A[m,k] · B[k,n] with operands of their own, in the tiles that `tiling` says."""
        return _gemm(self, m, n, k, products)

    def attention(self, groups: int, queries: int, tokens: int, key_dim: int, value_dim: int, dram_bytes: float) -> Work:
        """Scores, softmax and context of `groups` caches of `tokens` tokens, `queries` rows each; the parts work side by side on
        different groups. The mask saves nothing."""
        array = self.arrays.cycles(queries, tokens, key_dim, groups) + self.arrays.cycles(queries, value_dim, tokens, groups)
        busy = {
            ARRAY: array / self.value("clock_mhz"),
            "simd": self._simd_us(groups * queries * tokens, "softmax"),
            "dram": dram_bytes / self.bytes_per_us,
        }
        macs = groups * queries * tokens * (key_dim + value_dim)
        return Work(max(busy.values()), FrozenMap(busy), None, self.energy_mj(macs, dram_bytes), macs, dram_bytes)

    def vector(self, elements: float, kind: str, dram_bytes: float) -> Work:
        """Elementwise work; `kind` is one of `simd.steps`."""
        busy = {"simd": self._simd_us(elements, kind), "dram": dram_bytes / self.bytes_per_us}
        return Work(max(busy.values()), FrozenMap(busy), None, self.energy_mj(0.0, dram_bytes), 0.0, dram_bytes)

    def _simd_us(self, elements: float, kind: str) -> float:
        lanes = self.value("simd.units") * self.value("simd.lanes")
        return math.ceil(elements / lanes) * self.value(f"simd.steps.{kind}") / self.value("clock_mhz")

    def energy_mj(self, macs: float, dram_bytes: float) -> float:
        """Dynamic energy of the actions that have a known one; NaN where one that happens has none."""
        done = {name: amount for name, amount in (("mac", macs), ("dram_byte", dram_bytes)) if amount}
        if any(f"energy_pj.{name}" not in self.quantities for name in done):
            return math.nan
        return sum(amount * self.value(f"energy_pj.{name}") for name, amount in done.items()) * MJ_PER_J / PJ_PER_J


@lru_cache(maxsize=4096)
def _gemm(npu: Npu, m: int, n: int, k: int, products: int) -> Work:
    side = max(npu.arrays.array.rows, npu.arrays.array.columns)
    operands, results = (npu.value(path) * BYTES_PER_KB / 2 / npu.element_bytes for path in ("scratchpad_kb", "accumulator_kb"))
    if Tiling(npu.texts["tiling"]) is Tiling.HALVE_LONGEST:
        return _tiled(npu, halve_longest(m, n, k, side, operands), products, m * n * k)
    tiles = candidates(m, n, k, side, operands, results)
    return min((_tiled(npu, tile, products, m * n * k) for tile in tiles), key=lambda work: work.latency_us)


def _tiled(npu: Npu, tile: Tile, products: int, macs: int) -> Work:
    """All tiles, loads and stores beside the arithmetic, and what stands beside nothing."""
    over_m, over_n, _ = tile.parts
    count, element = products * math.prod(tile.parts), npu.element_bytes
    load = (tile.m * tile.k + tile.k * tile.n) * element
    dram_bytes = count * load + products * over_m * over_n * tile.m * tile.n * element
    array_us, dram_us = npu.arrays.cycles(tile.m, tile.n, tile.k, count) / npu.value("clock_mhz"), dram_bytes / npu.bytes_per_us
    if Start(npu.texts["start"]) is Start.TILE:
        latency = max(array_us, dram_us) + load / npu.bytes_per_us
    else:
        latency = max(array_us, dram_us + _after_the_last_load_us(npu, tile)) + _block_us(npu)
    busy, done = {ARRAY: array_us, "dram": dram_us}, float(products * macs)
    return Work(latency, FrozenMap(busy), tile, npu.energy_mj(done, dram_bytes), done, dram_bytes)


def _after_the_last_load_us(npu: Npu, tile: Tile) -> float:
    """Arithmetic of the last tile once all that streams through the arrays is loaded, which it is after its first pass; what
    rests is loaded in the passes that use it."""
    passes, resting = npu.arrays.passes(tile.m, tile.n, tile.k)
    array_us = npu.arrays.cycles(tile.m, tile.n, tile.k) / npu.value("clock_mhz")
    return (1 - 1 / passes) * max(array_us - resting * npu.element_bytes / npu.bytes_per_us, 0.0)


def _block_us(npu: Npu) -> float:
    array = npu.arrays.array
    return (array.rows + array.columns) * array.rows * npu.element_bytes / npu.bytes_per_us


@lru_cache(maxsize=32)
def _channel_bytes_per_us(memory: str) -> float:
    standard = load_standard(memory)
    controller = Controller.of(standard)
    found = simulate(standard, stream(standard, controller, "seq", STREAM), controller)
    return found.bandwidth_gb_per_s * BYTES_PER_GB / US_PER_S


def load_npu(name_or_path: str | Path) -> Npu:
    """The NPU of a hardware name, or of a YAML specification; raises InputError that holds every fault of the input."""
    return Npu(load_specification(name_or_path, NPU, HARDWARE))
