"""Tensor cores of Hopper through `wgmma`: rate by instruction, width and place of A, and the latency of one.

The published "128 cycles for m64n256k16" (arXiv 2501.12084) is the interval between instructions of `wgmma` with one
warpgroup, whose chain of dependent additions the hardware runs back to back; `wgmma-latency` also waits for each of them,
as a kernel does that needs the sum. Cycles do not depend on the operands; the clock under them does, which the power
benches measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from narrowgauge.kernels import chains, elements, fragments
from narrowgauge.kernels.bench import (
    BENCHES,
    LOOP_CONTROL,
    Array,
    Check,
    Device,
    InnerLoop,
    Launch,
    Operands,
    Point,
    Timing,
)

UNROLL = 32  #: instructions of one pass, in wgmma.cu
ROWS = 64  #: of A and of the accumulator
_LINE_BITS = 256  #: of K, in every element type
_GROUP, _WARP = 128, 32  #: threads
#: what computes the descriptors anew in every pass
_UNIFORM = ("S2UR", "R2UR", "UMOV", "ULEA", "ULOP3", "USHF", "ULDC", "UPRMT", "SEL", "USEL", "MOV")
_TYPES = ("f16_f16", "f16_f32", "bf16_f32", "tf32_f32", "e4m3_f16", "e4m3_f32", "e5m2_f32", "s8_s32")
_WIDTHS = (8, 16, 32, 64, 128, 256)
_WAITED = ("f16_f32_n8", "f16_f32_n64", "f16_f32_n256", "e4m3_f32_n64", "s8_s32_n64")


@dataclass(frozen=True)
class Instruction:
    """m64 × n × 32 bytes of `element`, added up in `accumulator`."""

    element: str
    accumulator: str
    n: int

    @classmethod
    def of(cls, name: str) -> Instruction:
        """The instruction of a name such as `f16_f32_n64`."""
        element, accumulator, n = name.split("_")
        return cls(element, accumulator, int(n.removeprefix("n")))

    @property
    def k(self) -> int:
        """Elements of A and B in 32 bytes."""
        return _LINE_BITS // elements.BITS[self.element]

    @property
    def registers(self) -> int:
        """Registers of the accumulator in each thread."""
        return ROWS * self.n * elements.ACCUMULATOR_BITS[self.accumulator] // (32 * _GROUP)

    @property
    def macs(self) -> int:
        """Multiply-adds of one instruction."""
        return ROWS * self.n * self.k

    @property
    def opcode(self) -> str:
        """The machine instruction."""
        unit = {"s8": "IGMMA", "e4m3": "QGMMA", "e5m2": "QGMMA"}.get(self.element, "HGMMA")
        kind = {"s32": "", "f32": ".F32", "f16": ".F16"}[self.accumulator]
        types = {"f16": "", "bf16": ".BF16", "tf32": ".TF32"}.get(self.element, f".{self.element.upper()}.{self.element.upper()}")
        return f"{unit}.{ROWS}x{self.n}x{self.k}{kind}{types}"


@dataclass(frozen=True)
class Wgmma:
    """Chains of one instruction on every warpgroup, 32 × (`iterations` + 1) long; they count, or are endless (see `chains`).

    The instruction is the axis `instruction`, with its width there or in an axis `n`; `source` says where A lies, or `wait`."""

    name: str
    question: str
    timing: Timing
    axes: Mapping[str, tuple[int | str, ...]]
    quick: Mapping[str, tuple[int | str, ...]]
    iterations: int  #: timed passes; one more goes before them
    endless: bool = False
    source: str = "wgmma.cu"

    def skip(self, point: Point, device: Device) -> str | None:
        """The instruction exists on sm_90 only."""
        return None if device.architecture == "sm90" else "wgmma needs sm_90a"

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """A (64 × 32 bytes) as shared memory or registers hold it, B (n × 32 bytes), the start of each thread's accumulators,
        and a result (warpgroups, registers, 128)."""
        i = _instruction(point)
        factors = chains.random_factors(ROWS, i.n, i.k, np.arange(i.k), i.element, self.endless, rng)
        if point.get("data") == "zero":
            factors = chains.zeros_like(factors)
        bits = elements.BITS[i.element]
        a = elements.to_codes(factors.a, i.element)
        inputs = {
            "a": _a_registers(a, bits) if point["source"] == "registers" else fragments.core_matrices(a, bits),
            "b": fragments.core_matrices(np.ascontiguousarray(elements.to_codes(factors.b, i.element).T), bits),
            "start": elements.accumulator_words(chains.start_values((_GROUP,), rng), i.accumulator),
        }
        groups = device.sm_count * int(point["warpgroups"])
        return Operands(inputs, {"out": ((groups, i.registers, _GROUP), np.dtype(np.uint32))})

    def launch(self, point: Point, device: Device) -> Launch:
        """One block of one or two warpgroups on every SM."""
        i = _instruction(point)
        entry = f"wgmma_{i.element}_{i.accumulator}_n{i.n}_{point['source']}"
        arguments = ("a", "b", "start", "out", "clocks", self.iterations)
        return Launch(entry, device.sm_count, _GROUP * int(point["warpgroups"]), arguments)

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """Every warpgroup's accumulators against start + n A B."""
        i = _instruction(point)
        bits = elements.BITS[i.element]
        a = _a_codes(inputs["a"], bits) if point["source"] == "registers" else fragments.core_codes(inputs["a"], bits)
        b = fragments.core_codes(inputs["b"], bits).T
        factors = chains.Factors(elements.to_values(a, i.element), elements.to_values(b, i.element))
        start = _matrix(np.broadcast_to(inputs["start"], (1, i.registers, _GROUP)), i.accumulator)
        step = chains.product(factors, np.arange(i.k))
        result = _matrix(outputs["out"], i.accumulator)
        return chains.exactly(result, start + UNROLL * (self.iterations + 1) * step, "C + n A B")

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Timed instructions of one warpgroup, and multiply-adds of one SM and of the launch."""
        instructions, groups = UNROLL * self.iterations, int(point["warpgroups"])
        macs = instructions * groups * _instruction(point).macs
        return {
            "instructions": instructions,
            "warps_per_sm": groups * _GROUP // _WARP,
            "macs_per_sm": macs,
            "macs": macs * device.sm_count,
        }

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop | None:
        """The 32 instructions of one pass and as many waits as the pace demands."""
        name, _, source = entry.removeprefix("wgmma_").rpartition("_")
        waits = UNROLL if source == "wait" else 1
        counts = {Instruction.of(name).opcode: UNROLL, "WARPGROUP.ARRIVE": waits, "WARPGROUP.DEPBAR": waits}
        return InnerLoop(counts, (*LOOP_CONTROL, *_UNIFORM))

    def entries(self, architecture: str) -> tuple[str, ...]:
        """Every instruction and source on the axes."""
        if architecture != "sm90":
            return ()
        widths = [f"_n{n}" for n in self.axes["n"]] if "n" in self.axes else [""]
        return tuple(f"wgmma_{i}{n}_{source}" for i in self.axes["instruction"] for n in widths for source in self.axes["source"])


def _instruction(point: Point) -> Instruction:
    name = str(point["instruction"])
    return Instruction.of(f"{name}_n{point['n']}" if "n" in point else name)


def _a_registers(codes: Array, bits: int) -> Array:
    """A in the registers of four warps, sixteen rows each: (4 warps, 4 registers, 32 lanes)."""
    return np.stack([fragments.a_fragment(rows, bits) for rows in np.split(codes, 4)])


def _a_codes(registers: Array, bits: int) -> Array:
    return np.vstack([fragments.a_codes(fragment, bits, ROWS // 4) for fragment in registers])


def _matrix(words: Array, accumulator: str) -> Array:
    """Accumulators (groups, registers, 128 threads) as matrices (groups, 64, n)."""
    groups, registers, _ = words.shape
    by_warp = np.ascontiguousarray(words.reshape(groups, registers, 4, _WARP).swapaxes(1, 2))
    tiles = fragments.accumulator_matrix(elements.accumulator_values(by_warp, accumulator))
    return tiles.reshape(groups, ROWS, -1)


BENCHES.register(
    "wgmma",
    Wgmma(
        name="wgmma",
        question="How many multiply-adds per cycle does wgmma finish, by instruction, width and place of A?",
        timing=Timing.CLOCK,
        axes={"instruction": _TYPES, "n": _WIDTHS, "source": ("shared", "registers"), "warpgroups": (1, 2)},
        quick={"instruction": ("f16_f32", "tf32_f32", "e4m3_f32", "s8_s32"), "n": (64, 256), "warpgroups": (1,)},
        iterations=chains.LONGEST // UNROLL - 1,
    ),
)
BENCHES.register(
    "wgmma-latency",
    Wgmma(
        name="wgmma-latency",
        question="How long does one wgmma take when its sum is needed before the next one starts?",
        timing=Timing.CLOCK,
        axes={"instruction": _WAITED, "source": ("wait",), "warpgroups": (1,)},
        quick={},
        iterations=chains.LONGEST // UNROLL - 1,
    ),
)
