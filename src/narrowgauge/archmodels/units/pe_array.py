"""An array of processing elements that keep the sums: PE (i, j) accumulates C[i, j] while its operands come past it.

    cycles = ceil(m / (rows · lanes_m)) · ceil(n / (columns · lanes_n)) · ceil(k / dot) · steps

A PE multiplies `dot` neighbours along k for lanes_m × lanes_n outputs in `steps` cycles; a partly used array takes as long as a
full one. What a PE does with which formats is the affair of each unit; here is what they share: geometry, energy, area.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from narrowgauge.archmodels.rule import Rule
from narrowgauge.archmodels.schema import Count, Section, Text
from narrowgauge.archmodels.units.unit import MatrixTask, Service, Unit
from narrowgauge.errors import nearest
from narrowgauge.formats import FORMATS, BlockFormat, NumberFormat, QuantScheme
from narrowgauge.formats.tensor import TensorFormat
from narrowgauge.provenance import Quantity

WEIGHTS, ACTIVATIONS = "weights", "activations"

UnitsPerSm = Annotated[Quantity | None, Rule("count", 1, 100_000, whole=True)]


class Array(Section):
    """PEs along m (rows of C: tokens) and along n (columns of C: output channels)."""

    rows: Count
    columns: Count


class Synthesized(Section):
    """One PE as synthesised. `layout_ratio` is what placement and routing add to area and energy."""

    area_um2: Annotated[Quantity, Rule("um2", 1e-3, 1e9)]
    cycle_pj: Annotated[Quantity, Rule("pJ/cycle", 1e-6, 1e6)]
    leakage_mw: Annotated[Quantity | None, Rule("mW", 0, 1e6)] = None
    layout_ratio: Annotated[Quantity, Rule("ratio", 1, 10)]


class PeSheet(Section):
    """What the specification of any array of synthesised PEs says; `weights` and `activations` list formats that a PE takes."""

    title: Text
    unit: Text
    process: Text
    weights: Text
    activations: Text
    array: Array
    pe: Synthesized
    units_per_sm: UnitsPerSm = None


@dataclass(frozen=True)
class Pace:
    """How fast one PE multiplies: `dot` neighbours along k for `lanes_m` × `lanes_n` outputs in `steps` cycles."""

    dot: int = 1
    steps: int = 1
    lanes_m: int = 1
    lanes_n: int = 1


def unknown_formats(numbers: Mapping[str, Quantity], texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Path and fault of every word in the lists of formats that is none."""
    for path in (WEIGHTS, ACTIVATIONS):
        unknown = [word for word in texts[path].split() if word not in FORMATS]
        yield from ((path, f"unknown format '{word}', {nearest(word, FORMATS)}") for word in unknown)


def element(fmt: NumberFormat) -> NumberFormat:
    """The format of a single element, block scales aside."""
    return fmt.element if isinstance(fmt, BlockFormat) else fmt


@dataclass(frozen=True)
class PeArray(Unit):
    """Base of the arrays; a subclass says the pace of a PE for a scheme."""

    @abstractmethod
    def pace(self, scheme: QuantScheme) -> Pace:
        """How fast a PE multiplies operands of these formats, which it takes."""

    def refusal(self, scheme: QuantScheme) -> str | None:
        """Formats that the lists of the specification do not hold."""
        for path, tensor in ((WEIGHTS, scheme.weight), (ACTIVATIONS, scheme.activation)):
            if not self._takes(path, tensor):
                return f"its PEs take no {tensor.format.name} {path} (they take {', '.join(self.texts[path].split())})"
        return None

    def _takes(self, path: str, tensor: TensorFormat) -> bool:
        return element(tensor.format).name in self.texts[path].split()

    @property
    def pes(self) -> int:
        """Processing elements."""
        return self.count("array.rows") * self.count("array.columns")

    def tile(self, scheme: QuantScheme) -> tuple[int, int, int]:
        """Outputs that the array holds, and the neighbours along k that it multiplies at a time."""
        self.check(scheme)
        pace = self.pace(scheme)
        return self.count("array.rows") * pace.lanes_m, self.count("array.columns") * pace.lanes_n, pace.dot

    def words(self, task: MatrixTask) -> int:
        """How often the array takes a word of each operand: one per `dot` neighbours and set of outputs."""
        tile = self.tile(task.scheme)
        m, n, k = (-(-size // covered) for size, covered in zip((task.m, task.n, task.k), tile, strict=True))
        return m * n * k

    def macs_per_cycle(self, scheme: QuantScheme) -> float:
        """Outputs in the array times multiplications per cycle for each."""
        m, n, k = self.tile(scheme)
        return m * n * k / self.pace(scheme).steps

    def service(self, task: MatrixTask) -> Service:
        """Every PE of the array spends energy in every cycle, also where the product is smaller than the array."""
        words = self.words(task)
        cycles = words * self.pace(task.scheme).steps
        return Service(
            cycles=cycles,
            busy_cycles={"pe_array": cycles},
            energy_pj={"pe_array": cycles * self.cycle_pj(task.scheme)},
            actions={"mac": task.macs, "word": words},
        )

    def cycle_pj(self, scheme: QuantScheme) -> float:
        """Dynamic energy of a cycle of the whole array; synthesised PEs spend the same whatever the formats."""
        return self.pes * self.value("pe.cycle_pj") * self.value("pe.layout_ratio")

    @property
    def leakage_mw(self) -> float:
        """Static power of the whole array; 0 where the specification has it inside the energy of a cycle."""
        return self.pes * self.value("pe.leakage_mw") if "pe.leakage_mw" in self.quantities else 0.0

    def area_um2(self) -> Mapping[str, float]:
        """The PEs, laid out."""
        return {"pe_array": self.pes * self.value("pe.area_um2") * self.value("pe.layout_ratio")}
