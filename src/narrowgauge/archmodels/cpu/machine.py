"""A CPU from its specification, and the time of a matrix-vector product on some of its cores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from narrowgauge.archmodels.catalogue import CPUS, shipped
from narrowgauge.archmodels.cpu.schema import CPU
from narrowgauge.archmodels.specification import Schema, load_specification
from narrowgauge.archmodels.specified import Specified
from narrowgauge.dataflows.vector_mix import VECTOR_BYTES, VectorKernel, VectorRates
from narrowgauge.errors import InputError, Problem
from narrowgauge.units import BITS_PER_BYTE, BYTES_PER_GB, US_PER_S


@dataclass(frozen=True)
class Cpu(Specified):
    """Load one with `load_cpu`. Threads run on performance cores, one each."""

    schema: ClassVar[Schema] = CPU

    @property
    def instruction_set(self) -> str:
        """`neon`, `neon-dot` or `avx2`."""
        return self.specification.texts["instruction_set"]

    @property
    def rates(self) -> VectorRates:
        """What the vector pipes of one core start in a cycle."""
        return VectorRates(*(self.value(f"vector_per_cycle.{name}") for name in ("all", "lookup", "permute", "multiply")))

    def check_threads(self, threads: int) -> None:
        """Raises InputError for fewer than one thread and for more than there are cores."""
        cores = self.count("cores")
        if not 1 <= threads <= cores:
            raise InputError(
                [Problem("threads", f"given {threads}, allowed: 1 to {cores}, the performance cores of {self.name}")]
            )

    def clock_mhz(self, threads: int) -> float:
        """Clock with that many cores busy: from that of one to that of all in equal steps."""
        one, every, cores = self.value("clock.one_core_mhz"), self.value("clock.all_cores_mhz"), self.value("cores")
        return one if cores == 1 else one + (every - one) * (threads - 1) / (cores - 1)

    def bytes_per_us(self, threads: int) -> float:
        """What that many cores draw from memory."""
        drawn = min(threads * self.value("memory.one_core_gb_per_s"), self.value("memory.all_cores_gb_per_s"))
        return drawn * BYTES_PER_GB / US_PER_S

    def stream_us(self, moved_bytes: float, threads: int) -> float:
        """Time to read bytes from memory."""
        return moved_bytes / self.bytes_per_us(threads)

    def vector_us(self, cycles: float, threads: int) -> float:
        """Time of work that spreads evenly over the threads."""
        return cycles / (threads * self.clock_mhz(threads))

    def gemv_us(self, n: int, k: int, weight_bits: float, scale_bytes: float, kernel: VectorKernel, threads: int) -> float:
        """y[n] = W[n,k] · x[k]: weights of `weight_bits` streamed and multiplied at once, the slower of the two; before that the
        tables of activations. `scale_bytes` move along. Raises InputError and UnsupportedError."""
        self.check_threads(threads)
        weights = n * k * weight_bits / BITS_PER_BYTE
        multiply = self.vector_us(weights / VECTOR_BYTES * self.rates.cycles(kernel.mix(self.instruction_set)), threads)
        tables = 0.0
        if kernel.table_instructions:
            tables = self.vector_us(k / kernel.table_group * kernel.table_instructions / self.rates.all, threads)
        return tables + max(multiply, self.stream_us(weights + scale_bytes, threads))


def load_cpu(name_or_path: str | Path) -> Cpu:
    """The CPU of a name, or of a YAML specification; raises InputError that holds every fault of the input."""
    return Cpu(load_specification(name_or_path, CPU, CPUS))


def cpu_names() -> tuple[str, ...]:
    """The names of CPUs that ship."""
    return shipped(*CPUS.folders)
