"""The schema of a heterogeneous machine: a host, PIM memory, how the two share it. Their own numbers are in their own files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Literal

from narrowgauge.archmodels.catalogue import machine_names, npu_names, pim_names
from narrowgauge.archmodels.rule import Rule
from narrowgauge.archmodels.schema import Count, Overhead, Section, Text
from narrowgauge.archmodels.specification import Schema
from narrowgauge.errors import nearest
from narrowgauge.provenance import Quantity


class Access(StrEnum):
    """Who may use the memory when. `blocked`: host or PIM, never both. `concurrent`: both at once, on one memory. `separate`: the
    host has memory of its own, and a link to that of the PIM units."""

    BLOCKED = "blocked"
    CONCURRENT = "concurrent"
    SEPARATE = "separate"


class Experts(StrEnum):
    """Whether the experts of a layer run on one device (`whole`) or are divided over both (`divided`)."""

    WHOLE = "whole"
    DIVIDED = "divided"


class Link(Section):
    """The way from a host to separate PIM memory, one direction."""

    bandwidth_gb_per_s: Annotated[Quantity | None, Rule("GB/s", 0.1, 100_000)] = None
    latency_us: Overhead | None = None


class SystemSheet(Section):
    """Everything that a specification of a heterogeneous machine says."""

    title: Text
    machine: Literal["system"]
    #: names of a GPU or NPU, and of a PIM machine
    host: Text
    pim: Text
    access: Text
    experts: Text
    left_out: Text
    #: channels of PIM memory of one host
    pim_channels: Count
    #: most parts of a batch that the scheduler lets run side by side
    sub_batches: Count
    #: what the authors give the host instead of its own memory bandwidth
    host_dram_gb_per_s: Annotated[Quantity | None, Rule("GB/s", 1, 1_000_000)] = None
    link: Link = Link()


def contradictions(numbers: Mapping[str, Quantity], texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Path and fault of a word that names nothing, of separate memories without a link, of more bandwidth for an NPU."""
    hosts = (*machine_names(), *npu_names())
    for path, allowed in (("host", hosts), ("pim", pim_names()), ("access", tuple(Access)), ("experts", tuple(Experts))):
        if texts[path] not in allowed:
            yield path, f"is '{texts[path]}'; {nearest(texts[path], allowed)}"
    linked = [f"link.{name}" for name in Link.model_fields if f"link.{name}" in numbers]
    if texts["access"] == Access.SEPARATE and len(linked) < len(Link.model_fields):
        yield "link", f"separate memories need {', '.join(f'link.{name}' for name in Link.model_fields)}"
    if texts["access"] != Access.SEPARATE and linked:
        yield linked[0], f"a memory with {texts['access']} access has no link"
    if "host_dram_gb_per_s" in numbers and texts["host"] in npu_names():
        yield "host_dram_gb_per_s", "the memory of an NPU is that of its own specification"


SYSTEM = Schema(SystemSheet, contradictions)
