"""Units that are arrays of m rows of activations, n columns of weights and sums over k: what they share.

Area and energy are those of their parts; a published synthesis of the whole takes precedence for area."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from math import ceil
from typing import Annotated

from narrowgauge.archmodels.components import Cost
from narrowgauge.archmodels.rule import Rule
from narrowgauge.archmodels.schema import Count, Section
from narrowgauge.archmodels.units.unit import MatrixTask, Unit
from narrowgauge.errors import nearest
from narrowgauge.formats import FORMATS, CodebookFormat, FloatFormat, IntFormat, NumberFormat, QuantScheme
from narrowgauge.provenance import Quantity

Bits = Annotated[Quantity, Rule("bit", 1, 64, whole=True)]
OptionalBits = Annotated[Quantity | None, Rule("bit", 1, 64, whole=True)]
#: 1 if the part is there, 0 if not
Switch = Annotated[Quantity, Rule("count", 0, 1, whole=True)]
NodeNm = Annotated[Quantity, Rule("nm", 1, 65)]
Supply = Annotated[Quantity, Rule("V", 0.2, 2)]
WHOLE_CODEBOOK_BITS = 2  # binary and ternary: the values are those of integers of as many bits
PublishedArea = Annotated[Quantity | None, Rule("um2", 1, 1e9)]
Clock = Annotated[Quantity, Rule("MHz", 1, 10_000)]


class Array(Section):
    """Rows of activations, columns of weights, and the length that one array sums at once; how many arrays make up the unit."""

    m: Count
    n: Count
    k: Count
    count: Count


def format_faults(texts: Mapping[str, str], paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Path and fault of every text that names a format which does not exist; `activations` names several."""
    for path in paths:
        for name in format_names(texts[path]):
            if name not in FORMATS:
                yield path, f"unknown format '{name}'; {nearest(name, FORMATS)}"
            elif not isinstance(FORMATS[name], IntFormat | FloatFormat):
                yield path, f"'{name}' is neither an integer nor a float"


def format_names(text: str) -> list[str]:
    """The formats that a text names, separated by commas."""
    return [name.strip() for name in text.split(",")]


def planes(weight: NumberFormat) -> int | None:
    """How many bits an integer weight has for a unit that takes one after the other; None for formats that are no integers."""
    whole = isinstance(weight, CodebookFormat) and all(entry == int(entry) for entry in weight.entries)
    return weight.bits if isinstance(weight, IntFormat) or (whole and weight.bits <= WHOLE_CODEBOOK_BITS) else None


def plane_refusal(scheme: QuantScheme, most_bits: int) -> str | None:
    """Why weights cannot be taken bit by bit; None if they can."""
    bits = planes(scheme.weight.format)
    if bits is None:
        return f"{scheme.weight.format.name} weights are no integers, whose bits it takes one by one"
    if bits > most_bits:
        return f"weights of {bits} bits, it holds {most_bits}"
    return None


class ArrayUnit(Unit):
    """`array.count` equal arrays that share the work of a product, step by step of m × n × k."""

    @abstractmethod
    def parts(self, cycles_per_step: int) -> Mapping[str, Cost]:
        """The parts of one array: area, and energy of one cycle of a step of so many."""

    @abstractmethod
    def cycles_per_step(self, scheme: QuantScheme) -> int:
        """Cycles that a step takes."""

    def tile(self, scheme: QuantScheme) -> tuple[int, int, int]:
        """Sizes (m, n, k) of one instruction of one array."""
        self.check(scheme)
        m, n, k = (self.count(f"array.{size}") for size in "mnk")
        return m, n, k

    def macs_per_cycle(self, scheme: QuantScheme) -> float:
        """All arrays at work."""
        m, n, k = self.tile(scheme)
        return self.count("array.count") * m * n * k / self.cycles_per_step(scheme)

    def steps(self, task: MatrixTask) -> tuple[int, int]:
        """How many steps a product has, and how many the busiest array does of them."""
        m, n, k = self.tile(task.scheme)
        steps = ceil(task.m / m) * ceil(task.n / n) * ceil(task.k / k)
        return steps, ceil(steps / self.count("array.count"))

    def area_um2(self) -> Mapping[str, float]:
        """Of all arrays of the unit; parts are scaled to the synthesised area, which holds for the specification as it stands: a
        variant is priced by its components."""
        modelled = self.modelled_area_um2()
        if self.overrides or "synthesised_area_um2" not in self.quantities:
            return modelled
        scale = self.value("synthesised_area_um2") / sum(modelled.values())
        return {name: area * scale for name, area in modelled.items()}

    def modelled_area_um2(self) -> Mapping[str, float]:
        """From the components alone."""
        return {name: self.count("array.count") * cost.area_um2 for name, cost in self.parts(1).items()}

    def format(self, path: str) -> NumberFormat:
        """The format that a text of the specification names."""
        return FORMATS[self.texts[path]]
