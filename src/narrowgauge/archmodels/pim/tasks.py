"""What is asked of a PIM machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Gemv:
    """y[m, n] = x[m, k] · W[n, k]: `outputs` n, `inputs` k, `vectors` m; weights rest in the banks, vectors come one by one."""

    outputs: int
    inputs: int
    vectors: int
    number_format: str


@dataclass(frozen=True)
class DecodeAttention:
    """One new query token in each of `batch` sequences against `tokens` keys and values, which rest in the banks."""

    batch: int
    heads: int
    kv_heads: int
    head_dim: int
    tokens: int
    number_format: str


Task = Gemv | DecodeAttention
