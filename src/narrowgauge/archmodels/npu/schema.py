"""The schema of an NPU: systolic arrays, SIMD units, a scratchpad, channels of a memory standard that the bank model times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Literal

from narrowgauge.archmodels.rule import Rule
from narrowgauge.archmodels.schema import Clock, Count, Section, Text
from narrowgauge.archmodels.specification import Schema
from narrowgauge.archmodels.units.systolic import Stationary
from narrowgauge.errors import InputError, nearest
from narrowgauge.provenance import Quantity
from narrowgauge.sim.dram import load_standard
from narrowgauge.units import BITS_PER_BYTE, BYTES_PER_KB

Storage = Annotated[Quantity, Rule("KB", 1, 10_000_000)]
Steps = Annotated[Quantity, Rule("step", 0.1, 1000)]
MacEnergy = Annotated[Quantity | None, Rule("pJ/MAC", 1e-6, 1e4)]
ByteEnergy = Annotated[Quantity | None, Rule("pJ/B", 1e-4, 1e5)]


class Overlap(StrEnum):
    """What of a fold hides behind its neighbours: nothing, filling and draining, or the loading of the next operand as well."""

    NONE = "none"
    SKEW = "skew"
    SKEW_AND_LOAD = "skew-and-load"


class Sharing(StrEnum):
    """How arrays divide a product: each takes folds of its own, or all hold the same resting operand and stream a share each."""

    FOLDS = "folds"
    STREAMED = "streamed"


class Tiling(StrEnum):
    """Which tile goes through the scratchpad: the fastest one of power-of-two parts, or what is left when the longest side has
    been halved until the tile fits (NeuPIMs, src/operations/MatMul.cc)."""

    BEST = "best"
    HALVE_LONGEST = "halve-longest"


class Start(StrEnum):
    """What has to be in the scratchpad before the arrays begin: a whole tile, or one array's worth of both operands."""

    TILE = "tile"
    BLOCK = "block"


class Arrays(Section):
    """Systolic arrays; a cell does one multiply-accumulate per cycle."""

    count: Count
    rows: Count
    columns: Count
    stationary: Text
    sharing: Text
    overlap: Text


class VectorSteps(Section):
    """Passes of a SIMD lane per element, by kind of work."""

    norm: Steps
    softmax: Steps
    other: Steps


class Simd(Section):
    """SIMD units."""

    units: Count
    lanes: Count
    steps: VectorSteps


class ActionEnergies(Section):
    """Energy of an action; None where it is not known."""

    mac: MacEnergy = None
    dram_byte: ByteEnergy = None


class NpuSheet(Section):
    """Everything that a specification of an NPU says."""

    title: Text
    machine: Literal["npu"]
    #: name of a standard of `sim.dram`, whose sequential reads the bank model times
    memory: Text
    left_out: Text
    channels: Count
    clock_mhz: Clock
    arrays: Arrays
    tiling: Text
    start: Text
    #: operands and results; half of each belongs to the tile in work, half to its neighbour
    scratchpad_kb: Storage
    accumulator_kb: Storage
    simd: Simd
    #: bytes of an element of both operands
    element_bits: Annotated[Quantity, Rule("bit", 1, 64, whole=True)]
    #: to the peers that share every layer; None where no source says what it is
    link_gb_per_s: Annotated[Quantity | None, Rule("GB/s", 0.1, 100_000)] = None
    energy_pj: ActionEnergies = ActionEnergies()
    #: half width of the interval around a latency
    interval: Annotated[Quantity, Rule("ratio", 0, 10)]


CHOICES: Mapping[str, type[StrEnum]] = {
    "arrays.stationary": Stationary,
    "arrays.sharing": Sharing,
    "arrays.overlap": Overlap,
    "tiling": Tiling,
    "start": Start,
}


def contradictions(numbers: Mapping[str, Quantity], texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Path and fault of a word that names no choice, of an unknown memory, of arrays that the scratchpad cannot feed."""
    for path, words in CHOICES.items():
        if texts[path] not in tuple(words):
            yield path, f"is '{texts[path]}'; {nearest(texts[path], tuple(words))}"
    try:
        load_standard(texts["memory"])
    except InputError as error:
        yield "memory", str(error)
    side = max(numbers["arrays.rows"].value, numbers["arrays.columns"].value)
    square_kb = side * side * numbers["element_bits"].value / BITS_PER_BYTE / BYTES_PER_KB
    own = 6 if texts["tiling"] == Tiling.HALVE_LONGEST else 4  # results count with the operands there
    for path, squares in (("scratchpad_kb", own), ("accumulator_kb", 2)):
        if numbers[path].value < squares * square_kb:
            yield path, f"cannot hold {squares} tiles of {side:g} × {side:g}, which take {squares * square_kb:g} KB"


NPU = Schema(NpuSheet, contradictions)
