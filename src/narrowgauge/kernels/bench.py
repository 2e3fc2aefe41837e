"""The contract of a microbenchmark: one question, one CUDA source, and everything needed to ask it on any GPU.

A bench is data and pure functions; it never touches a device. `plan` enumerates its points, `compile` builds its source once per
architecture, `runner` launches it, `records` writes down what was seen. All kernels of one source are `extern "C"`, live in one
file of `cu/`, include `bench.cuh`, and are compiled without per-point macros: a point selects an *entry* and its arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from narrowgauge.registry import Registry

Array = npt.NDArray[Any]
Point = Mapping[str, int | str]  #: the value of every axis


class Timing(StrEnum):
    """What of a launch answers the question; the record names it, so that cold and batched times are never mixed."""

    CLOCK = "clock"  #: SM cycles between two reads of clock64 inside the kernel
    COLD = "cold"  #: CUDA events around one launch, L2 flushed before it
    BATCHED = "batched"  #: CUDA events around back-to-back launches over rotating buffers, divided by their number
    GRAPH = "graph"  #: the same, replayed from one CUDA graph
    POWER = "power"  #: back-to-back launches over seconds, with the board's energy counter read before and after


@dataclass(frozen=True)
class Device:
    """What a bench may know of the GPU when it sizes a launch."""

    architecture: str  #: "sm80", "sm86", "sm89", "sm90"
    sm_count: int
    l2_bytes: int
    memory_bytes: int
    max_shared_bytes: int  #: of one block, after opting in


@dataclass(frozen=True)
class TensorMap:
    """A tiled TMA descriptor over one input array: the box that one copy moves."""

    array: str
    box: tuple[int, ...]  #: elements, innermost dimension first
    swizzle_bytes: int = 0


@dataclass(frozen=True)
class Launch:
    """One kernel launch. `arguments` follow the kernel's parameters: a str names an input, an output, "clocks" or a tensor map;
    an int is passed as int32, a float as float32. Tensor maps come first (they are 64-byte aligned)."""

    entry: str
    grid: int
    block: int
    arguments: tuple[str | int | float, ...]
    shared_bytes: int = 0
    cluster: int = 1  #: blocks of one cluster, as the `__cluster_dims__` of the kernel states it
    tensor_maps: Mapping[str, TensorMap] = field(default_factory=dict)


@dataclass(frozen=True)
class Operands:
    """Host arrays of one point: inputs as they are uploaded, outputs as (shape, dtype) that are poisoned before each launch.

    `rotate` names the inputs of which as many copies are allocated as exceed L2 twice, when the timing is batched."""

    inputs: Mapping[str, Array]
    outputs: Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]
    rotate: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """Comparison of a result with NumPy in higher precision; `error` and `tolerance` in the measure that `what` names."""

    error: float
    tolerance: float
    what: str

    @property
    def ok(self) -> bool:
        """NaN never passes."""
        return bool(self.error <= self.tolerance)


@dataclass(frozen=True)
class InnerLoop:
    """What the hottest loop of an entry must hold in machine code: opcode prefix → exact count (or an inclusive range), and the
    prefixes of what else may be there (loop control, address arithmetic). Anything else in the loop is a failure."""

    counts: Mapping[str, int | tuple[int, int]]
    allowed: tuple[str, ...] = ()


#: what closes any loop: its counter, the comparison and the branch
LOOP_CONTROL = ("BRA", "ISETP", "UISETP", "IADD3", "UIADD3", "VIADD", "NOP")


class Bench(Protocol):
    """One question. Implementations are frozen dataclasses in `benches/`, registered in `BENCHES`."""

    @property
    def name(self) -> str:
        """What the bench is called in plans and records."""
        ...

    @property
    def question(self) -> str:
        """One sentence that ends in a question mark."""
        ...

    @property
    def source(self) -> str:
        """File in `cu/`."""
        ...

    @property
    def timing(self) -> Timing:
        """What of a launch answers the question."""
        ...

    @property
    def axes(self) -> Mapping[str, tuple[int | str, ...]]:
        """The full suite; includes "data": ("random", "zero") where data may matter."""
        ...

    @property
    def quick(self) -> Mapping[str, tuple[int | str, ...]]:
        """The values that the quick suite keeps; an axis not named keeps all."""
        ...

    def skip(self, point: Point, device: Device) -> str | None:
        """Why the point cannot be asked on this device ("e4m3 mma.sync needs sm_89"), or None."""
        ...

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Arrays of the point; random data are of the size and spread that the instruction meets in a model."""
        ...

    def launch(self, point: Point, device: Device) -> Launch:
        """Entry, geometry and arguments of the point."""
        ...

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """Whether the launch computed what it should have; runs on the outputs of a timed launch."""
        ...

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Counts per launch that turn a time into a rate: "macs", "instructions" (per warp), "bytes", "warps_per_sm", ..."""
        ...

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop | None:
        """What the machine code of the entry must show; None where the entry has no loop of its own (a launch-cost kernel)."""
        ...

    def entries(self, architecture: str) -> tuple[str, ...]:
        """All kernels of the source that exist on an architecture."""
        ...


BENCHES: Registry[Bench] = Registry("bench")


def points(bench: Bench, suite: str) -> Iterator[Point]:
    """All points of a suite ("quick" or "full") in the order of the declared axes."""
    axes = {**bench.axes, **bench.quick} if suite == "quick" else bench.axes
    for values in product(*axes.values()):
        yield dict(zip(axes, values, strict=True))
