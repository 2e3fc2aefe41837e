"""A decoder-only transformer as a record: the dimensions that decide what it costs, nothing about hardware or number formats.

Every supported architecture is a value of `ModelConfig`; where architectures differ, a field says so. Dimensions are elements.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from narrowgauge.errors import InputError


@dataclass(frozen=True)
class WindowGroup:
    """`layers` layers whose attention sees at most `window` tokens, the current one included (None: all of them)."""

    layers: int
    window: int | None = None


@dataclass(frozen=True)
class LatentShape:
    """Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434): keys and values are expanded from one cached latent vector.

    `query_rank` None: queries are projected without a bottleneck. `nope_dim` and `rope_dim` split a query-key head; a value head
    is `value_dim` wide."""

    kv_rank: int
    rope_dim: int
    nope_dim: int
    value_dim: int
    query_rank: int | None = None

    @property
    def cache_dim(self) -> int:
        """Elements per token and layer in the cache: the latent and the shared rotary key."""
        return self.kv_rank + self.rope_dim


@dataclass(frozen=True)
class AttentionShape:
    """Heads of one layer. `rotary_dim` elements of a head are rotated (0: no rotary embedding); `qk_norm` norms every head."""

    heads: int
    kv_heads: int
    head_dim: int
    windows: tuple[WindowGroup, ...]
    rotary_dim: int
    qkv_bias: bool = False
    out_bias: bool = False
    qk_norm: bool = False
    sub_norm: bool = False  #: a norm before the output projection (BitNet)
    latent: LatentShape | None = None

    @property
    def value_dim(self) -> int:
        """Width of one value head."""
        return self.latent.value_dim if self.latent else self.head_dim


class Activation(StrEnum):
    """Non-linearity of an MLP."""

    SILU = "silu"
    GELU = "gelu"
    RELU = "relu"
    RELU2 = "relu2"


@dataclass(frozen=True)
class MlpShape:
    """A dense MLP; a gated one multiplies the activation of one projection with a second one."""

    intermediate: int
    gated: bool
    activation: Activation
    bias: bool = False
    sub_norm: bool = False  #: a norm before the down projection (BitNet)


@dataclass(frozen=True)
class MoeShape:
    """A mixture of experts in all but `dense_layers` layers; the experts are gated MLPs of width `intermediate`.

    `shared_intermediate` is the width of the MLP that every token passes (0: none), `shared_gate` a learned gate on it,
    `router_bias` one correction per expert."""

    experts: int
    top_k: int
    intermediate: int
    dense_layers: int = 0
    shared_intermediate: int = 0
    shared_gate: bool = False
    router_bias: bool = False

    def expected_experts(self, tokens: int) -> float:
        """Distinct experts that `tokens` tokens hit if each picks `top_k` of them uniformly: E (1 - (1 - k/E)^tokens)."""
        return self.experts * (1.0 - (1.0 - self.top_k / self.experts) ** tokens)


class NormKind(StrEnum):
    """RMSNorm has one parameter per element, LayerNorm two."""

    RMS = "rmsnorm"
    LAYER = "layernorm"


@dataclass(frozen=True)
class ModelConfig:
    """A model. `layer_norms` names the norms of one layer in order; `parallel` computes attention and MLP from the same input.

    `positions` is the number of rows of a learned position table (0: none), `embed_dim` the width of the token table where that
    is not `hidden`. `mlp` is the MLP of the dense layers; `moe` replaces it in the others."""

    name: str
    model_type: str
    hidden: int
    layers: int
    vocab: int
    attention: AttentionShape
    mlp: MlpShape
    norm: NormKind
    moe: MoeShape | None = None
    layer_norms: tuple[str, ...] = ("attn.norm", "mlp.norm")
    final_norm: bool = True
    embed_norm: bool = False
    norm_affine: bool = True
    parallel: bool = False
    tied_embeddings: bool = False
    head_bias: bool = False
    positions: int = 0
    embed_dim: int | None = None
    logit_softcap: bool = False
    max_positions: int | None = None

    def __post_init__(self) -> None:
        grouped = sum(group.layers for group in self.attention.windows)
        if grouped != self.layers:
            raise InputError(f"model '{self.name}': its attention windows cover {grouped} layers of {self.layers}")

    @property
    def token_dim(self) -> int:
        """Width of the token embedding table."""
        return self.embed_dim or self.hidden

    @property
    def moe_layers(self) -> int:
        """Layers with experts."""
        return self.layers - self.moe.dense_layers if self.moe else 0

    @property
    def dense_layers(self) -> int:
        """Layers with a plain MLP."""
        return self.layers - self.moe_layers
