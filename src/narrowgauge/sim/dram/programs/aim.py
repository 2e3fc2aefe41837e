"""GDDR6-AiM: the input vector in a global buffer, all banks multiply a row of weights each, results are read out."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from narrowgauge.sim.dram.program import Barrier, Program, Step
from narrowgauge.sim.dram.programs.shapes import per_burst, require_kinds, require_positive
from narrowgauge.sim.dram.standard import Standard


def aim_gemv(standard: Standard, outputs: int, inputs: int, channels: int, element_bytes: float | Fraction = 2) -> Program:
    """Matrix (outputs × inputs) times a vector over `channels` channels; raises InputError.

    A bank holds one output's weights of a vector part in a row. Per part: fill the global buffer once; per output of a bank: as
    many all-bank multiply-accumulates as bursts in the part, then read the 16 partial sums."""
    require_positive(outputs=outputs, inputs=inputs, channels=channels)
    require_kinds(standard, "aim_gemv", "mac-all", "write-global", "write-bias", "read-mac")
    lanes, org = per_burst(standard, element_bytes), standard.organisation
    buffer = min(standard.pim["global_buffer_bytes"], org.page_bytes) // org.burst_bytes
    bursts = -(-inputs // lanes)
    rounds = -(-outputs // (channels * org.banks))

    def steps() -> Iterator[Step | Barrier]:
        for part in range(-(-bursts // buffer)):
            width = min(buffer, bursts - part * buffer)
            yield Step("write-global", repeat=width)
            yield Barrier()
            for turn in range(rounds):
                yield Step("write-bias")
                yield Barrier()
                yield Step("mac-all", row=(part * rounds + turn) % org.rows, repeat=width)
                yield Barrier()
                yield Step("read-mac")
                yield Barrier()

    return Program.build(f"AiM GEMV {outputs} × {inputs}", steps())
