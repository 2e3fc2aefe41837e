"""A PE array with buffers, a DRAM interface and a clock: what a product, or all of a model, costs on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from narrowgauge.archmodels.accelerator.buffer import Buffer
from narrowgauge.archmodels.accelerator.cost import LayerCost, total
from narrowgauge.archmodels.accelerator.layer import Layer
from narrowgauge.archmodels.accelerator.refetch import fetches
from narrowgauge.archmodels.accelerator.schema import ACCELERATOR
from narrowgauge.archmodels.accelerator.tiles import Sizes, best_tiling
from narrowgauge.archmodels.catalogue import ACCELERATOR as SHELF
from narrowgauge.archmodels.catalogue import shipped
from narrowgauge.archmodels.specification import Schema, load_specification
from narrowgauge.archmodels.specified import Specified
from narrowgauge.archmodels.units.catalogue import load_unit
from narrowgauge.archmodels.units.pe_array import PeArray
from narrowgauge.archmodels.units.unit import Service
from narrowgauge.errors import InputError, Problem
from narrowgauge.units import BITS_PER_BYTE, BYTES_PER_KB

PJ_PER_MW_US = 1e3  # a milliwatt for a microsecond is a nanojoule


@dataclass(frozen=True)
class Accelerator(Specified):
    """Load one with `load_accelerator`; change it with `with_`, which returns a new one."""

    schema: ClassVar[Schema] = ACCELERATOR

    @cached_property
    def pe_array(self) -> PeArray:
        """The array, of the size that the accelerator gives it."""
        unit = load_unit(self.texts["pe_array"])
        if not isinstance(unit, PeArray):
            raise InputError([Problem("pe_array", f"{unit.name} is no array of PEs, it is a {unit.texts['unit']}")])
        sizes = {path: self.value(path) for path in ("array.rows", "array.columns") if path in self.quantities}
        return unit.with_(**sizes)

    def run(self, layers: Iterable[Layer]) -> LayerCost:
        """Layers one after the other; raises UnsupportedError where the array does not take a format or a buffer is not known,
        CapacityError where a buffer cannot hold a tile."""
        return total(layer.count * self.cost(layer) for layer in layers)

    def cost(self, layer: Layer) -> LayerCost:
        """One execution of one layer; raises likewise."""
        service = self.pe_array.service(layer.task)
        return self._refetched(layer, service) if self.texts["refill"] == "refetch" else self._tiled(layer, service)

    def _refetched(self, layer: Layer, service: Service) -> LayerCost:
        weight, activation, result = (self._buffer(operand, layer) for operand in ("weight", "activation", "result"))
        way = fetches(layer, weight.capacity_bytes, activation.capacity_bytes)
        dram = way.dram_cycles(layer, self.value("dram.bits_per_cycle"))
        written = (
            way.weight * weight.write_pj(layer.weight)
            + way.activation * activation.write_pj(layer.activation)
            + result.write_pj(layer.result)
        )
        reads = self._read_pj(layer, service, weight, activation)
        bits_in, bits_out = way.read_bytes(layer) * BITS_PER_BYTE, layer.result.bytes * BITS_PER_BYTE
        cycles = max(service.cycles, dram)
        return self._priced(cycles, service.cycles, dram, service.total_energy_pj, (reads, written), (bits_in, bits_out))

    def _tiled(self, layer: Layer, service: Service) -> LayerCost:
        task, array = layer.task, self.pe_array
        weight, activation, result = (self._buffer(operand, layer) for operand in ("weight", "activation", "result"))
        held = {"weight": weight, "activation": activation, "result": result}
        m, n, k = array.tile(task.scheme)
        steps = array.pace(task.scheme).steps

        def compute_cycles(tile_m: Sizes, tile_n: Sizes, tile_k: Sizes) -> Sizes:
            found: Sizes = np.ceil(tile_m / m) * np.ceil(tile_n / n) * np.ceil(tile_k / k) * steps
            return found

        best = best_tiling(
            {"m": task.m, "n": task.n, "k": task.k},
            {"weight": layer.weight.bits, "activation": layer.activation.bits, "result": layer.result.bits},
            # neighbours along k lie side by side over the width of the array (simulators of Bit Fusion and ANT)
            {"weight": m, "activation": n, "result": 1},
            {operand: buffer.capacity_bytes * BITS_PER_BYTE for operand, buffer in held.items()},
            {
                "weight": self.value("dram.read_pj_per_bit") + weight.write_pj_per_bit,
                "activation": self.value("dram.read_pj_per_bit") + activation.write_pj_per_bit,
                "result": self.value("dram.write_pj_per_bit") + result.read_pj_per_bit,
                "tile_result": result.read_pj_per_bit + result.write_pj_per_bit,
            },
            self.value("dram.bits_per_cycle"),
            compute_cycles,
        )
        beside = service.cycles - service.busy_cycles["pe_array"]  # dequantisation takes turns with the products
        compute = best.cycles - best.stall_cycles + beside
        reads = self._read_pj(layer, service, weight, activation)
        reads += (best.result_bits + best.dram_write_bits) * result.read_pj_per_bit
        written = best.result_bits * result.write_pj_per_bit
        written += best.weight_read_bits * weight.write_pj_per_bit + best.activation_read_bits * activation.write_pj_per_bit
        dram = (best.dram_read_bits + best.dram_write_bits) / self.value("dram.bits_per_cycle")
        moved = best.dram_read_bits, best.dram_write_bits
        return self._priced(best.cycles + beside, compute, dram, compute * array.cycle_pj(task.scheme), (reads, written), moved)

    def _read_pj(self, layer: Layer, service: Service, weight: Buffer, activation: Buffer) -> float:
        """Reading the operands of all multiplications, those of dequantisation too, from their buffers."""
        words, multiplications = service.actions["word"], service.actions["mac"] + service.actions.get("dequantisation", 0)
        operands = ((weight, layer.weight), (activation, layer.activation))
        return sum(
            multiplications * operand.bits * buffer.read_pj_per_bit if buffer.reads_every_mac else words * buffer.access_read_pj
            for buffer, operand in operands
        )

    def _priced(
        self,
        cycles: float,
        compute_cycles: float,
        dram_cycles: float,
        array_pj: float,
        buffer_pj: tuple[float, float],
        dram_bits: tuple[float, float],
    ) -> LayerCost:
        pj_per_cycle_and_mw = PJ_PER_MW_US / self.value("clock_mhz")
        read, written = dram_bits
        energy = {
            "pe_array": array_pj,
            "pe_leakage": cycles * self.pe_array.leakage_mw * pj_per_cycle_and_mw,
            "buffer_read": buffer_pj[0],
            "buffer_write": buffer_pj[1],
            "dram": read * self.value("dram.read_pj_per_bit") + written * self.value("dram.write_pj_per_bit"),
            "dram_static": cycles * self.value("dram.static_mw") * pj_per_cycle_and_mw,
        }
        return LayerCost(cycles, compute_cycles, dram_cycles, energy)

    def _buffer(self, operand: str, layer: Layer) -> Buffer:
        path = f"{operand}_buffer"
        return Buffer(
            sram=self.texts[f"{path}.sram"],
            capacity_bytes=self.value(f"{path}.capacity_kb") * BYTES_PER_KB,
            banks=self.count(f"{path}.banks"),
            port_bits=self._port_bits(operand, layer),
            reads_every_mac=self.texts[f"{path}.reads"] == "mac",
            write_word_bits=self.count(f"{path}.write_word_bits"),
        )

    def _port_bits(self, operand: str, layer: Layer) -> float:
        """Width of the port: stated, or a share of a word of the array; results go the way of the activations."""
        path = f"{operand}_buffer"
        if f"{path}.port_bits" in self.quantities:
            return self.value(f"{path}.port_bits")
        m, n, k = self.pe_array.tile(layer.task.scheme)
        granule = self.value(f"{path}.granule_bits")
        outputs, stored = (n, layer.weight) if operand == "weight" else (m, layer.activation)
        bits = stored.bits if stored.buffered_bits is None else stored.buffered_bits
        return float(-(-bits // granule) * granule * k * outputs * self.value(f"{path}.port_share"))


def accelerator_names() -> tuple[str, ...]:
    """The names of accelerators that ship."""
    return shipped(*SHELF.folders)


def load_accelerator(name_or_path: str | Path) -> Accelerator:
    """The accelerator of a name or of a YAML file; raises InputError that holds every fault of the input."""
    return Accelerator(load_specification(name_or_path, ACCELERATOR, SHELF))
