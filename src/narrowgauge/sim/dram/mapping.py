"""Addresses to channel, bank, row and column: a mapping names the fields from the highest bits to the lowest.

`RoRaBaCoBgPcCh` puts the channel into the lowest bits above a burst, so that neighbouring bursts go to other channels, then
to the other pseudo-channel, then to another bank group. Fields: Ro row, Co column, Ba bank, Bg bank group, Ra rank,
Pc pseudo-channel, Ch channel. Each stands exactly once; letters may be of either case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narrowgauge.errors import InputError, nearest
from narrowgauge.sim.dram.standard import Organisation

FIELDS = ("Ro", "Ra", "Ba", "Bg", "Co", "Pc", "Ch")
FIELD_LETTERS = 2
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class AddressMapping:
    """Bit fields of an address, lowest first: (field, bits), above `offset_bits` of a place inside a burst."""

    fields: tuple[tuple[str, int], ...]
    offset_bits: int

    @property
    def capacity_bytes(self) -> int:
        """Bytes that can be addressed."""
        return int(1 << (self.offset_bits + sum(bits for _, bits in self.fields)))

    def decode(self, addresses: Integers) -> dict[str, Integers]:
        """The fields of byte addresses."""
        rest = addresses >> self.offset_bits
        found: dict[str, Integers] = {}
        for field, bits in self.fields:
            found[field] = rest & ((1 << bits) - 1)
            rest = rest >> bits
        return found

    def encode(self, **parts: Any) -> Integers:
        """Byte addresses from fields; those not given are 0."""
        address, shift = np.zeros(np.broadcast(*parts.values()).shape, np.int64), self.offset_bits
        for field, bits in self.fields:
            if field in parts:
                address = address | (np.asarray(parts[field], np.int64) << shift)
            shift += bits
        return address


def parse_mapping(text: str, organisation: Organisation, channels: int) -> AddressMapping:
    """The mapping that `text` writes; raises InputError for a field that is unknown, missing or there twice."""
    words = [text[i : i + FIELD_LETTERS].capitalize() for i in range(0, len(text), FIELD_LETTERS)]
    for word in words:
        if word not in FIELDS:
            raise InputError(f"mapping '{text}': unknown field '{word}', {nearest(word, FIELDS)}")
    wrong = [field for field in FIELDS if words.count(field) != 1]
    if wrong:
        raise InputError(f"mapping '{text}': each of {', '.join(FIELDS)} must stand once; wrong: {', '.join(wrong)}")
    sizes = _sizes(organisation, channels)
    fields = tuple((word, sizes[word].bit_length() - 1) for word in reversed(words))
    return AddressMapping(fields, organisation.burst_bytes.bit_length() - 1)


def _sizes(org: Organisation, channels: int) -> Mapping[str, int]:
    if channels < 1 or channels & (channels - 1):
        raise InputError(f"channels is {channels}, must be a power of two from 1")
    return {
        "Ro": org.rows,
        "Ra": org.ranks,
        "Ba": org.banks_per_group,
        "Bg": org.bank_groups,
        "Co": org.columns,
        "Pc": org.pseudo_channels,
        "Ch": channels,
    }
