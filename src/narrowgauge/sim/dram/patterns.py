"""Request streams by name: sequential, random, strided, and those that provoke one effect. Addresses are bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narrowgauge.errors import InputError, nearest
from narrowgauge.sim.dram.controller import Controller
from narrowgauge.sim.dram.mapping import AddressMapping, parse_mapping
from narrowgauge.sim.dram.standard import Standard

Integers = NDArray[np.int64]
#: a stream takes about 200 bytes of memory for each request
MOST_REQUESTS = 20_000_000
#: name: what it does
PATTERNS = {
    "seq": "neighbouring bursts, one after the other",
    "random": "bursts drawn evenly from the whole memory",
    "stride:N": "bursts N bytes apart",
    "row-hit": "bursts of one row, over and over",
    "row-conflict": "every burst in another row of one bank",
    "two-row": "two rows of one bank in turn",
    "bank-conflict": "the next row of the next bank with every burst, banks of one group first",
}


@dataclass(frozen=True)
class Stream:
    """Byte addresses in order of arrival, and which of them are writes."""

    addresses: Integers
    writes: NDArray[np.bool_]


def stream(standard: Standard, controller: Controller, pattern: str, requests: int, writes: float = 0.0, seed: int = 0) -> Stream:
    """`requests` requests of a named pattern, the share `writes` of them writes (drawn with `seed`); raises InputError."""
    problems = []
    if not 1 <= requests <= MOST_REQUESTS:
        problems.append(f"requests is {requests}, must be from 1 to {MOST_REQUESTS:,}")
    if not 0 <= writes <= 1:
        problems.append(f"writes is {writes}, must be a share from 0 to 1")
    if problems:
        raise InputError("; ".join(problems))
    mapping = parse_mapping(controller.mapping, standard.organisation, controller.channels)
    rng = np.random.default_rng(seed)
    addresses = _addresses(standard, mapping, pattern, requests, rng)
    return Stream(addresses % mapping.capacity_bytes, rng.random(requests) < writes)


def _addresses(standard: Standard, mapping: AddressMapping, pattern: str, requests: int, rng: np.random.Generator) -> Integers:
    org, i = standard.organisation, np.arange(requests, dtype=np.int64)
    name, _, argument = pattern.partition(":")
    match name:
        case "seq":
            return i * org.burst_bytes
        case "random":
            return rng.integers(0, mapping.capacity_bytes // org.burst_bytes, requests) * org.burst_bytes
        case "stride":
            if not argument.isdigit() or int(argument) < 1:
                raise InputError(f"pattern '{pattern}': write stride:N with N bytes from 1, such as stride:4096")
            return i * int(argument)
        case "row-hit":
            return mapping.encode(Co=i % org.columns)
        case "row-conflict":
            return mapping.encode(Ro=i % org.rows, Co=i // org.rows % org.columns)
        case "two-row":
            return mapping.encode(Ro=i % 2, Co=i // 2 % org.columns)
        case "bank-conflict":
            return mapping.encode(Ba=i % org.banks_per_group, Ro=i // org.banks_per_group % org.rows)
    raise InputError(f"unknown pattern '{pattern}'; {nearest(name, PATTERNS)}")
