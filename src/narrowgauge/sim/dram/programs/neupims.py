"""NeuPIMs: PIM works on a second row buffer of each bank, so that reads and writes of the host go on meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from narrowgauge.sim.dram.program import Barrier, Program, Step
from narrowgauge.sim.dram.programs.shapes import per_burst, require_kinds, require_positive
from narrowgauge.sim.dram.standard import Standard


def neupims_gemv(standard: Standard, outputs: int, inputs: int, channels: int, element_bytes: float | Fraction = 2) -> Program:
    """Matrix (outputs × inputs) times a vector over `channels` channels; raises InputError.

    Per page of the vector: load it into the global buffer; per output of a bank: open the PIM rows of all banks, four at a time,
    one multiply-accumulate a burst, read the results."""
    require_positive(outputs=outputs, inputs=inputs, channels=channels)
    require_kinds(standard, "neupims_gemv", "comp", "gwrite", "read-result")
    org = standard.organisation
    page = standard.pim["global_buffer_bytes"] // org.burst_bytes
    bursts = -(-inputs // per_burst(standard, element_bytes))
    rounds = -(-outputs // (channels * org.banks))

    def steps() -> Iterator[Step | Barrier]:
        for part in range(-(-bursts // page)):
            yield Step("gwrite")
            yield Barrier()
            for turn in range(rounds):
                yield Step("comp", row=(part * rounds + turn) % org.rows, repeat=min(page, bursts - part * page))
                yield Barrier()
                yield Step("read-result")
                yield Barrier()

    return Program.build(f"NeuPIMs GEMV {outputs} × {inputs}", steps())
