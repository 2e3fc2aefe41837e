"""The schema of a CPU: cores, clocks, what its vector pipes start in a cycle, memory, the step from one operator to the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from narrowgauge.archmodels.rule import Rule
from narrowgauge.archmodels.schema import Clock, Count, Overhead, Section, Text
from narrowgauge.archmodels.specification import Schema
from narrowgauge.provenance import Quantity

Rate = Annotated[Quantity, Rule("instruction/cycle", 0.1, 64)]
Bandwidth = Annotated[Quantity, Rule("GB/s", 0.1, 100_000)]


class Clocks(Section):
    """What the performance cores hold under vector load: one of them busy, and all of them."""

    one_core_mhz: Clock
    all_cores_mhz: Clock


class VectorPipes(Section):
    """Vector instructions that a core starts in a cycle, of all classes and of those with fewer pipes."""

    all: Rate
    lookup: Rate
    permute: Rate
    multiply: Rate


class Memory(Section):
    """Bandwidth at the pins, and what one core and all cores draw of it."""

    type: Text
    pins_gb_per_s: Bandwidth
    one_core_gb_per_s: Bandwidth
    all_cores_gb_per_s: Bandwidth


class CpuSheet(Section):
    """Everything that a specification of a CPU says."""

    title: Text
    machine: Literal["cpu"]
    instruction_set: Literal["neon", "neon-dot", "avx2"]
    left_out: Text
    cores: Count
    clock: Clocks
    vector_per_cycle: VectorPipes
    memory: Memory
    #: from one operator to the next where several threads meet between them
    barrier_us: Overhead


def contradictions(numbers: Mapping[str, Quantity], texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Path and fault of a part that is larger than its whole."""
    for part, whole in (
        ("clock.all_cores_mhz", "clock.one_core_mhz"),
        ("memory.one_core_gb_per_s", "memory.all_cores_gb_per_s"),
        ("memory.all_cores_gb_per_s", "memory.pins_gb_per_s"),
        ("vector_per_cycle.lookup", "vector_per_cycle.all"),
        ("vector_per_cycle.permute", "vector_per_cycle.all"),
        ("vector_per_cycle.multiply", "vector_per_cycle.all"),
    ):
        if numbers[part].value > numbers[whole].value:
            yield part, f"is {numbers[part]}, more than {whole} ({numbers[whole]})"


CPU = Schema(CpuSheet, contradictions)
