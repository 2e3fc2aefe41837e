"""Operators of a graph become calls of priced kernels: family, variant, one row of its columns, and how often it runs.

Approximations, all in one place:

* A grouped product (the experts of an MoE layer, the heads of latent attention) is one launch whose CTAs are those of all its
  groups. It is priced as one product with the groups side by side along N: m = mean rows of a group, n = groups × N. CTAs,
  weight bytes, MACs, L2 reads and output bytes are exactly those of the grouped kernel when groups are equally high; the inputs
  count once instead of once per group in DRAM traffic, and unequal heights are not modelled.
* The quantise kernel in front of an FP8 product is part of the measured product: the product's price is divided between the two
  lines (`Call.quantizes` names the line). A grouped product would contain the kernel for the wrong number of rows: it is taken
  out (`Call.strips_quantize`) and priced on its own.
* Operators that the framework's attention call contains are not priced again (`serving`).
"""

from __future__ import annotations

from collections.abc import Mapping

from narrowgauge.dataflows.attention_terms import COLUMNS as ATTENTION_COLUMNS
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm_operands import includes_quantize
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.experiments.lowering_call import Call
from narrowgauge.experiments.lowering_kinds import attention_precision, gemm_precision, operation
from narrowgauge.experiments.lowering_tables import Precompute, with_tables
from narrowgauge.experiments.serving import Framework
from narrowgauge.workloads import AllGather, AllReduce, Attention, Elementwise, Gemm, Graph, GroupedGemm, Operator

_ATTENTION = (*ATTENTION_COLUMNS, "v_head_dim", "kv_elements")
#: columns that a call's row holds, by family
COLUMNS = {
    "gemm": ("m", "n", "k"),
    "attention-prefill": _ATTENTION,
    "attention-decode": _ATTENTION,
    "elementwise": ("rows", "width", "second_width", "tensor_parallel"),
    "all-reduce": ("bytes", "ranks"),
    "all-gather": ("bytes", "ranks"),
}
COLLECTIVE_PRECISION = "16-bit"
QUANTIZE_SUFFIX = ".quantize"


def lower(graph: Graph, gpu: GpuResources, framework: Framework, precompute: Precompute = Precompute.FUSED) -> list[Call]:
    """The calls of one pass, in order of execution; `precompute` of lookup tables matters to a unit that reads them.

    Raises UnsupportedError if no kernel family knows a format of the graph."""
    products = {op.name + QUANTIZE_SUFFIX for op in graph.operators if isinstance(op, Gemm) and includes_quantize(op.scheme)}
    contained: dict[str, Elementwise] = {}
    calls: list[Call] = []
    for op in graph.operators:
        if isinstance(op, Elementwise) and op.name in products:
            contained[op.name] = op
        elif not (isinstance(op, Elementwise) and op.kind in framework.in_attention):
            calls.append(_lower(op, graph.tensor_parallel, gpu, framework.library, contained))
    return with_tables(calls, gpu, precompute) if gpu.unit else calls


def _lower(op: Operator, ways: int, gpu: GpuResources, library: str, contained: Mapping[str, Elementwise]) -> Call:
    match op:
        case Gemm():
            variant = Variant(gemm_precision(op.scheme, gpu), library)
            quantize = contained.get(op.name + QUANTIZE_SUFFIX)
            line, moved = (quantize.name, quantize.bytes_read + quantize.bytes_written) if quantize else ("", 0.0)
            return Call(op.name, "gemm", variant, (op.m, op.n, op.k), op.count, line, moved)
        case GroupedGemm():
            variant = Variant(gemm_precision(op.scheme, gpu), library)
            side_by_side = (max(op.m, 1.0), op.n * op.groups, float(op.k))
            return Call(op.name, "gemm", variant, side_by_side, op.count, strips_quantize=includes_quantize(op.scheme))
        case Attention():
            return attention_call(op, gpu, library)
        case Elementwise():
            row = (op.rows, op.width, op.second_width, ways)
            return Call(op.name, "elementwise", Variant(operation(op), library), row, op.count)
        case AllReduce():
            return Call(op.name, "all-reduce", Variant(COLLECTIVE_PRECISION, library), (op.bytes, op.ranks), op.count)
        case AllGather():
            return Call(op.name, "all-gather", Variant(COLLECTIVE_PRECISION, library), (op.bytes, op.ranks), op.count)


def attention_call(op: Attention, gpu: GpuResources, library: str) -> Call:
    """One token per sequence behind a cache is decode, everything else prefill. The families count the window without the
    token itself."""
    decodes = op.query_len == 1 and op.step > 0
    family = "attention-decode" if decodes else "attention-prefill"
    window = 0 if op.window is None else max(op.window - 1, 1)
    stored = op.head_dim if op.shared_kv else op.head_dim + op.value_dim
    row = (op.batch, op.query_len, op.num_heads, op.num_kv_heads, op.head_dim, op.step, window, op.value_dim, stored)
    return Call(op.name, family, Variant(attention_precision(op, gpu), library), row, op.count)
