"""Tensor cores through `mma.sync`: latency and throughput by instruction, as Sun et al. (arXiv 2206.02874) define them.

Latency: cycles per instruction of one warp whose every instruction adds to the accumulator of the one before. Throughput:
multiply-adds per cycle and SM at `warps` × `ilp` independent chains; a sparse instruction counts the multiply-adds of the
dense one it stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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

UNROLL = 32  #: instructions of one pass, in mma_sync.cu
_WARP = 32
_ILP = (1, 2, 4)
_NAME = re.compile(r"(sp_)?(\w+?)_(\w+)_m(\d+)n(\d+)k(\d+)")
_EVERYWHERE = (
    "f16_f16_m16n8k8", "f16_f16_m16n8k16", "f16_f32_m16n8k8", "f16_f32_m16n8k16", "bf16_f32_m16n8k8", "bf16_f32_m16n8k16",
    "tf32_f32_m16n8k4", "tf32_f32_m16n8k8", "s8_s32_m8n8k16", "s8_s32_m16n8k16", "s8_s32_m16n8k32", "s4_s32_m16n8k32",
    "s4_s32_m16n8k64", "b1and_s32_m16n8k128", "b1and_s32_m16n8k256", "b1xor_s32_m16n8k256", "sp_f16_f32_m16n8k16",
    "sp_f16_f32_m16n8k32", "sp_bf16_f32_m16n8k32", "sp_tf32_f32_m16n8k16", "sp_s8_s32_m16n8k32", "sp_s8_s32_m16n8k64",
)  # fmt: skip
_MOVES = ("MOV", "IMAD.MOV", "LDC")  #: of the metadata; around a call
_FP8 = ("e4m3_f32_m16n8k16", "e4m3_f32_m16n8k32", "e4m3_f16_m16n8k32", "e5m2_f32_m16n8k32")


@dataclass(frozen=True)
class Instruction:
    """What the name of an instruction says: `sp_f16_f32_m16n8k32` is sparse, multiplies f16, accumulates in f32."""

    name: str
    element: str
    single_bit: str  #: "and" or "xor" where the elements are bits
    accumulator: str
    m: int
    n: int
    k: int
    sparse: bool

    @classmethod
    def of(cls, name: str) -> Instruction:
        """The instruction of that name."""
        match = _NAME.fullmatch(name)
        if match is None:
            raise ValueError(f"no mma instruction is called {name}")
        sparse, element, accumulator, m, n, k = match.groups()
        bit = element.removeprefix("b1") if element.startswith("b1") else ""
        return cls(name, "b1" if bit else element, bit, accumulator, int(m), int(n), int(k), bool(sparse))

    @property
    def registers(self) -> int:
        """Registers of the accumulator in each lane."""
        return self.m * self.n * elements.ACCUMULATOR_BITS[self.accumulator] // (32 * _WARP)

    @property
    def kept(self) -> npt.NDArray[np.intp]:
        """Columns of A that are stored."""
        return chains.kept_columns(self.k, self.element, self.sparse)

    @property
    def macs(self) -> int:
        """Multiply-adds of one instruction; a sparse one counts those it skips."""
        return self.m * self.n * self.k

    def machine_code(self, architecture: str) -> InnerLoop:
        """What one pass of 32 becomes; on sm_90 s4 and b1 with xor are calls of an emulation."""
        if architecture == "sm90" and (self.element == "s4" or self.single_bit == "xor"):
            return InnerLoop({"CALL": UNROLL}, (*LOOP_CONTROL, *_MOVES, "SEL", "USEL", "PLOP3"))
        unit = {"s8": "IMMA", "s4": "IMMA", "b1": "BMMA", "e4m3": "QMMA", "e5m2": "QMMA"}.get(self.element, "HMMA")
        shape = f"{unit}{'.SP' if self.sparse else ''}.{self.m}{self.n}{self.k}"
        kind = {"s32": "", "f32": ".F32", "f16": ".F16"}[self.accumulator]
        types = {"HMMA": {"bf16": ".BF16", "tf32": ".TF32"}.get(self.element, ""), "BMMA": f".{self.single_bit.upper()}"}
        typed = types.get(unit, f".{self.element.upper()}.{self.element.upper()}")
        return InnerLoop({shape + kind + typed: UNROLL}, (*LOOP_CONTROL, *_MOVES))


@dataclass(frozen=True)
class MmaSync:
    """Chains of one instruction, each `iterations` + 1 passes of 32 / ilp long; they count, or are endless (see `chains`)."""

    name: str
    question: str
    timing: Timing
    axes: Mapping[str, tuple[int | str, ...]]
    quick: Mapping[str, tuple[int | str, ...]]
    iterations: int  #: timed passes; one more goes before them
    endless: bool = False
    source: str = "mma_sync.cu"

    def skip(self, point: Point, device: Device) -> str | None:
        """FP8 exists from sm_89 on and is not native on sm_90."""
        if point["instruction"] in _FP8:
            if device.architecture in ("sm80", "sm86"):
                return "mma.sync with FP8 operands needs sm_89"
            if device.architecture == "sm90":
                return "mma.sync with FP8 operands is unpacked to f16 on sm_90, where FP8 is native in wgmma only"
        return None

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Fragments of A and B, the accumulators' start (ilp, registers, 32), and a result (warps, ilp, registers, 32)."""
        i, ilp, warps = Instruction.of(str(point["instruction"])), int(point["ilp"]), int(point["warps"])
        factors = chains.random_factors(i.m, i.n, i.k, i.kept, i.element, self.endless, rng)
        if point.get("data") == "zero":
            factors = chains.zeros_like(factors)
        bits = elements.BITS[i.element]
        inputs = {
            "a": fragments.a_fragment(elements.to_codes(factors.a, i.element), bits),
            "b": fragments.b_fragment(elements.to_codes(factors.b, i.element), bits),
            "start": elements.accumulator_words(chains.start_values((ilp, i.registers, _WARP), rng), i.accumulator),
        }
        return Operands(inputs, {"out": ((device.sm_count * warps, ilp, i.registers, _WARP), np.dtype(np.uint32))})

    def launch(self, point: Point, device: Device) -> Launch:
        """One block of `warps` warps on every SM."""
        entry = f"mma_{point['instruction']}_ilp{point['ilp']}"
        arguments = ("a", "b", "start", "out", "clocks", self.iterations)
        return Launch(entry, device.sm_count, _WARP * int(point["warps"]), arguments)

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """Every warp's accumulators against start + n A B."""
        i = Instruction.of(str(point["instruction"]))
        bits = elements.BITS[i.element]
        factors = chains.Factors(
            elements.to_values(fragments.a_codes(inputs["a"], bits, i.m), i.element),
            elements.to_values(fragments.b_codes(inputs["b"], bits), i.element),
        )
        length = UNROLL // int(point["ilp"]) * (self.iterations + 1)
        start = fragments.accumulator_matrix(elements.accumulator_values(inputs["start"], i.accumulator))
        result = fragments.accumulator_matrix(elements.accumulator_values(outputs["out"], i.accumulator))
        return chains.exactly(result, start + length * chains.product(factors, i.kept, i.single_bit), "C + n A B")

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Timed instructions of one warp, and multiply-adds of one SM and of the launch."""
        instructions, warps = UNROLL * self.iterations, int(point["warps"])
        macs = instructions * warps * Instruction.of(str(point["instruction"])).macs
        return {
            "instructions": instructions,
            "warps_per_sm": warps,
            "ilp": int(point["ilp"]),
            "macs_per_sm": macs,
            "macs": macs * device.sm_count,
        }

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop | None:
        """The 32 instructions of one pass and the loop's control."""
        return Instruction.of(entry.removeprefix("mma_").rpartition("_")[0]).machine_code(architecture)

    def entries(self, architecture: str) -> tuple[str, ...]:
        """Every instruction on the axes at every ILP; FP8 where it is native."""
        names = [str(i) for i in self.axes["instruction"] if i not in _FP8 or architecture == "sm89"]
        return tuple(f"mma_{name}_ilp{ilp}" for name in names for ilp in self.axes["ilp"])


BENCHES.register(
    "mma-sync",
    MmaSync(
        name="mma-sync",
        question="How long does an mma.sync take, and how many multiply-adds does an SM finish per cycle?",
        timing=Timing.CLOCK,
        axes={"instruction": (*_EVERYWHERE, *_FP8), "warps": (1, 2, 4, 8, 16), "ilp": _ILP},
        quick={
            "instruction": ("f16_f16_m16n8k16", "f16_f32_m16n8k8", "f16_f32_m16n8k16", "bf16_f32_m16n8k16", "tf32_f32_m16n8k8",
                            "s8_s32_m16n8k32", "s4_s32_m16n8k64", "b1and_s32_m16n8k256", "sp_f16_f32_m16n8k32",
                            "e4m3_f32_m16n8k32"),
            "warps": (1, 8),
            "ilp": (1, 2),
        },
        iterations=chains.LONGEST // UNROLL - 1,
    ),
)  # fmt: skip
