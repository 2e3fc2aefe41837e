"""The low-bit kernels that are known by name. Counts are those of the published sources, per weight: half2 arithmetic counts two
results, as in `conversion`.

INT4 → FP16 in eights (Kim et al., arXiv 2211.10017): four LOP3 and a shift extract, four half2 operations undo the exponent.
A zero point and a scale of the group add one half2 operation each. INT4 → INT8 needs two masks and a shift for eight; a packed
addition of four bytes (`__vadd4`) compiles to three LOP3 and an IADD3 on sm_80 to sm_90, a saturating subtraction
(`__vsubss4`) to five LOP3, an IADD3 and two PRMT (read back from nvcc 13.0).
"""

from __future__ import annotations

from narrowgauge.dataflows.gemm_profiles import ANY_M, Tile
from narrowgauge.dataflows.kernels_lowbit.description import LowBitKernel

_INT4_HALF = {"lop3": 0.5, "shift": 0.125, "fp16x": 1.0}
_INT4_HALF_SCALE = {**_INT4_HALF, "fp16x": 2.0}
_INT4_HALF_ZERO_SCALE = {**_INT4_HALF, "fp16x": 3.0}
_INT4_BYTE = {"lop3": 0.25, "shift": 0.125}
_TERNARY_BYTE = {"lop3": 0.25 + 5 / 4, "shift": 3 / 16, "int32_add": 0.25, "prmt": 0.5}
_FP6_HALF = {"lop3": 0.75, "shift": 0.25, "fp16x": 1.0}  # two AND, a shift and an OR for four weights; a scale

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
TINYCHAT = LowBitKernel(
    library="tinychat",
    source="mit-han-lab/llm-awq, awq/kernels/csrc/quantization_new/gemm/gemm_cuda.cu: tiles by rows, four stages, sums in FP16; "
    "its GEMV is TensorRT-LLM's",
    conversion={"w4a16": {**_INT4_HALF, "fp16x": 2.0}},
    tiles=(Tile(16, 128, m_to=64), Tile(32, 128, m_from=65, m_to=128), Tile(64, 128, m_from=129)),
    splits=(1, 2),
    threads=128,
    stages=4,
    step_k=64,
    half_sums=True,
)
MARLIN = LowBitKernel(
    library="marlin",
    source="IST-DASLab/marlin@2f6d7c1, marlin/marlin_cuda_kernel.cu: four stages, 256 threads, tiles of 16 to 64 rows, stripes "
    "of tiles over the SMs, symmetric weights",
    conversion={"w4a16": _INT4_HALF_SCALE},
    tiles=tuple(
        Tile(rows, n, m_from=first, m_to=last)
        for rows, first, last in ((16, 1, 16), (32, 17, 32), (48, 33, 48), (64, 49, ANY_M))
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
    source="usyd-fsalab/fp6_llm@9802c5a: 4+2 bit planes, four weights at once in two 32-bit registers; 256 output channels per "
    "CTA, rows in powers of two up to 64, two stages, splits as in tests/python/run.sh",
    conversion={"w6a16-fp6-e3m2": _FP6_HALF},
    tiles=(Tile(8, 256, m_to=8), Tile(16, 256, m_from=9, m_to=16), Tile(32, 256, m_from=17, m_to=32), Tile(64, 256, m_from=33)),
    splits=(1, 2, 3, 4, 5, 6, 7),
    threads=128,
    stages=2,
    step_k=64,
)
QSERVE = LowBitKernel(
    library="qserve",
    source="mit-han-lab/qserve, kernels/csrc/qgemm: W4A8 per channel (zero points in the epilogue) and per group (8-bit scales "
    "and zero points by packed multiplication and addition); tiles by rows, three stages, no split",
    conversion={
        "w4a8": _INT4_BYTE,
        "w4a8-g128": {**_INT4_BYTE, "lop3": 1.125, "shift": 0.25, "prmt": 0.125, "int32_mad": 0.25, "int32_add": 0.25},
    },
    tiles=(Tile(32, 64, m_to=127), Tile(64, 64, m_from=128, m_to=128), Tile(128, 128, m_from=129)),
    threads=256,
    stages=3,
    step_k=64,
    overlaps=False,
)
COMET = LowBitKernel(
    library="comet",
    source="Liu et al., arXiv 2410.12168: tiles of 128 in every dimension, blocks of 128 channels with activations of four or "
    "eight bits, weights interleaved so that INT4 becomes INT8 in two instructions; group sums scaled in the loop",
    conversion={"w4a8": {"lop3": 0.125, "shift": 0.125}, "w4a4": {}},
    tiles=(Tile(128, 128),),
    splits=(1, 2, 4),
    threads=128,
    stages=4,
    step_k=128,
    group_in_loop=True,
)
MIXLLM = LowBitKernel(
    library="mixllm",
    source="Zheng et al., arXiv 2412.14590: 4-bit weights less their zero points go into INT8 products, group sums become FP32 "
    "by one subtraction of a magic number and are scaled in the main loop",
    conversion={"w4a8": {**_INT4_BYTE, "lop3": 1.0, "int32_add": 0.25}},
    tiles=(Tile(16, 128), Tile(32, 128), Tile(64, 128), Tile(128, 128)),
    splits=(1, 2, 3, 4, 6, 8),
    threads=128,
    stages=4,
    step_k=128,
    group_in_loop=True,
)
LIQUID = LowBitKernel(
    library="liquidgemm",
    source="Hu et al., arXiv 2509.01229: seven instructions for eight weights (two masks and a shift, two multiply-adds, two "
    "XOR), scales of groups in eight bits, output channels on the 64-row side of wgmma",
    conversion={"w4a8": {"lop3": 0.5, "shift": 0.125, "int32_mad": 0.25}},
    tiles=tuple(Tile(rows, n) for rows in (16, 32, 64, 128, 256) for n in (64, 128)),
    threads=256,
    stages=4,
    step_k=128,
    wgmma=True,
)
BITNET = LowBitKernel(
    library="bitnet",
    source="microsoft/BitNet@16da220, gpu/bitnet_kernels/bitnet_kernels.h: one row, sixteen weights per load, four LOP3 and "
    "three shifts extract them, four saturating subtractions centre them, four DP4A multiply",
    conversion={"w2a8-ternary": _TERNARY_BYTE},
    tiles=(Tile(16, 128),),
    calibrated_as="w4a16",
    gemv={**_TERNARY_BYTE, "int32_mad": 0.25},
    gemv_max_m=1,
)
KERNELS = {kernel.library: kernel for kernel in (AWQ, QUICK, TINYCHAT, MARLIN, FP6, QSERVE, COMET, MIXLLM, LIQUID, BITNET)}


def described(library: str) -> LowBitKernel | None:
    """The kernel of that library, None for one that is calibrated or unknown."""
    return KERNELS.get(library)
