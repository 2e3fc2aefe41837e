"""PEs that nobody synthesised: area and energy of their parts from the component library, at the node of the specification."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Annotated

from narrowgauge.archmodels.components import Components, Cost
from narrowgauge.archmodels.rule import Rule
from narrowgauge.archmodels.schema import Section, Text
from narrowgauge.archmodels.units.pe_array import ACTIVATIONS, WEIGHTS, Array, PeArray, UnitsPerSm, element, unknown_formats
from narrowgauge.errors import nearest
from narrowgauge.formats import FORMATS, NumberFormat, QuantScheme
from narrowgauge.provenance import Quantity


class CellSheet(Section):
    """An array of PEs made of library parts; sums are kept in the format `accumulate`."""

    title: Text
    unit: Text
    process: Text
    weights: Text
    activations: Text
    accumulate: Text
    node_nm: Annotated[Quantity, Rule("nm", 1, 65)]
    array: Array
    units_per_sm: UnitsPerSm = None


def unknown_words(numbers: Mapping[str, Quantity], texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Path and fault of every word that should be a format and is none."""
    yield from unknown_formats(numbers, texts)
    if texts["accumulate"] not in FORMATS:
        yield "accumulate", f"unknown format '{texts['accumulate']}', {nearest(texts['accumulate'], FORMATS)}"


@dataclass(frozen=True)
class CellArray(PeArray):
    """Base; a subclass says which parts a PE has for a pair of formats."""

    @abstractmethod
    def pe(self, weight: NumberFormat, activation: NumberFormat) -> Cost:
        """One PE built for these formats: its area, and the energy of one product added to a sum."""

    @cached_property
    def components(self) -> Components:
        """The parts at the specification's node."""
        return Components(self.value("node_nm"))

    @property
    def accumulate(self) -> NumberFormat:
        """The format of sums."""
        return FORMATS[self.texts["accumulate"]]

    def cycle_pj(self, scheme: QuantScheme) -> float:
        """Dynamic energy of a cycle of the whole array; parts that narrow operands do not need are at rest."""
        return self.pes * self.pe(element(scheme.weight.format), element(scheme.activation.format)).energy_pj

    def area_um2(self) -> Mapping[str, float]:
        """PEs for the pair of formats that needs most, cells alone."""
        words = (self.texts[path].split() for path in (WEIGHTS, ACTIVATIONS))
        largest = max(self.pe(FORMATS[weight], FORMATS[activation]).area_um2 for weight, activation in product(*words))
        return {"pe_array": self.pes * largest}
