"""AttAcc: attention of one head on one HBM3 channel, with units at the banks, the bank groups or the buffer die.

The order is that of the AttAcc trace generators: the query into the buffers; scores row by row, each gathered to the softmax
unit while the next is computed; softmax; its result into the buffers; context. Keys and values lie in rows of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from narrowgauge.errors import InputError, nearest
from narrowgauge.sim.dram.program import Barrier, Program, Step
from narrowgauge.sim.dram.programs.shapes import per_burst, require_kinds, require_positive
from narrowgauge.sim.dram.standard import Organisation, Standard

Steps = Iterator[Step | Barrier]


class Place(StrEnum):
    """Where the multipliers are."""

    BANK = "bank"
    BANK_GROUP = "bank-group"
    BUFFER = "buffer"


KINDS = {Place.BANK: "mac-all", Place.BANK_GROUP: "mac-same", Place.BUFFER: "mac-pseudo"}


@dataclass(frozen=True)
class _Layout:
    """How keys and values spread: units that take other tokens, units that take other channels of the head."""

    org: Organisation
    place: Place
    tokens: int
    channels: int

    def mac(self, index: int, first_row: int) -> Step:
        """The multiply-accumulate of the burst with that number in each unit."""
        org = self.org
        if self.place is Place.BANK:
            return Step(KINDS[self.place], row=first_row + index // org.columns)
        if self.place is Place.BANK_GROUP:
            rows = index // org.columns
            return Step(KINDS[self.place], row=first_row + rows // org.banks_per_group, bank=rows % org.banks_per_group)
        group, rest = index % (org.bank_groups * org.ranks), index // (org.bank_groups * org.ranks)
        return Step(
            KINDS[self.place],
            row=first_row + rest // org.banks_per_group // org.columns,
            bank=rest % org.banks_per_group,
            bank_group=group % org.bank_groups,
            rank=group // org.bank_groups,
        )

    def spots(self, kind: str, *, context: bool = False, repeat: int = 1) -> Steps:
        """A move to or from every unit that has a result of its own."""
        org = self.org
        if self.place is Place.BUFFER:
            yield Step(kind, repeat=repeat)
            return
        for outer in range(
            1 if context and self.place is Place.BANK_GROUP else org.banks_per_group if context else org.bank_groups
        ):
            for rank in range(org.ranks):
                yield Step(kind, rank=rank, repeat=repeat, **({"bank": outer} if context else {"bank_group": outer}))


def attention(
    standard: Standard, length: int, head_dim: int, place: Place | str = Place.BANK, element_bytes: float | Fraction = 2
) -> Program:
    """One query token of one head against `length` keys and values of `head_dim` channels; raises InputError."""
    require_positive(length=length, head_dim=head_dim)
    if place not in tuple(Place):
        raise InputError(f"unknown place '{place}', {nearest(str(place), list(Place))}")
    place, org = Place(place), standard.organisation
    require_kinds(standard, "attention", KINDS[place], "write-global", "move-to-softmax", "move-to-global", "softmax")
    lanes = per_burst(standard, element_bytes)
    tokens = {Place.BANK: org.bank_groups * org.ranks, Place.BANK_GROUP: org.bank_groups * org.ranks, Place.BUFFER: 1}[place]
    layout = _Layout(org, place, tokens * org.pseudo_channels, org.banks_per_group if place is Place.BANK else 1)

    def steps() -> Steps:
        yield from _load_query(layout, head_dim, lanes)
        yield from _scores(standard, layout, length, head_dim, lanes)
        yield from _softmax(layout, length, lanes)
        yield from _context(layout, length, head_dim, lanes)

    return Program.build(f"AttAcc attention, {place} level, length {length}, head of {head_dim}", steps())


def _load_query(layout: _Layout, head_dim: int, lanes: int) -> Steps:
    for bank in range(layout.channels):
        yield Step("write-global", bank=bank, repeat=-(-head_dim // (layout.channels * lanes)))
    yield Barrier()


def _scores(standard: Standard, layout: _Layout, length: int, head_dim: int, lanes: int) -> Steps:
    """Blocks of `gather` tokens per unit; the scores of a block move while the next one is computed."""
    gather, per_token = standard.pim["gather"], -(-head_dim // (layout.channels * lanes))
    tokens = -(-length // layout.tokens)
    blocks = -(-tokens // gather)
    for block in range(blocks + 1):
        for index in range(block * gather * per_token, min((block + 1) * gather, tokens) * per_token):
            yield layout.mac(index, 0)
        if block:
            yield from layout.spots("move-to-softmax")
        if block < blocks:
            yield Barrier()


def _softmax(layout: _Layout, length: int, lanes: int) -> Steps:
    org = layout.org
    yield Step("softmax")
    weights = -(-length // (layout.tokens * lanes))
    if layout.place is Place.BUFFER:
        yield Step("move-to-global", repeat=weights)
    else:
        for rank in range(org.ranks):
            for group in range(org.bank_groups):
                yield Step("move-to-global", rank=rank, bank_group=group, repeat=weights)
    yield Barrier()


def _context(layout: _Layout, length: int, head_dim: int, lanes: int) -> Steps:
    """The values: as many passes over the tokens as bursts of channels in a unit."""
    tokens, passes = -(-length // layout.tokens), -(-head_dim // (layout.channels * lanes))
    first_row = layout.org.rows // 2
    for part in range(passes + 1):
        if part < passes:
            for index in range(part * tokens, (part + 1) * tokens):
                yield layout.mac(index, first_row)
        if part:
            yield from layout.spots("move-to-softmax", context=True)
        if part < passes:
            yield Barrier()
