"""Operators: what one kernel has to do, with its dimensions and formats. MACs and bytes are derived here and nowhere else.

Every operator is one kernel on one GPU; `count` says how often the graph runs it. `macs` and all `*_bytes` are of one execution.
Bytes are the compulsory traffic (every operand once); what caches add or save is the hardware's affair.
"""

from __future__ import annotations

from dataclasses import dataclass

from narrowgauge.formats.scheme import QuantScheme
from narrowgauge.formats.tensor import TensorFormat
from narrowgauge.units import BITS_PER_BYTE
from narrowgauge.workloads.elementwise import Elementwise


@dataclass(frozen=True, slots=True)
class Gemm:
    """`C[m, n] = A[m, k] · W[n, k]`: m tokens; weights and activations in the formats of `scheme`, C in its 16-bit format."""

    name: str
    m: int
    n: int
    k: int
    count: int
    scheme: QuantScheme

    @property
    def macs(self) -> float:
        """Multiply-accumulates."""
        return float(self.m * self.n * self.k)

    @property
    def weight_bytes(self) -> float:
        """Bytes of W, scales included; none where no token comes."""
        return float(self.n * self.k * self.scheme.weight_bits / BITS_PER_BYTE) if self.m else 0.0

    @property
    def kv_bytes(self) -> float:
        """A matrix product touches no KV cache."""
        return 0.0

    @property
    def activation_bytes(self) -> float:
        """Bytes of A and C."""
        operand = self.m * self.k * self.scheme.activation_bits
        return float((operand + self.m * self.n * self.scheme.output.storage_bits) / BITS_PER_BYTE)


@dataclass(frozen=True, slots=True)
class GroupedGemm:
    """`groups` products with weights of their own in one kernel, over `rows` rows in all: experts, or heads of latent attention.

    `groups` is an expected number and may be fractional; `m` = rows / groups is the mean height of a group."""

    name: str
    groups: float
    rows: int
    n: int
    k: int
    count: int
    scheme: QuantScheme

    @property
    def m(self) -> float:
        """Mean rows per group."""
        return self.rows / self.groups if self.groups else 0.0

    @property
    def macs(self) -> float:
        """Multiply-accumulates of all groups."""
        return float(self.rows * self.n * self.k)

    @property
    def weight_bytes(self) -> float:
        """Bytes of the weights of all groups that are hit."""
        return float(self.n * self.k * self.scheme.weight_bits / BITS_PER_BYTE) * self.groups if self.rows else 0.0

    @property
    def kv_bytes(self) -> float:
        """A matrix product touches no KV cache."""
        return 0.0

    @property
    def activation_bytes(self) -> float:
        """Bytes of inputs and outputs."""
        operand = self.rows * self.k * self.scheme.activation_bits
        return float((operand + self.rows * self.n * self.scheme.output.storage_bits) / BITS_PER_BYTE)


@dataclass(frozen=True, slots=True)
class Attention:
    """Causal attention of `query_len` new tokens per sequence after `step` tokens in the cache, on the heads of one GPU.

    A token sees the last `window` tokens, itself included (None: all). `head_dim` is the width of queries and keys, `value_dim`
    that of values; with `shared_kv` values are the first `value_dim` elements of the keys (latent attention in decoding) and are
    not stored twice. `query` is the format of queries and output, `kv` that of keys and values in memory."""

    name: str
    batch: int
    query_len: int
    step: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    value_dim: int
    window: int | None
    count: int
    query: TensorFormat
    kv: TensorFormat
    shared_kv: bool = False

    @property
    def scores(self) -> int:
        """Query-key pairs per head and sequence that the mask lets through."""
        full = self.query_len * self.step + self.query_len * (self.query_len + 1) // 2
        if self.window is None:
            return full
        longest = self.step + self.query_len
        clipped = min(self.query_len, max(0, longest - self.window))  # queries that would see more than the window
        first = longest - self.window - clipped + 1  # by how much the first of them would
        return full - (clipped * first + clipped * (clipped - 1) // 2 if clipped else 0)

    @property
    def visible_tokens(self) -> int:
        """Tokens of a sequence whose keys some query sees, the new ones included."""
        longest = self.step + self.query_len
        return longest if self.window is None else min(longest, self.window + self.query_len - 1)

    @property
    def macs(self) -> float:
        """Multiply-accumulates of scores and of their product with the values."""
        return float(self.batch * self.num_heads * self.scores * (self.head_dim + self.value_dim))

    @property
    def weight_bytes(self) -> float:
        """Attention has no weights."""
        return 0.0

    @property
    def kv_bytes(self) -> float:
        """Bytes of all visible keys and values, each read once."""
        elements = (self.head_dim,) if self.shared_kv else (self.head_dim, self.value_dim)
        per_token = sum(self.kv.bits_per_head(width) for width in elements)
        return float(self.batch * self.visible_tokens * self.num_kv_heads * per_token / BITS_PER_BYTE)

    @property
    def activation_bytes(self) -> float:
        """Bytes of queries and of the output."""
        elements = self.batch * self.query_len * self.num_heads * (self.head_dim + self.value_dim)
        return float(elements * self.query.storage_bits / BITS_PER_BYTE)


@dataclass(frozen=True, slots=True)
class _Collective:
    """`bytes` of payload on each of `ranks` GPUs."""

    name: str
    bytes: float
    ranks: int
    count: int

    @property
    def macs(self) -> float:
        """No matrix product."""
        return 0.0

    @property
    def weight_bytes(self) -> float:
        """No weights."""
        return 0.0

    @property
    def kv_bytes(self) -> float:
        """No KV cache."""
        return 0.0

    @property
    def activation_bytes(self) -> float:
        """Payload, read and written once."""
        return 2 * self.bytes


class AllReduce(_Collective):
    """Sums a tensor of `bytes` over the GPUs; each ends up with all of it."""

    __slots__ = ()


class AllGather(_Collective):
    """Joins the slices of a tensor that has `bytes` once joined; each GPU contributes bytes / ranks."""

    __slots__ = ()


Operator = Gemm | GroupedGemm | Attention | Elementwise | AllReduce | AllGather
