"""The same work without PIM: operands read over the pins in order, results written after the reads (SAIT PIMSimulator, bench)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from narrowgauge.errors import InputError
from narrowgauge.sim.dram.controller import Controller
from narrowgauge.sim.dram.mapping import parse_mapping
from narrowgauge.sim.dram.program import Barrier, Program, Step
from narrowgauge.sim.dram.programs.shapes import per_burst, require_positive
from narrowgauge.sim.dram.standard import Standard

#: their addresses are held at once
MOST_BURSTS = 2**26


def host_gemv(standard: Standard, outputs: int, inputs: int, channels: int, element_bytes: float | Fraction = 2) -> Program:
    """Weights and the input read, then the output written, by the share of one channel; raises InputError."""
    require_positive(outputs=outputs, inputs=inputs, channels=channels)
    burst = per_burst(standard, element_bytes)
    reads = -(-outputs * inputs // burst) + -(-inputs // burst)
    return _traffic(standard, f"host GEMV {outputs} × {inputs}", reads, -(-outputs // burst), channels)


def host_add(standard: Standard, elements: int, channels: int, element_bytes: float | Fraction = 2) -> Program:
    """Two vectors read, their sum written, by the share of one channel; raises InputError."""
    require_positive(elements=elements, channels=channels)
    bursts = -(-elements // per_burst(standard, element_bytes))
    return _traffic(standard, f"host add of {elements}", 2 * bursts, bursts, channels)


def _traffic(standard: Standard, name: str, reads: int, writes: int, channels: int) -> Program:
    if reads + writes > MOST_BURSTS:
        raise InputError(f"{name}: {reads + writes:,} bursts are too many to simulate one by one, allowed: up to {MOST_BURSTS:,}")

    def steps() -> Iterator[Step | Barrier]:
        yield from _linear(standard, "read", 0, reads, channels)
        yield Barrier(drain=True)
        yield from _linear(standard, "write", reads, writes, channels)

    return Program.build(name, steps())


def _linear(standard: Standard, kind: str, first: int, bursts: int, channels: int) -> Iterator[Step]:
    """Neighbouring bursts from `first` on, those that fall to channel 0."""
    mapping = parse_mapping(Controller.of(standard).mapping, standard.organisation, channels)
    addresses = np.arange(first, first + bursts, dtype=np.int64) * standard.organisation.burst_bytes
    parts = mapping.decode(addresses % mapping.capacity_bytes)
    mine = parts["Ch"] == 0
    fields = [parts[field][mine].tolist() for field in ("Ro", "Ba", "Bg", "Ra", "Pc")]
    for row, bank, group, rank, pseudo_channel in zip(*fields, strict=True):
        yield Step(kind, row, bank, group, rank, pseudo_channel)
