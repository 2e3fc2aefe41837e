"""What is mapped, and onto what: a matrix product, levels of memory from DRAM inwards, a unit at their end. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.units import BITS_PER_BYTE

DIMENSIONS = ("m", "n", "k")
OPERANDS = ("a", "b", "c")
#: the dimension that does not index an operand of C[m,n] = A[m,k] · B[k,n]: the one over whose loop it can stay where it is
FREE = {"a": "n", "b": "m", "c": "k"}


@dataclass(frozen=True)
class Product:
    """C[m,n] = A[m,k] · B[k,n] with bits per element, shares of scales included. `partial_bits`: a sum that is not yet complete,
    `c_bits`: a complete one as it leaves. Raises InputError for sizes below 1 and widths that are not positive."""

    m: int
    n: int
    k: int
    a_bits: float = 16
    b_bits: float = 16
    partial_bits: float = 32
    c_bits: float = 16

    def __post_init__(self) -> None:
        small = [Problem(d, f"given {getattr(self, d)}, allowed: 1 or more") for d in DIMENSIONS if getattr(self, d) < 1]
        widths = ("a_bits", "b_bits", "partial_bits", "c_bits")
        thin = [Problem(w, f"given {getattr(self, w)}, allowed: above 0") for w in widths if not getattr(self, w) > 0]
        if small or thin:
            raise InputError([*small, *thin])

    @property
    def sizes(self) -> tuple[int, int, int]:
        """m, n, k."""
        return self.m, self.n, self.k

    @property
    def macs(self) -> int:
        """Multiply-accumulates without padding."""
        return self.m * self.n * self.k

    def elements(self, operand: str) -> int:
        """How many elements an operand has."""
        return self.macs // dict(zip(DIMENSIONS, self.sizes, strict=True))[FREE[operand]]

    def held_bytes(self, operand: str) -> float:
        """Bytes of one element while it is in a buffer: an output is a partial sum there."""
        return {"a": self.a_bits, "b": self.b_bits, "c": self.partial_bits}[operand] / BITS_PER_BYTE


@dataclass(frozen=True)
class Level:
    """A memory. `bandwidth_bytes_per_cycle` is what it serves to (and takes back from) the levels inside it,
    `energy_pj_per_byte` is paid for each byte read or written there. An operand that it does not hold passes it by. Capacity
    None: it holds everything."""

    name: str
    capacity_bytes: float | None
    bandwidth_bytes_per_cycle: float
    energy_pj_per_byte: float
    holds: tuple[str, ...] = OPERANDS

    def __post_init__(self) -> None:
        problems = [
            Problem(f"{self.name}.{field}", f"given {value}, allowed: above 0")
            for field, value in (
                ("capacity_bytes", self.capacity_bytes),
                ("bandwidth_bytes_per_cycle", self.bandwidth_bytes_per_cycle),
            )
            if value is not None and not value > 0
        ]
        if not self.energy_pj_per_byte >= 0:
            problems.append(Problem(f"{self.name}.energy_pj_per_byte", f"given {self.energy_pj_per_byte}, allowed: 0 or more"))
        problems += [
            Problem(f"{self.name}.holds", f"given '{operand}'; {nearest(operand, OPERANDS)}")
            for operand in self.holds
            if operand not in OPERANDS
        ]
        if problems:
            raise InputError(problems)


@dataclass(frozen=True)
class Compute:
    """A unit: it takes quanta of m × n × k multiply-accumulates, each in quantum / `macs_per_cycle` cycles, full or not."""

    name: str
    quantum: tuple[int, int, int]
    macs_per_cycle: float
    energy_pj_per_mac: float

    def __post_init__(self) -> None:
        problems = [
            Problem(f"{self.name}.quantum.{d}", f"given {size}, allowed: 1 or more")
            for d, size in zip(DIMENSIONS, self.quantum, strict=True)
            if size < 1
        ]
        if not self.macs_per_cycle > 0:
            problems.append(Problem(f"{self.name}.macs_per_cycle", f"given {self.macs_per_cycle}, allowed: above 0"))
        if not self.energy_pj_per_mac >= 0:
            problems.append(Problem(f"{self.name}.energy_pj_per_mac", f"given {self.energy_pj_per_mac}, allowed: 0 or more"))
        if problems:
            raise InputError(problems)


@dataclass(frozen=True)
class Target:
    """Memories from the outermost, which holds everything, to the one next to the unit; and the unit.

    Raises InputError where there is no level, the outermost is bounded or passed by, or two levels have one name."""

    levels: tuple[Level, ...]
    compute: Compute

    def __post_init__(self) -> None:
        if not self.levels:
            raise InputError([Problem("levels", "given none, allowed: 1 or more")])
        outer, names = self.levels[0], sorted(level.name for level in self.levels)
        problems = [Problem("levels", f"two are called '{name}'") for name, other in pairwise(names) if name == other]
        if outer.capacity_bytes is not None or set(outer.holds) != set(OPERANDS):
            problems.append(Problem(outer.name, "the outermost level holds every operand and has no capacity limit"))
        problems += [
            Problem(f"{level.name}.capacity_bytes", "is missing: only the outermost level is unbounded")
            for level in self.levels[1:]
            if level.capacity_bytes is None
        ]
        if problems:
            raise InputError(problems)

    @property
    def buffers(self) -> tuple[Level, ...]:
        """The bounded levels, from the outermost."""
        return self.levels[1:]

    def path(self, operand: str) -> tuple[int, ...]:
        """Indices of the levels that hold an operand, and one more for the unit."""
        return (*(i for i, level in enumerate(self.levels) if operand in level.holds), len(self.levels))
