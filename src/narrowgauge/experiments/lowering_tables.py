"""Lookup tables of a unit in the tensor core's place: who makes them.

A product on such a unit reads tables instead of its activations. An elementwise kernel before it, which makes the activations,
writes the tables with them (the precompute is fused into it); elsewhere a kernel of its own reads the activations once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from narrowgauge.dataflows.elementwise_ops import MAKE_TABLES, TABLE_WORD, tables_with
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm_operands import operands_of
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.experiments.lowering_call import Call
from narrowgauge.units import BITS_PER_BYTE

TABLES_SUFFIX = ".tables"


class Precompute(StrEnum):
    """Who makes the tables: the kernel that makes the activations, one of its own, or nobody (what is spent on them is the
    difference)."""

    FUSED = "fused"
    SEPARATE = "separate"
    FREE = "free"


def with_tables(calls: Iterable[Call], gpu: GpuResources, precompute: Precompute = Precompute.FUSED) -> list[Call]:
    """The calls of a pass with the making of tables in them; the same calls where no product needs any."""
    found: list[Call] = []
    for call in calls:
        words = _table_words(call, gpu)
        if words and precompute is not Precompute.FREE:
            found[-1:] = _made(found[-1] if found else None, call, words, precompute is Precompute.FUSED)
        found.append(call)
    return found


def _table_words(call: Call, gpu: GpuResources) -> float:
    """Words of table per row beyond the activations that a product's kernel reads; 0 where it reads those."""
    if call.family != "gemm":
        return 0.0
    operands = operands_of(call.variant, gpu)
    if operands.product is None or not operands.product.tables:
        return 0.0
    stored = float(operands.scheme.activation.storage_bits) / BITS_PER_BYTE
    return call.row[2] * (operands.activation_bytes - stored) / TABLE_WORD


def _made(before: Call | None, call: Call, words: float, fused: bool) -> list[Call]:
    """The call before the product, writing tables as well, or followed by a kernel that makes them."""
    kept = [before] if before else []
    if fused and before and before.family == "elementwise" and before.count == call.count:
        rows, width, second, ways = before.row
        operation = tables_with(before.variant.precision)
        if operation is not None and second == 0.0 and rows == call.row[0]:
            return [replace(before, variant=Variant(operation, before.variant.library), row=(rows, width, words, ways))]
    row, variant = (call.row[0], call.row[2], words, 1), Variant(MAKE_TABLES, call.variant.library)
    return [*kept, Call(call.operator + TABLES_SUFFIX, "elementwise", variant, row, call.count)]
