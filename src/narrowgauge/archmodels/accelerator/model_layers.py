"""The matrix products of a model's forward pass, one by one as a small accelerator runs them: nothing fused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from narrowgauge.archmodels.accelerator.layer import Layer, matrix_layer
from narrowgauge.errors import InputError, Problem, UnsupportedError
from narrowgauge.formats import QuantScheme
from narrowgauge.workloads import ModelConfig
from narrowgauge.workloads.layers import Linear, linears


@dataclass(frozen=True)
class Pass:
    """`batch` sequences of `query` new tokens each, after which `context` tokens are visible. Raises InputError below 1."""

    batch: int
    query: int
    context: int

    def __post_init__(self) -> None:
        sizes = {"batch": self.batch, "query": self.query, "context": self.context}
        wrong = [Problem(name, f"given {size}, allowed: 1 or more") for name, size in sizes.items() if size < 1]
        if wrong:
            raise InputError(wrong)

    @property
    def tokens(self) -> int:
        """New tokens of all sequences."""
        return self.batch * self.query


def linear_layers(model: ModelConfig, scheme: QuantScheme, tokens: int, *, weight_bits: float | None = None) -> list[Layer]:
    """Every linear map over `tokens` tokens; query, key and value, gate and up each on their own; the output head too.

    `weight_bits` is their width in memory where that is not the scheme's. Experts share the tokens that choose them evenly.
    Raises InputError for fewer than one token."""
    found = []
    for linear in linears(model):
        chosen = tokens * model.moe.top_k if model.moe and linear.experts > 1 else tokens
        groups = min(linear.experts, chosen)
        rows, count = -(-chosen // groups), linear.layers * groups
        found += [
            matrix_layer(name, rows, n, linear.k, scheme, count, weight_bits=weight_bits) for name, n in _parts(model, linear)
        ]
    return found


def attention_layers(model: ModelConfig, scheme: QuantScheme, run: Pass, *, kv_bits: float) -> list[Layer]:
    """Scores and their product with the values, a product for every sequence and group of heads that share keys.

    Keys and values take the place of weights and are stored with `kv_bits`; the mask saves nothing. Raises UnsupportedError for
    latent attention."""
    shape = model.attention
    if shape.latent:
        raise UnsupportedError(f"{model.name} has latent attention, which is no pair of products per head")
    rows, count = run.query * (shape.heads // shape.kv_heads), model.layers * run.batch * shape.kv_heads
    return [
        matrix_layer("attn.scores", rows, run.context, shape.head_dim, scheme, count, weight_bits=kv_bits),
        matrix_layer("attn.values", rows, shape.value_dim, run.context, scheme, count, weight_bits=kv_bits),
    ]


def _parts(model: ModelConfig, linear: Linear) -> Iterator[tuple[str, int]]:
    """Names and outputs of the maps that inference frameworks join."""
    shape = model.attention
    if linear.name == "attn.qkv":
        widths = {"q": shape.heads, "k": shape.kv_heads, "v": shape.kv_heads}
        yield from ((f"attn.{part}", heads * shape.head_dim) for part, heads in widths.items())
    elif linear.name.endswith(".gate_up"):
        stem = linear.name.removesuffix("gate_up")
        yield from ((f"{stem}{part}", linear.n // 2) for part in ("gate", "up"))
    else:
        yield linear.name, linear.n
