"""The schema of a PIM machine: a memory standard with units, how many channels, what multiplies what, how far to trust it.

Timings, organisation and command energies are those of the memory standard (`sim.dram`) and are not repeated here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from narrowgauge.archmodels.pim.programs import ATTENTION, GEMV
from narrowgauge.archmodels.rule import Rule
from narrowgauge.archmodels.schema import Count, Section, Text
from narrowgauge.archmodels.specification import Schema
from narrowgauge.errors import InputError, nearest
from narrowgauge.provenance import Quantity
from narrowgauge.sim.dram import load_standard

Bits = Annotated[Quantity | None, Rule("bit", 1, 64, whole=True)]


class Formats(Section):
    """Formats of both operands that the units multiply, with the bits of an element in the banks."""

    fp16: Bits = None
    bf16: Bits = None
    fp8: Bits = None
    int8: Bits = None


class PimSheet(Section):
    """Everything that a specification of a PIM machine says."""

    title: Text
    machine: Literal["pim"]
    #: name of a standard of `sim.dram`
    memory: Text
    #: the command programs, by their names in `programs.py`; None where there is none
    gemv: Text | None = None
    attention: Text | None = None
    #: what the latency does not hold
    left_out: Text
    channels: Count
    formats: Formats
    #: half width of the interval around a latency
    interval: Annotated[Quantity, Rule("ratio", 0, 10)]


def contradictions(numbers: Mapping[str, Quantity], texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Path and fault of a memory or program that does not exist, and of a program that the memory has no commands for."""
    if not any(path.startswith("formats.") for path in numbers):
        yield "formats", f"names no format; allowed: {', '.join(Formats.model_fields)}"
    if "gemv" not in texts and "attention" not in texts:
        yield "gemv", f"is missing and so is attention, one must be there; allowed: {', '.join(GEMV)}"
    try:
        requests = load_standard(texts["memory"]).requests
    except InputError as error:
        yield "memory", str(error)
        return
    for path, table in (("gemv", GEMV), ("attention", ATTENTION)):
        if path not in texts:
            continue
        if texts[path] not in table:
            yield path, f"unknown program '{texts[path]}'; {nearest(texts[path], table)}"
        elif missing := [kind for kind in table[texts[path]].phases if kind not in requests]:
            yield path, f"program '{texts[path]}' needs the requests {', '.join(missing)}, which {texts['memory']} does not have"


PIM = Schema(PimSheet, contradictions)
