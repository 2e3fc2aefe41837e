"""The weights of a model: every linear map and every norm, from which parameter counts, memory and graphs are derived alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from narrowgauge.workloads.model import AttentionShape, LatentShape, MlpShape, ModelConfig, NormKind
from narrowgauge.workloads.parallel import Split


@dataclass(frozen=True, slots=True)
class Linear:
    """`y = W x (+ b)` with W of `n` × `k`, as one GPU holds it, in `layers` layers and `experts` copies per layer.

    `quantized` is False where published recipes keep 16 bits (router, output head)."""

    name: str
    n: int
    k: int
    layers: int
    bias: bool = False
    experts: int = 1
    quantized: bool = True

    @property
    def weights(self) -> int:
        """Weights on one GPU, over all layers and experts."""
        return self.n * self.k * self.layers * self.experts

    @property
    def biases(self) -> int:
        """Bias elements on one GPU, over all layers and experts."""
        return self.n * self.layers * self.experts if self.bias else 0


@dataclass(frozen=True, slots=True)
class Norm:
    """A norm over `width` elements in `layers` layers."""

    name: str
    kind: NormKind
    width: int
    layers: int


@lru_cache(maxsize=256)
def linears(model: ModelConfig, tensor_parallel: int = 1) -> tuple[Linear, ...]:
    """Every linear map as one of `tensor_parallel` GPUs holds it, in order of execution.

    Query, key and value are one map, and so are gate and up, as inference frameworks fuse them. Raises InputError if the model
    cannot be split that way."""
    split = Split(model, tensor_parallel)
    found = [*_attention(model, split), *_mlp(model, split), *_moe(model, split)]
    if model.embed_dim:
        found = [Linear("embed.project_in", model.hidden, model.embed_dim, 1), *found]
        found.append(Linear("embed.project_out", model.embed_dim, model.hidden, 1))
    found.append(Linear("lm_head", split.vocab, model.token_dim, 1, bias=model.head_bias, quantized=False))
    return tuple(found)


def _attention(model: ModelConfig, split: Split) -> list[Linear]:
    shape = model.attention
    if shape.latent:
        return _latent_attention(model, shape, shape.latent, split.heads)
    qkv = (split.heads + 2 * split.kv_heads) * shape.head_dim
    return [
        Linear("attn.qkv", qkv, model.hidden, model.layers, bias=shape.qkv_bias),
        Linear("attn.o", model.hidden, split.heads * shape.head_dim, model.layers, bias=shape.out_bias),
    ]


def _latent_attention(model: ModelConfig, shape: AttentionShape, latent: LatentShape, heads: int) -> list[Linear]:
    """Down projections are replicated on every GPU, up projections are split by heads."""
    head = latent.nope_dim + latent.rope_dim
    if latent.query_rank:
        query = [Linear("attn.q_b", heads * head, latent.query_rank, model.layers)]
        down = latent.query_rank + latent.cache_dim
    else:
        query = [Linear("attn.q", heads * head, model.hidden, model.layers)]
        down = latent.cache_dim
    return [
        Linear("attn.qkv_a" if latent.query_rank else "attn.kv_a", down, model.hidden, model.layers, bias=shape.qkv_bias),
        *query,
        Linear("attn.kv_b", heads * (latent.nope_dim + latent.value_dim), latent.kv_rank, model.layers),
        Linear("attn.o", model.hidden, heads * latent.value_dim, model.layers, bias=shape.out_bias),
    ]


def _mlp_pair(prefix: str, hidden: int, width: int, layers: int, shape: MlpShape, experts: int = 1) -> list[Linear]:
    first = Linear(f"{prefix}.gate_up", 2 * width, hidden, layers, bias=shape.bias, experts=experts)
    if not shape.gated:
        first = Linear(f"{prefix}.up", width, hidden, layers, bias=shape.bias, experts=experts)
    return [first, Linear(f"{prefix}.down", hidden, width, layers, bias=shape.bias, experts=experts)]


def _mlp(model: ModelConfig, split: Split) -> list[Linear]:
    return _mlp_pair("mlp", model.hidden, split.intermediate, model.dense_layers, model.mlp) if model.dense_layers else []


def _moe(model: ModelConfig, split: Split) -> list[Linear]:
    moe, layers = model.moe, model.moe_layers
    if moe is None:
        return []
    router = Linear("moe.router", moe.experts, model.hidden, layers, bias=moe.router_bias, quantized=False)
    found = [router, *_mlp_pair("moe.experts", model.hidden, split.expert_intermediate, layers, model.mlp, moe.experts)]
    if moe.shared_intermediate:
        found += _mlp_pair("moe.shared", model.hidden, split.shared_intermediate, layers, model.mlp)
    if moe.shared_gate:
        found.append(Linear("moe.shared_gate", 1, model.hidden, layers, quantized=False))
    return found


@lru_cache(maxsize=256)
def norms(model: ModelConfig, tensor_parallel: int = 1) -> tuple[Norm, ...]:
    """Every norm in order of execution. Norms over heads are split with them, all others run on every GPU."""
    split, shape, latent = Split(model, tensor_parallel), model.attention, model.attention.latent
    found = [Norm("embed.norm", model.norm, model.hidden, 1)] if model.embed_norm else []
    found += [Norm(name, model.norm, model.hidden, model.layers) for name in model.layer_norms]
    if shape.qk_norm:
        found += [Norm(f"attn.{side}_norm", NormKind.RMS, shape.head_dim, model.layers) for side in ("q", "k")]
    if latent and latent.query_rank:
        found.append(Norm("attn.q_a_norm", model.norm, latent.query_rank, model.layers))
    if latent:
        found.append(Norm("attn.kv_a_norm", model.norm, latent.kv_rank, model.layers))
    if shape.sub_norm:
        found.append(Norm("attn.sub_norm", model.norm, split.heads * shape.value_dim, model.layers))
    if model.mlp.sub_norm:
        found.append(Norm("mlp.sub_norm", model.norm, split.intermediate, model.layers))
    if model.final_norm:
        found.append(Norm("final.norm", model.norm, model.hidden, 1))
    return tuple(found)


def norm_parameters(model: ModelConfig, tensor_parallel: int = 1) -> int:
    """Scale and shift elements of all norms on one GPU."""
    if not model.norm_affine:
        return 0
    per_element = {NormKind.RMS: 1, NormKind.LAYER: 2}
    return sum(norm.layers * norm.width * per_element[norm.kind] for norm in norms(model, tensor_parallel))


def table_parameters(model: ModelConfig, tensor_parallel: int = 1) -> int:
    """Elements of the token and position tables on one GPU; the token table is split by rows."""
    rows = -(-model.vocab // tensor_parallel)
    return rows * model.token_dim + model.positions * model.hidden


def parameter_count(model: ModelConfig) -> int:
    """Parameters of the model, each tensor that is shared counted once."""
    maps = sum(
        linear.weights + linear.biases for linear in linears(model) if not (linear.name == "lm_head" and model.tied_embeddings)
    )
    return maps + norm_parameters(model) + table_parameters(model)


def active_parameter_count(model: ModelConfig) -> int:
    """Parameters that one token passes through: of the routed experts only those that it picks."""
    moe = model.moe
    if moe is None:
        return parameter_count(model)
    routed = sum(linear.weights + linear.biases for linear in linears(model) if linear.name.startswith("moe.experts"))
    return parameter_count(model) - routed * (moe.experts - moe.top_k) // moe.experts
