"""Which priced kernel stands for each operator without a matrix product, and what the number formats of a kernel are called.

The names on the right are those of `dataflows.elementwise_ops`. A kind that has no entry of its own there is priced as one with
the same traffic: `relu2` as `relu`, `relu_mul` as `relu2-mul`, `softcap` (one tanh more) as `scale`, INT4 outputs as INT8 ones.
"""

from __future__ import annotations

from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.errors import UnsupportedError
from narrowgauge.formats import Granularity, QuantScheme, TensorFormat
from narrowgauge.formats.number import BlockFormat
from narrowgauge.workloads import Attention, Elementwise, Kind

KINDS = {
    Kind.EMBEDDING: "embedding",
    Kind.RMSNORM: "rmsnorm",
    Kind.ADD_RMSNORM: "add-rmsnorm",
    Kind.LAYERNORM: "layernorm",
    Kind.ROPE: "rope",
    Kind.SILU_MUL: "silu-mul",
    Kind.GELU_MUL: "gelu-mul",
    Kind.RELU2_MUL: "relu2-mul",
    Kind.RELU_MUL: "relu2-mul",
    Kind.SILU: "silu",
    Kind.GELU: "gelu",
    Kind.RELU: "relu",
    Kind.RELU2: "relu",
    Kind.RESIDUAL_ADD: "add",
    Kind.SOFTCAP: "scale",
    Kind.ROUTER_TOPK: "topk",
    Kind.MOE_COMBINE: "moe-combine",
    Kind.SAMPLING: "argmax",
}
SIXTEEN_BIT = ("bf16", "fp16")
NARROW_BLOCK_BITS = 4
EIGHT_BIT = 8
INTEGER_CACHES = ("int8", "int4", "uint8", "uint4")


def operation(op: Elementwise) -> str:
    """The elementwise operation that prices `op`."""
    if op.kind is Kind.QUANTIZE:
        return _quantize(op.target)
    if op.kind is Kind.KV_WRITE:
        return "kv-append-8bit" if op.target.bits <= EIGHT_BIT else "kv-append"
    return KINDS[op.kind]


def _quantize(target: TensorFormat) -> str:
    if isinstance(target.format, BlockFormat):
        return "quantize-fp4" if target.bits <= NARROW_BLOCK_BITS else "quantize-block"
    if not target.dynamic:
        return "quantize-static"
    if target.granularity in (Granularity.GROUP, Granularity.BLOCK):
        return "quantize-block"
    return "quantize-fp8" if target.format.name.startswith("fp8") else "quantize-int8"


def gemm_precision(scheme: QuantScheme, gpu: GpuResources) -> str:
    """The scheme's name without its KV cache, which no GEMM sees; FP16 as BF16 where the tensor cores run both alike."""
    name = "-".join(part for part in scheme.name.split("-") if not part.startswith("kv"))
    return "bf16" if name in SIXTEEN_BIT and _alike(gpu) else name


def attention_precision(op: Attention, gpu: GpuResources) -> str:
    """Query and cache formats as the attention families name them; raises UnsupportedError for a cache that they lack."""
    query = op.query.format.name
    query = "bf16" if query in SIXTEEN_BIT and _alike(gpu) else query
    if op.kv.format == op.query.format:
        return query
    if op.kv.format.name.startswith("fp8"):
        return f"{query}-kvfp8"
    if op.kv.format.name in INTEGER_CACHES:
        return f"{query}-kvint{op.kv.format.bits}"
    raise UnsupportedError(
        f"no attention kernel here reads a KV cache of {op.kv.format.name}; choose a scheme with 16, 8 or 4 bits there "
        "('-kvfp8', '-kv8', '-kv4')"
    )


def _alike(gpu: GpuResources) -> bool:
    return gpu.tensor_macs.get("bf16", 0.0) == gpu.tensor_macs.get("fp16", 0.0) > 0.0
