"""Operators without a matrix product: norms, activations, embeddings, quantisation. Their traffic is a table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from narrowgauge.formats.tensor import TensorFormat
from narrowgauge.units import BITS_PER_BYTE


class Kind(StrEnum):
    """What an elementwise kernel computes."""

    EMBEDDING = "embedding"
    RMSNORM = "rmsnorm"
    ADD_RMSNORM = "add_rmsnorm"  #: residual add and norm in one kernel
    LAYERNORM = "layernorm"
    ROPE = "rope"
    KV_WRITE = "kv_write"  #: new keys and values into the cache
    SILU_MUL = "silu_mul"
    GELU_MUL = "gelu_mul"
    RELU2_MUL = "relu2_mul"
    RELU_MUL = "relu_mul"
    SILU = "silu"
    GELU = "gelu"
    RELU = "relu"
    RELU2 = "relu2"
    RESIDUAL_ADD = "residual_add"
    QUANTIZE = "quantize"
    SOFTCAP = "softcap"
    ROUTER_TOPK = "router_topk"
    MOE_COMBINE = "moe_combine"
    SAMPLING = "sampling"


class Traffic(NamedTuple):
    """Elements read and written per element of `width`, and per element of `second_width`."""

    read: int = 1
    write: int = 1
    second_read: int = 1
    second_write: int = 1


#: Traffic of the kinds that do not read one element and write one.
TRAFFIC = {
    Kind.ADD_RMSNORM: Traffic(2, 2),
    Kind.SILU_MUL: Traffic(2, 1),
    Kind.GELU_MUL: Traffic(2, 1),
    Kind.RELU2_MUL: Traffic(2, 1),
    Kind.RELU_MUL: Traffic(2, 1),
    Kind.RESIDUAL_ADD: Traffic(2, 1),
    Kind.ROUTER_TOPK: Traffic(1, 0),
    Kind.MOE_COMBINE: Traffic(1, 0, 0, 1),
    Kind.SAMPLING: Traffic(1, 0),
}
ONE_TO_ONE = Traffic()


@dataclass(frozen=True, slots=True)
class Elementwise:
    """A kernel over `rows` rows of `width` elements, limited by memory. Reads elements of format `source`, writes `target`.

    `width` counts outputs (inputs for `router_topk` and `sampling`). Two kinds have a `second_width`: RoPE turns `width` query
    and `second_width` key elements; `moe_combine` reads `width` elements of all chosen experts and writes `second_width`. A
    `kv_write` stores `heads` vectors per row."""

    name: str
    kind: Kind
    rows: int
    width: int
    count: int
    source: TensorFormat
    target: TensorFormat
    second_width: int = 0
    heads: int = 1

    @property
    def macs(self) -> float:
        """No matrix product."""
        return 0.0

    @property
    def weight_bytes(self) -> float:
        """The few parameters of a norm stay in cache and are not counted."""
        return 0.0

    @property
    def kv_bytes(self) -> float:
        """Bytes written to the KV cache."""
        return self.bytes_written if self.kind is Kind.KV_WRITE else 0.0

    @property
    def bytes_read(self) -> float:
        """Bytes of input."""
        traffic = TRAFFIC.get(self.kind, ONE_TO_ONE)
        elements = self.width * traffic.read + self.second_width * traffic.second_read
        return float(self.rows * elements * self.source.storage_bits / BITS_PER_BYTE)

    @property
    def bytes_written(self) -> float:
        """Bytes of output; scales per head are counted where the KV cache has them."""
        if self.kind is Kind.KV_WRITE:
            return float(self.rows * self.heads * self.target.bits_per_head(self.width // self.heads) / BITS_PER_BYTE)
        traffic = TRAFFIC.get(self.kind, ONE_TO_ONE)
        elements = self.width * traffic.write + self.second_width * traffic.second_write
        return float(self.rows * elements * self.target.storage_bits / BITS_PER_BYTE)

    @property
    def activation_bytes(self) -> float:
        """Bytes of input and output, those of the KV cache excepted."""
        return self.bytes_read + self.bytes_written - self.kv_bytes
