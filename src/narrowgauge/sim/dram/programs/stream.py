"""Weights and caches read once, in order, to units that keep up with them: on the logic die bundle by bundle (Duplex), or at all
banks at once (a bank-level PIM on AttAcc's commands)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import count, product

from narrowgauge.sim.dram.program import Barrier, Program, Step
from narrowgauge.sim.dram.programs.shapes import per_burst, require_kinds, require_positive
from narrowgauge.sim.dram.standard import Organisation, Standard

HALVES = (0, 1)  # the first bank of each bundle of a rank
BUNDLE = "read-bundle"


def bundle_gemv(
    standard: Standard, outputs: int, inputs: int, channels: int, vectors: int = 1, element_bytes: float | Fraction = 2
) -> Program:
    """Matrix (outputs × inputs) times `vectors` vectors over `channels` channels: the matrix once for as many vectors as the
    units multiply at once. Vectors and results stay on the logic die. Raises InputError."""
    require_positive(outputs=outputs, inputs=inputs, channels=channels, vectors=vectors)
    require_kinds(standard, "bundle_gemv", BUNDLE)
    per_burst(standard, element_bytes)
    mine = math.ceil(outputs * inputs * Fraction(element_bytes) / channels)
    passes = -(-vectors // standard.pim["vectors"])
    steps = (step for _ in range(passes) for step in bundles(standard, mine))
    return Program.build(f"logic-die GEMV {outputs} × {inputs}, {vectors} vectors", steps)


def bundle_attention(
    standard: Standard, tokens: int, head_dim: int, queries: int, element_bytes: float | Fraction = 2
) -> Program:
    """Keys, then values, of one head of `tokens` tokens on one channel, for `queries` query heads that share them; raises
    InputError. Softmax runs beside the stream, on the logic die."""
    require_positive(tokens=tokens, head_dim=head_dim, queries=queries)
    require_kinds(standard, "bundle_attention", BUNDLE)
    per_burst(standard, element_bytes)
    cache = math.ceil(tokens * head_dim * Fraction(element_bytes))
    passes = -(-queries // standard.pim["vectors"])

    def steps() -> Iterator[Step | Barrier]:
        for _ in range(2):
            for _ in range(passes):
                yield from bundles(standard, cache)
            yield Barrier()

    return Program.build(f"logic-die attention, {queries} heads over {tokens} tokens", steps())


def bundles(standard: Standard, stored_bytes: int) -> Iterator[Step]:
    """So many bytes of a channel in order: the pseudo-channels in turn, a row of each bundle after the other."""
    org = standard.organisation
    width = org.burst_bytes * org.banks // len(HALVES)
    left = -(-stored_bytes // (width * org.pseudo_channels))
    for row in count():
        for rank, half in product(range(org.ranks), HALVES):
            for _ in range(min(left, org.columns)):
                for pseudo in range(org.pseudo_channels):
                    yield Step(BUNDLE, row=row % org.rows, bank=half, rank=rank, pseudo_channel=pseudo)
            left -= org.columns
            if left <= 0:
                return


def all_bank_gemv(
    standard: Standard, outputs: int, inputs: int, channels: int, vectors: int = 1, element_bytes: float | Fraction = 2
) -> Program:
    """Matrix (outputs × inputs) times `vectors` vectors, one after the other, with units at the banks; raises InputError.

    Weights lie evenly over all banks, burst by burst in all of them. A vector goes to the global buffers while the one before is
    multiplied; its results move once per bank group."""
    require_positive(outputs=outputs, inputs=inputs, channels=channels, vectors=vectors)
    require_kinds(standard, "all_bank_gemv", "mac-all", "write-global", "move-to-softmax")
    org, lanes = standard.organisation, per_burst(standard, element_bytes)
    bursts = -(-inputs // lanes)
    macs = -(-outputs * bursts // (channels * org.channel_banks))

    def steps() -> Iterator[Step | Barrier]:
        for burst in range(bursts):
            yield _load(org, burst)
        yield Barrier()
        for vector in range(vectors):
            ahead = bursts if vector + 1 < vectors else 0
            for mac in range(macs):
                yield Step("mac-all", row=mac // org.columns % org.rows)
                for burst in range(mac * ahead // macs, (mac + 1) * ahead // macs):
                    yield _load(org, burst)
            yield Barrier()
            for rank, group in product(range(org.ranks), range(org.bank_groups)):
                yield Step("move-to-softmax", rank=rank, bank_group=group)

    return Program.build(f"all-bank GEMV {outputs} × {inputs}, {vectors} vectors", steps())


def _load(org: Organisation, burst: int) -> Step:
    return Step("write-global", bank_group=burst % org.bank_groups)
