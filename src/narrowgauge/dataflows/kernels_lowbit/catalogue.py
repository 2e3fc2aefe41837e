"""The low-bit kernels that are known by name. Counts are those of the published sources, per weight: half2 arithmetic counts two
results, as in `conversion`.

INT4 → FP16 in eights (Kim et al., arXiv 2211.10017): four LOP3 and a shift extract, four half2 operations undo the exponent.
A zero point and a scale of the group add one half2 operation each.
"""

from __future__ import annotations

from narrowgauge.dataflows.gemm_profiles import Tile
from narrowgauge.dataflows.kernels_lowbit.description import LowBitKernel

_INT4_HALF = {"lop3": 0.5, "shift": 0.125, "fp16x": 1.0}
_INT4_HALF_SCALE = {**_INT4_HALF, "fp16x": 2.0}
_INT4_HALF_ZERO_SCALE = {**_INT4_HALF, "fp16x": 3.0}
_FP32_FMA = {"fp32": 1.0}

AWQ = LowBitKernel(
    library="awq",
    source="casper-hansen/AutoAWQ_kernels, awq_ext/quantization/gemm_cuda_gen.cu: m16n128k32 in two warps, eight splits, no "
    "asynchronous copies, converted weights through shared memory; quantization_new/gemv for one row",
    conversion={"w4a16": _INT4_HALF_ZERO_SCALE},
    tiles=(Tile(16, 128),),
    splits=(8,),
    threads=64,
    stages=1,
    step_k=32,
    dependent_loads=("dram",),
    through_shared=True,
    partial_bytes=2.0,
    split_slots=1e9,
)
QUICK = LowBitKernel(
    library="quick",
    source="SqueezeBits/QUICK@089644d, csrc/gemm_cuda_quick.cu: tiles by rows, two warps, eight splits; weights straight to "
    "registers after the inputs have arrived, converted again for every 32 rows",
    conversion={"w4a16": _INT4_HALF_ZERO_SCALE},
    tiles=(Tile(16, 128, m_to=16), Tile(32, 128, m_from=17, m_to=32), Tile(64, 128, m_from=33)),
    splits=(8,),
    threads=64,
    stages=1,
    step_k=32,
    dependent_loads=("l2", "dram"),
    convert_rows=32,
    partial_bytes=2.0,
    split_slots=1e9,
)
MARLIN = LowBitKernel(
    library="marlin",
    source="IST-DASLab/marlin@2f6d7c1, marlin/marlin_cuda_kernel.cu: four stages, 256 threads, tiles of 16 to 64 rows, stripes of "
    "tiles over the SMs, symmetric weights",
    conversion={"w4a16": _INT4_HALF_SCALE},
    tiles=tuple(
        Tile(rows, n, m_from=rows - 15 if rows < 64 else 49, m_to=rows if rows < 64 else 2**31)
        for rows in (16, 32, 48, 64)
        for n in (128, 256)
    ),
    splits=(1, 2, 3, 4, 5, 6, 8, 10, 12, 16),
    threads=256,
    stages=4,
    step_k=128,
    partial_bytes=2.0,
)
FP6 = LowBitKernel(
    library="fp6-llm",
    source="usyd-fsalab/fp6_llm@9802c5a: 4+2 bit planes, four weights at once in two 32-bit registers; 256 output channels per CTA, "
    "rows in powers of two up to 64, two stages, splits as in tests/python/run.sh",
    conversion={"w6a16-fp6-e3m2": {"lop3": 1.0, "shift": 0.5, "fp16x": 1.0}, "w6a16": {"lop3": 1.0, "shift": 0.5, "fp16x": 1.0}},
    tiles=(Tile(8, 256, m_to=8), Tile(16, 256, m_from=9, m_to=16), Tile(32, 256, m_from=17, m_to=32), Tile(64, 256, m_from=33)),
    splits=(1, 2, 3, 4, 5, 6, 7),
    threads=128,
    stages=2,
    step_k=64,
)
KERNELS = {kernel.library: kernel for kernel in (AWQ, QUICK, MARLIN, FP6)}


def described(library: str) -> LowBitKernel | None:
    """The kernel of that library, None for one that is calibrated or unknown."""
    return KERNELS.get(library)
