"""What each memory-bound operation moves and computes, and how its kernel is launched: the one table of `elementwise`.

Bytes are per element of a row. A row has `width` elements and, where an operation has two tensors of different width,
`second_width` more: RoPE turns `width` query and `second_width` key elements; the combine of an MoE layer reads k·hidden
elements (`width`) and writes hidden ones (`second_width`). An operation that nobody measured borrows the parameters of
a measured sibling, and this table says which.

Sources of the measured kernels: microsoft/sarathi-serve, csrc/{layernorm,activation,pos_encoding}_kernels.cu (one CTA per
token, two-byte accesses, at most 1024 or 512 threads: the kernels of vLLM 0.2), and the CUDA kernels of PyTorch 2:
vectorized_elementwise_kernel (128 threads, 16-byte accesses), vectorized_layer_norm_kernel (128 threads, 8-byte accesses),
indexSelectLargeIndex (two-byte accesses, an integer division each), indexSelectSmallIndex (up to 16 indices in turn).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from narrowgauge.dataflows.family import Variant
from narrowgauge.registry import Registry, canonical


class Shape(StrEnum):
    """How the grid covers the rows: one CTA per row, the flat array of elements, or an index lookup over the flat array."""

    ROW = "row"
    FLAT = "flat"
    GATHER = "gather"


@dataclass(frozen=True)
class Launch:
    """Grid shape, the most threads of a CTA, the bytes of one access of one thread, and up to how many rows an index lookup walks
    one after another."""

    shape: Shape
    threads: int
    access_bytes: int
    serial_rows: int = 0


@dataclass(frozen=True)
class Operation:
    """One operation. `read` and `write`: bytes per element of `width`; `second_read`, `second_write`: of `second_width`.

    `rounds`: dependent trips to memory per access, the first to where the data lie, the others to the L2 that it filled.
    `work`: arithmetic per element in slots of the integer pipe (exp and division count their expansion).
    `element`: bytes of an element that is read. `pair`: elements that one thread turns together (RoPE's x and y).
    `kernels`: launches that the operation takes.
    `sibling`: operation and library whose fitted parameters serve this one where it was not measured."""

    shape: Shape
    read: float
    write: float
    rounds: int
    work: float
    sibling: tuple[str, str]
    second_read: float = 0.0
    second_write: float = 0.0
    element: int = 2
    pair: int = 1
    kernels: int = 1


NORM, ACT, ADD = ("rmsnorm", "sarathi"), ("silu-mul", "sarathi"), ("add", "torch")

OPERATIONS: Registry[Operation] = Registry("elementwise operation")
# fmt: off
for _name, _operation in {
  #                           shape         read   write  rounds work sibling
    "rmsnorm":         Operation(Shape.ROW,    2,     2,     2,    4,   NORM),
    "layernorm":       Operation(Shape.ROW,    2,     2,     2,    24,  ("layernorm", "torch")),
    "add-rmsnorm":     Operation(Shape.ROW,    4,     4,     2,    8,   NORM),  # residual + x, and its norm
    "rope":            Operation(Shape.ROW,    2,     2,     1,    6,   ("rope", "sarathi"), 2, 2, pair=2),
    "silu-mul":        Operation(Shape.ROW,    4,     2,     1,    12,  ACT),  # width = width of the product
    "gelu-mul":        Operation(Shape.ROW,    4,     2,     1,    16,  ACT),
    "relu2-mul":       Operation(Shape.ROW,    4,     2,     1,    4,   ACT),  # squared ReLU, gated (BitNet b1.58)
    "gelu":            Operation(Shape.FLAT,   2,     2,     1,    25,  ("gelu", "torch")),
    "relu":            Operation(Shape.FLAT,   2,     2,     1,    2,   ADD),
    "silu":            Operation(Shape.FLAT,   2,     2,     1,    12,  ADD),
    "add":             Operation(Shape.FLAT,   4,     2,     1,    2,   ADD),
    "add-add":         Operation(Shape.FLAT,   8,     4,     1,    4,   ("add-add", "torch"), kernels=2),  # a + b + c, unfused
    "scale":           Operation(Shape.FLAT,   2,     2,     1,    2,   ADD),
    "copy":            Operation(Shape.FLAT,   2,     2,     1,    1,   ADD),  # also the permutation of MoE rows
    "embedding":       Operation(Shape.FLAT,   2,     2,     1,    2,   ADD),
    "kv-append":       Operation(Shape.FLAT,   2,     2,     1,    3,   ADD),  # width = K and V elements of a token
    "kv-append-8bit":  Operation(Shape.FLAT,   2,     1,     1,    6,   ADD),
    "quantize-int8":   Operation(Shape.ROW,    2,     1,     2,    8,   NORM),  # per token: maximum, then scale and round
    "quantize-fp8":    Operation(Shape.ROW,    2,     1,     2,    8,   NORM),
    "quantize-static": Operation(Shape.FLAT,   2,     1,     1,    6,   ADD),  # the scale is known beforehand
    "quantize-block":  Operation(Shape.ROW,    2,     1.03125, 1,  10,  NORM),  # FP8, an FP32 scale per 128, in registers
    "quantize-fp4":    Operation(Shape.ROW,    2,     0.5625,  1,  14,  NORM),  # FP4 with an 8-bit scale per 16
    "softmax":         Operation(Shape.ROW,    4,     4,     3,    16,  NORM, element=4),  # FP32 logits: maximum, sum, normalise
    "softmax-16bit":   Operation(Shape.ROW,    2,     2,     3,    16,  NORM),  # of scores that a matrix product wrote
    "argmax":          Operation(Shape.ROW,    4,     0,     1,    3,   NORM, element=4),
    "topk":            Operation(Shape.ROW,    4,     0,     3,    24,  NORM, element=4),  # MoE router, width = experts
    "moe-combine":     Operation(Shape.ROW,    2,     0,     1,    4,   ACT, second_write=2),
}.items():
    OPERATIONS.register(_name, _operation)

TABLE_WORD = 2.0  # bytes; lookup tables are counted in 16-bit words
MAKE_TABLES, WITH_TABLES = "make-tables", "+tables"
for _name, _operation in list(OPERATIONS.items()):
    if not (_operation.second_read or _operation.second_write):
        OPERATIONS.register(_name + WITH_TABLES, replace(_operation, second_write=TABLE_WORD))
OPERATIONS.register(MAKE_TABLES, Operation(Shape.FLAT, 2, 0, 1, 2, ADD, second_write=TABLE_WORD))


def tables_with(name: str) -> str | None:
    """The operation that also writes lookup tables (`second_width` words of them per row); None where there is none."""
    return name + WITH_TABLES if name + WITH_TABLES in OPERATIONS else None


#: kernels that were measured, by operation and library; any other library is taken to use 16-byte accesses
MEASURED: dict[tuple[str, str], Launch] = {
    ("rmsnorm",   "sarathi"): Launch(Shape.ROW,    1024, 2),
    ("silu-mul",  "sarathi"): Launch(Shape.ROW,    1024, 2),
    ("rope",      "sarathi"): Launch(Shape.ROW,    512,  2),
    ("layernorm", "torch"):   Launch(Shape.ROW,    128,  8),
    ("gelu",      "torch"):   Launch(Shape.FLAT,   128,  16),
    ("add",       "torch"):   Launch(Shape.FLAT,   128,  16),
    ("add-add",   "torch"):   Launch(Shape.FLAT,   128,  16),
    ("embedding", "torch"):   Launch(Shape.GATHER, 128,  2, serial_rows=16),
}
# fmt: on
_VECTORISED = {Shape.ROW: Launch(Shape.ROW, 1024, 16), Shape.FLAT: Launch(Shape.FLAT, 128, 16)}


def operation(variant: Variant) -> Operation:
    """The operation that a variant's `precision` names; raises InputError with the nearest name."""
    return OPERATIONS[variant.precision]


def launch(variant: Variant) -> Launch:
    """How the variant's library launches it."""
    return MEASURED.get((canonical(variant.precision), canonical(variant.library)), _VECTORISED[operation(variant).shape])


def sibling(variant: Variant) -> Variant:
    """The measured variant whose fitted parameters serve this one; itself where it was measured."""
    key = (canonical(variant.precision), canonical(variant.library))
    return Variant(*(key if key in MEASURED else operation(variant).sibling))
