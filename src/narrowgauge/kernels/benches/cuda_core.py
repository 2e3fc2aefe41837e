"""CUDA cores: latency and throughput of the instructions that low-bit kernels live on.

Latency: cycles per step of one warp with one chain. Throughput: results per cycle and SM = 32 × `instructions` ×
`warps_per_sm` / cycles; 32 warps of four chains suffice for every unit. A fed step adds a LOP3 (latency 4 on every
architecture here) to the latency, and nothing to the throughput of the slower unit under test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from narrowgauge.kernels import chains, steps
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

UNROLL = 128  #: steps of one pass, in cuda_core.cu
_ILP = (1, 4)
_FP8 = ("e4m3_to_f16", "f16_to_e4m3", "e5m2_to_f16")
_FP4 = "e2m1_to_f16"
_FAR = ("CALL", "SEL", "USEL", "PLOP3")  #: a branch out of a long loop on sm_80 to sm_89; the number of passes, computed anew
#: opcode of a step where it is one; the same on every architecture
_OPCODES = {
    "lop3": "LOP3", "prmt": "PRMT", "shf": "SHF.L.W", "popc": "POPC", "iadd3": "IADD3", "imad": "IMAD", "dp4a": "IDP.4A.S8.S8",
    "ffma": "FFMA", "hfma2_f16": "HFMA2", "hfma2_bf16": "HFMA2.BF16", "hadd2_f16": "HADD2", "mufu_ex2": "MUFU.EX2",
    "mufu_rcp": "MUFU.RCP", "i2f_s32_f32": "I2FP.F32.S32", "i2f_s8_f32": "I2F.S8", "i2f_s8_f16": "I2F.F16.S8",
    "i2f_s32_f16": "I2F.F16", "f2i_f32_s32": "F2I", "f2f_pack_f16": "F2FP", "e4m3_to_f16": "F2FP.F16.E4M3",
    "f16_to_e4m3": "F2FP.SATFINITE.E4M3", "e5m2_to_f16": "F2FP.F16.E5M2", "shfl": "SHFL.IDX", "redux_add": "REDUX.SUM",
}  # fmt: skip
#: what a step needs besides, per step
_BESIDE = {
    **dict.fromkeys(("popc", "mufu_rcp", "i2f_s8_f32", "f2i_f32_s32", *_FP8), ("LOP3",)),
    "i2f_s8_f16": ("LOP3", "PRMT"),
    "i2f_s32_f16": ("PRMT",),
    "redux_add": ("LOP3", "IMAD.U32"),
}


def _counts(step: str, architecture: str) -> dict[str, float]:
    """Machine instructions of one step. DPX is in hardware on sm_90 only. sm_80 and sm_90 have two pipes for two-way f16, the
    second one for multiply-adds, and the assembler uses them in turn; for bf16 sm_80 has one."""
    match step, architecture:
        case "vimax3", _:
            return {"VIMNMX3": 1} if architecture == "sm90" else {"IMNMX": 2}
        case "viaddmax", _:
            return {"VIADDMNMX": 1} if architecture == "sm90" else {"IMAD.IADD": 1, "IMNMX": 1}
        case "i2f_s32_f32", "sm80":
            return {"I2F": 1, "I2FP": 0}
        case "hadd2_f16" | "hfma2_f16", "sm80" | "sm90":
            return {_OPCODES[step]: 0.5, "HFMA2.MMA": 0.5}
        case "hfma2_bf16", "sm90":
            return {"HFMA2.BF16": 0.5, "HFMA2.MMA.BF16": 0.5}
        case _:
            return dict.fromkeys((_OPCODES[step], *_BESIDE.get(step, ())), 1)


@dataclass(frozen=True)
class CudaCore:
    """Chains of one step, UNROLL / ilp × (`iterations` + 1) long."""

    name: str
    question: str
    timing: Timing
    axes: Mapping[str, tuple[int | str, ...]]
    quick: Mapping[str, tuple[int | str, ...]]
    iterations: int  #: timed passes; one more goes before them
    source: str = "cuda_core.cu"

    def skip(self, point: Point, device: Device) -> str | None:
        """FP8 conversions exist from sm_89 on, those of FP4 on none of the architectures here."""
        if point["step"] in _FP8 and device.architecture in ("sm80", "sm86"):
            return "conversions of FP8 need sm_89"
        return "conversions of e2m1 need sm_100a" if point["step"] == _FP4 else None

    def operands(self, point: Point, device: Device, rng: np.random.Generator) -> Operands:
        """Words of x (ilp, 32), y and z (32), and a result (warps, ilp, 32)."""
        ilp, chain = int(point["ilp"]), steps.CHAINS[str(point["step"])]
        if point.get("data") == "zero":
            x, y, z = (np.zeros(shape, np.uint32) for shape in ((ilp, steps.LANES), (steps.LANES,), (steps.LANES,)))
        else:
            x, y, z = chain.x(rng, (ilp, steps.LANES)), chain.y(rng, (steps.LANES,)), chain.z(rng, (steps.LANES,))
        shape = (device.sm_count * int(point["warps"]), ilp, steps.LANES)
        return Operands({"x": x, "y": y, "z": z}, {"out": (shape, np.dtype(np.uint32))})

    def launch(self, point: Point, device: Device) -> Launch:
        """One block of `warps` warps on every SM."""
        entry = f"core_{point['step']}_ilp{point['ilp']}"
        return Launch(
            entry, device.sm_count, steps.LANES * int(point["warps"]), ("x", "y", "z", "out", "clocks", self.iterations)
        )

    def check(self, point: Point, device: Device, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Check:
        """Every warp's chains against the same steps in NumPy."""
        chain = steps.CHAINS[str(point["step"])]
        length = UNROLL // int(point["ilp"]) * (self.iterations + 1)
        expected = steps.follow(chain.step, inputs["x"], inputs["y"], inputs["z"], length)
        if chain.tolerance:
            relative = np.abs(outputs["out"].view(np.float32) / expected.view(np.float32).astype(np.float64) - 1)
            return Check(float(np.max(relative)), chain.tolerance, "largest relative difference from the chain in NumPy")
        return chains.words(outputs["out"], expected, "words that differ from the chain in NumPy")

    def work(self, point: Point, device: Device) -> Mapping[str, float]:
        """Timed steps of one warp; the machine instructions of a step depend on the architecture."""
        return {
            "instructions": UNROLL * self.iterations,
            "machine_instructions": UNROLL * self.iterations * sum(_counts(str(point["step"]), device.architecture).values()),
            "warps_per_sm": int(point["warps"]),
            "ilp": int(point["ilp"]),
        }

    def inner_loop(self, entry: str, architecture: str) -> InnerLoop | None:
        """One pass of 128 steps."""
        step = entry.removeprefix("core_").rpartition("_")[0]
        counts: dict[str, int | tuple[int, int]] = {
            opcode: int(UNROLL * number) for opcode, number in _counts(step, architecture).items()
        }
        if step == "iadd3":
            return InnerLoop({"IADD3": (UNROLL, UNROLL + 1)}, (*LOOP_CONTROL, *_FAR))
        return InnerLoop(counts, (*LOOP_CONTROL, *_FAR, *(("PRMT",) if step == "f16_to_e4m3" else ())))

    def entries(self, architecture: str) -> tuple[str, ...]:
        """Every step on the axes at every ILP."""
        missing = (*_FP8, _FP4) if architecture in ("sm80", "sm86") else (_FP4,)
        return tuple(f"core_{step}_ilp{ilp}" for step in self.axes["step"] if step not in missing for ilp in self.axes["ilp"])


BENCHES.register(
    "cuda-core",
    CudaCore(
        name="cuda-core",
        question="How long does a CUDA-core instruction take, and how many finish per cycle?",
        timing=Timing.CLOCK,
        axes={"step": (*steps.CHAINS, _FP4), "warps": (1, 4, 8, 16, 32), "ilp": _ILP},
        quick={"warps": (1, 32)},
        iterations=30,
    ),
)
