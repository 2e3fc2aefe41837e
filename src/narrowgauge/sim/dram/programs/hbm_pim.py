"""HBM-PIM: units between two banks, driven by all-bank reads and writes (SAIT PIMSimulator, PIMKernel).

A half command reaches the even or the odd banks of a channel. A unit holds 8 input and 8 output registers of a burst each, so an
input tile is 8 bursts and an output tile 8 outputs per unit; even banks hold the even input tiles, odd banks the odd ones.
Loading weights before and reading results after are not part of the programs."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from narrowgauge.sim.dram.program import Barrier, Program, Step
from narrowgauge.sim.dram.programs.shapes import per_burst, require_kinds, require_positive
from narrowgauge.sim.dram.standard import Standard

EVEN, ODD = 0, 1
Steps = Iterator[Step | Barrier]


def hbm_pim_gemv(
    standard: Standard, outputs: int, inputs: int, channels: int, batch: int = 1, element_bytes: float | Fraction = 2
) -> Program:
    """Matrix (outputs × inputs) times `batch` vectors, one after the other, over `channels` channels; raises InputError."""
    require_positive(outputs=outputs, inputs=inputs, channels=channels, batch=batch)
    require_kinds(standard, "hbm_pim_gemv", "read-half", "write-half")
    registers = standard.pim["registers"]
    output_tiles = -(-outputs // (channels * standard.pim["blocks"] * registers))
    input_tiles = -(-inputs // (per_burst(standard, element_bytes) * registers))

    def steps() -> Steps:
        yield from _enter(standard)
        for tile in range(output_tiles):
            for vector in range(batch):
                yield from _to_register(standard, EVEN)
                for part in (EVEN, ODD):
                    for i in range(part, input_tiles, 2):
                        yield from _multiply(standard, i // 2 + tile * input_tiles // 2, part)
                results = output_tiles * input_tiles // 2 * registers**2 + (tile + vector) * registers
                yield Step("write-half", row=_row(standard, results), bank=ODD, repeat=registers)
                yield Barrier()
                yield from _to_register(standard, EVEN)
        yield from _leave(standard)

    return Program.build(f"HBM-PIM GEMV {outputs} × {inputs}", steps())


def hbm_pim_add(standard: Standard, elements: int, channels: int, element_bytes: float | Fraction = 2) -> Program:
    """Sum of two vectors of `elements` into a third; raises InputError."""
    require_positive(elements=elements, channels=channels)
    require_kinds(standard, "hbm_pim_add", "read-half", "write-half")
    registers, org = standard.pim["registers"], standard.organisation
    bursts = -(-elements // per_burst(standard, element_bytes))
    tiles = -(-bursts // (org.banks * channels * registers))
    rows = -(-tiles * registers // org.columns)  # of one operand in each bank

    def steps() -> Steps:
        yield from _enter(standard)
        yield from _to_register(standard, EVEN)
        for tile in range(tiles):
            row = _row(standard, tile * registers)
            for part in (EVEN, ODD):
                for operand in range(2):
                    yield Step("read-half", row=row + operand * rows, bank=part, repeat=registers)
                    yield Barrier()
                yield Step("write-half", row=row + 2 * rows, bank=part, repeat=registers)
                yield Barrier()
            yield Step("write-half", row=row + 2 * rows, bank=ODD)  # ends the last register's pipeline
            yield Barrier()
        yield from _to_register(standard, EVEN)
        yield from _leave(standard)

    return Program.build(f"HBM-PIM add of {elements}", steps())


def _row(standard: Standard, burst: int) -> int:
    return burst // standard.organisation.columns


def _to_register(standard: Standard, part: int) -> Steps:
    """One write to the register row: a mode switch, or commands for the units."""
    yield Step("write-half", row=standard.pim["register_row"], bank=part)
    yield Barrier()


def _multiply(standard: Standard, block: int, part: int) -> Steps:
    """An input tile into the registers, then a read of each weight burst; a barrier after every register."""
    registers = standard.pim["registers"]
    yield Step("write-half", row=standard.pim["register_row"], bank=ODD, repeat=registers)
    yield Barrier()
    for register in range(registers):
        burst = block * registers**2 + register * registers
        yield Step("read-half", row=_row(standard, burst), bank=part, repeat=registers)
        yield Barrier()


def _enter(standard: Standard) -> Steps:
    """Park every bank, switch from single-bank to all-bank mode, program the units."""
    org = standard.organisation
    for bank in range(org.banks_per_group):
        for group in range(org.bank_groups):
            yield Step("read", row=standard.pim["park_row"], bank=bank, bank_group=group)
    yield Barrier()
    for group in (0, org.bank_groups // 2):
        for bank in (EVEN, ODD):
            yield Step("write", row=standard.pim["all_bank_row"], bank=bank, bank_group=group)
    yield Barrier()
    yield from _to_register(standard, ODD)


def _leave(standard: Standard) -> Steps:
    """Switch back to single-bank mode, and read the park rows once more."""
    for kind, row in (("write-half", "single_bank_row"), ("read", "park_row")):
        for bank in (EVEN, ODD):
            yield Step(kind, row=standard.pim[row], bank=bank)
        yield Barrier()
