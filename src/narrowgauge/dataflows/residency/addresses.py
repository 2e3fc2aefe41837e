"""Addresses for what a plan keeps on chip: one contiguous range per stay of a tensor, never two at one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from narrowgauge.dataflows.residency.plan import Plan


@dataclass(frozen=True)
class Stay:
    """A tensor on chip from a step to a step, both included, at an address."""

    tensor: str
    first: int
    last: int
    address: int
    size_bytes: int


@dataclass(frozen=True)
class Placement:
    """`height_bytes` is the memory that the addresses need; above the plan's peak it is lost to fragmentation."""

    stays: tuple[Stay, ...]
    height_bytes: int

    def fits(self, plan: Plan) -> bool:
        """Whether the addresses lie within the plan's capacity."""
        return self.height_bytes <= plan.capacity_bytes


def place(plan: Plan) -> Placement:
    """Each stay at the lowest free address, the stays in several orders (largest first: the greedy planner of mobile runtimes,
    Pisarchyk and Lee, arXiv 2001.03288; earliest first; longest first); the lowest of the results.

    It is not always the lowest possible height: a plan whose placement does not fit may fit with another one."""
    size = plan.graph.size_bytes
    orders: tuple[Callable[[Span], tuple[int, ...]], ...] = (
        lambda s: (-size[s.tensor], s.first),
        lambda s: (s.first, -size[s.tensor]),
        lambda s: (s.first - s.last, -size[s.tensor]),
        lambda s: ((s.first - s.last - 1) * size[s.tensor], s.first),
        lambda s: (-s.last, -size[s.tensor]),
    )
    spans = sorted(_spans(plan))
    return min((_placed(size, sorted(spans, key=order)) for order in orders), key=lambda found: found.height_bytes)


def _placed(size_bytes: Mapping[str, int], spans: list[Span]) -> Placement:
    placed: list[Stay] = []
    for span in spans:
        size, address = size_bytes[span.tensor], 0
        meanwhile = (s for s in placed if s.first <= span.last and span.first <= s.last)
        for other in sorted(meanwhile, key=lambda s: s.address):
            if other.address - address >= size:
                break
            address = max(address, other.address + other.size_bytes)
        placed.append(Stay(span.tensor, span.first, span.last, address, size))
    return Placement(tuple(placed), max(s.address + s.size_bytes for s in placed))


class Span(NamedTuple):
    """A tensor on chip from a step to a step, both included."""

    tensor: str
    first: int
    last: int


def _spans(plan: Plan) -> list[Span]:
    found: list[Span] = []
    since: dict[str, int] = {}
    for number, step in enumerate(plan.steps):
        for name in list(since):
            if name not in step.resident or name in step.reads:
                found.append(Span(name, since.pop(name), number - 1))
        for name in step.resident:
            since.setdefault(name, number)
    return found + [Span(name, first, len(plan.steps) - 1) for name, first in since.items()]
