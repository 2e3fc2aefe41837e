"""An FPGA accelerator from its specification, and the time of a forward pass on it.

A product takes the longer of its operands through memory and its multiply-accumulates (Zeng et al., FlightLLM, arXiv 2401.03868,
T_mem and T_cmp). Pruned weights are neither stored nor multiplied; in decoding activations stay on chip.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from narrowgauge.archmodels.catalogue import FPGAS, shipped
from narrowgauge.archmodels.fpga.schema import FPGA
from narrowgauge.archmodels.specification import Schema, load_specification
from narrowgauge.archmodels.specified import Specified
from narrowgauge.errors import CapacityError, InputError, Problem, UnsupportedError
from narrowgauge.units import BITS_PER_BYTE, BYTES_PER_GB, US_PER_S
from narrowgauge.workloads import Attention, Elementwise, Gemm, Graph


@dataclass(frozen=True)
class Compression:
    """What a pruned, mixed-precision model keeps: mean bits of a weight that is there, and the share of weights that are."""

    weight_bits: float
    density: float = 1.0

    def __post_init__(self) -> None:
        wrong = [
            Problem(name, f"given {value}, allowed: above 0 to {most}")
            for name, value, most in (("weight_bits", self.weight_bits, 16), ("density", self.density, 1))
            if not 0 < value <= most
        ]
        if wrong:
            raise InputError(wrong)


@dataclass(frozen=True)
class Fpga(Specified):
    """Load one with `load_fpga`."""

    schema: ClassVar[Schema] = FPGA

    def bytes_per_us(self, on_chip: bool) -> float:
        """What memory gives, with activations on chip or not."""
        share = self.value("hbm.utilization" if on_chip else "hbm.spilled_utilization")
        return self.value("hbm.bandwidth_gb_per_s") * share * BYTES_PER_GB / US_PER_S

    @property
    def macs_per_us(self) -> float:
        """INT8 multiply-accumulates."""
        slices = self.value("multipliers.dsp") * self.value("multipliers.int8_macs_per_cycle")
        return slices * self.value("multipliers.utilization") * self.value("clock_mhz")

    def pass_us(self, graph: Graph, compression: Compression, on_chip: bool = True) -> float:
        """Time of a pass; `on_chip` keeps activations out of memory. Raises CapacityError for a model that does not fit and
        UnsupportedError for operators that this design does not run."""
        rate, total, stored = self.bytes_per_us(on_chip), 0.0, 0.0
        for op in graph.operators:
            match op:
                case Gemm():
                    kept = op.n * op.k * compression.density
                    weights = kept * compression.weight_bits / BITS_PER_BYTE
                    moved = weights + (0.0 if on_chip else op.activation_bytes)
                    total += op.count * max(moved / rate, op.m * kept / self.macs_per_us)
                    stored += op.count * weights
                case Attention():
                    total += op.count * max(op.kv_bytes / rate, op.macs / self.macs_per_us)
                    stored += op.count * op.kv_bytes
                case Elementwise():
                    total += 0.0 if on_chip else op.count * op.activation_bytes / rate
                case _:
                    raise UnsupportedError(f"{self.name} runs dense models on one device; '{op.name}' is something else")
        capacity = self.value("hbm.capacity_gb")
        if stored / BYTES_PER_GB > capacity:
            gap = stored / BYTES_PER_GB - capacity
            raise CapacityError(
                f"weights and cache take {stored / BYTES_PER_GB:.1f} GB, {self.name} has {capacity:g}: {gap:.1f} GB too many; "
                "fewer bits, fewer weights or a shorter context would fit"
            )
        return total


def load_fpga(name_or_path: str | Path) -> Fpga:
    """The FPGA accelerator of a name, or of a YAML specification; raises InputError that holds every fault of the input."""
    return Fpga(load_specification(name_or_path, FPGA, FPGAS))


def fpga_names() -> tuple[str, ...]:
    """The names of FPGA accelerators that ship."""
    return shipped(*FPGAS.folders)
