"""NeuPIMs: PIM works on a second row buffer of each bank, so that reads and writes of the host go on meanwhile."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from narrowgauge.sim.dram.program import Barrier, Program, Step
from narrowgauge.sim.dram.programs.shapes import per_burst, require_kinds, require_positive
from narrowgauge.sim.dram.standard import Standard


def neupims_gemv(standard: Standard, outputs: int, inputs: int, channels: int, element_bytes: float | Fraction = 2) -> Program:
    """Matrix (outputs × inputs) times a vector over `channels` channels; raises InputError.

    Per page of the vector: load it into the global buffer; per output of a bank: open the PIM rows of all banks, a group of each
    rank at a time, multiply-accumulate as often as a page has parts of a COMP, read the results."""
    require_positive(outputs=outputs, inputs=inputs, channels=channels)
    require_kinds(standard, "neupims_gemv", "comp", "gwrite", "read-result")
    org, element = standard.organisation, Fraction(element_bytes)
    per_burst(standard, element)
    page, comp = standard.pim["global_buffer_bytes"], standard.pim["comp_bytes"]
    vector_bytes = math.ceil(inputs * element)
    pages, rounds = -(-vector_bytes // page), -(-outputs // (channels * org.channel_banks))

    def steps() -> Iterator[Step | Barrier]:
        for part in range(pages):
            comps = -(-min(page, vector_bytes - part * page) // comp)
            yield Step("gwrite")
            yield Barrier()
            for turn in range(rounds):
                for rank in range(org.ranks):
                    yield Step("comp", row=(part * rounds + turn) % org.rows, rank=rank, repeat=comps)
                yield Barrier()
                yield Step("read-result")
                yield Barrier()

    return Program.build(f"NeuPIMs GEMV {outputs} × {inputs}", steps())
