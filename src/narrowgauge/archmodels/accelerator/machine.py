"""A PE array with buffers, a DRAM interface and a clock: what a product, or all of a model, costs on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from narrowgauge.archmodels.accelerator.buffer import Buffer
from narrowgauge.archmodels.accelerator.cost import LayerCost, total
from narrowgauge.archmodels.accelerator.layer import Layer
from narrowgauge.archmodels.accelerator.moves import Buffers, Moves
from narrowgauge.archmodels.accelerator.refetch import refetched
from narrowgauge.archmodels.accelerator.schema import ACCELERATOR
from narrowgauge.archmodels.accelerator.tiled import tiled
from narrowgauge.archmodels.catalogue import ACCELERATOR as SHELF
from narrowgauge.archmodels.catalogue import shipped
from narrowgauge.archmodels.specification import Schema, load_specification
from narrowgauge.archmodels.specified import Specified
from narrowgauge.archmodels.units.catalogue import load_unit
from narrowgauge.archmodels.units.pe_array import PeArray
from narrowgauge.archmodels.units.unit import Service
from narrowgauge.errors import InputError, Problem
from narrowgauge.units import BYTES_PER_KB

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
        buffers = Buffers(*(self._buffer(operand, layer) for operand in ("weight", "activation", "result")))
        moves = self._moves(layer, service, buffers)
        reads = self._operand_reads_pj(layer, service, buffers) + moves.result_read_bits * buffers.result.read_pj_per_bit
        fills = (
            moves.weight_fill_bits * buffers.weight.write_pj_per_bit
            + moves.activation_fill_bits * buffers.activation.write_pj_per_bit
            + moves.result_fill_bits * buffers.result.write_pj_per_bit
        )
        dram = moves.dram_read_bits * self.value("dram.read_pj_per_bit")
        dram += moves.dram_write_bits * self.value("dram.write_pj_per_bit")
        pj_per_mw = moves.cycles * PJ_PER_MW_US / self.value("clock_mhz")
        energy = {
            # tiles at the edges of a product keep the array as busy as whole ones
            "pe_array": service.total_energy_pj * moves.compute_cycles / service.cycles,
            "pe_leakage": self.pe_array.leakage_mw * pj_per_mw,
            "buffer_read": reads,
            "buffer_write": fills,
            "dram": dram,
            "dram_static": self.value("dram.static_mw") * pj_per_mw,
        }
        dram_cycles = (moves.dram_read_bits + moves.dram_write_bits) / self.value("dram.bits_per_cycle")
        return LayerCost(moves.cycles, moves.compute_cycles, dram_cycles, energy)

    def _moves(self, layer: Layer, service: Service, buffers: Buffers) -> Moves:
        bandwidth = self.value("dram.bits_per_cycle")
        if self.texts["refill"] == "refetch":
            return refetched(layer, service.cycles, buffers, bandwidth)
        dram_pj = self.value("dram.read_pj_per_bit"), self.value("dram.write_pj_per_bit")
        return tiled(layer, self.pe_array, service, buffers, bandwidth, dram_pj)

    def _operand_reads_pj(self, layer: Layer, service: Service, buffers: Buffers) -> float:
        """Reading the operands of all multiplications, those of dequantisation too, from their buffers."""
        words, multiplications = service.actions["word"], service.actions["mac"] + service.actions.get("dequantisation", 0)
        operands = ((buffers.weight, layer.weight), (buffers.activation, layer.activation))
        return sum(
            multiplications * operand.bits * buffer.read_pj_per_bit if buffer.reads_every_mac else words * buffer.access_read_pj
            for buffer, operand in operands
        )

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
