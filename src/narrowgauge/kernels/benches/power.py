"""Sustained load for the energy of an action: board power over seconds, with random and with zero operands.

The kernels are those of the other benches; chains are endless, so that they may run for milliseconds and still end on a
known number. Random operands have as many significant bits as sums stay exact with: ten of f16, all of bf16 and of 8-bit
types."""

from __future__ import annotations

from narrowgauge.kernels.bench import BENCHES, Timing
from narrowgauge.kernels.benches.cuda_core import CudaCore
from narrowgauge.kernels.benches.memory_bandwidth import Stream
from narrowgauge.kernels.benches.mma_sync import MmaSync
from narrowgauge.kernels.benches.shared_memory import OnChip
from narrowgauge.kernels.benches.wgmma import Wgmma

_DATA = ("random", "zero")

for _bench in (
    MmaSync(
        name="power-mma-sync",
        question="How much power does sustained mma.sync take?",
        timing=Timing.POWER,
        axes={
            "instruction": ("f16_f32_m16n8k16", "bf16_f32_m16n8k16", "s8_s32_m16n8k32", "e4m3_f32_m16n8k32"),
            "warps": (16,),
            "ilp": (2,),
            "data": _DATA,
        },
        quick={"instruction": ("f16_f32_m16n8k16",)},
        iterations=10_000,
        endless=True,
    ),
    Wgmma(
        name="power-wgmma",
        question="How much power does sustained wgmma take?",
        timing=Timing.POWER,
        axes={
            "instruction": ("f16_f32", "bf16_f32", "e4m3_f32", "s8_s32"),
            "n": (256,),
            "source": ("shared",),
            "warpgroups": (2,),
            "data": _DATA,
        },
        quick={"instruction": ("bf16_f32",)},
        iterations=2_000,
        endless=True,
    ),
    CudaCore(
        name="power-cuda-core",
        question="How much power do sustained CUDA-core instructions take?",
        timing=Timing.POWER,
        axes={"step": ("ffma", "hfma2_f16", "lop3"), "warps": (4, 32), "ilp": (4,), "data": _DATA},  # two rates tell static power
        quick={"step": ("ffma",), "data": ("random",)},
        iterations=20_000,
    ),
    OnChip(
        name="power-shared-memory",
        question="How much power do sustained loads from shared memory take?",
        timing=Timing.POWER,
        axes={"access": ("shared_load_16",), "warps": (32,), "data": _DATA},
        quick={"data": ("random",)},
        iterations=5_000,
    ),
    Stream(
        name="power-memory",
        question="How much power does sustained reading from L2 and DRAM take?",
        timing=Timing.POWER,
        axes={"access": ("stream_read",), "percent_of_l2": (30, 800), "data": _DATA},
        quick={"percent_of_l2": (800,), "data": ("random",)},
    ),
):
    BENCHES.register(_bench.name, _bench)
