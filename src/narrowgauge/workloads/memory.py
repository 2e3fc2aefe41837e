"""What has to fit into one GPU's memory: weights, KV cache, activations."""

from __future__ import annotations

from dataclasses import dataclass

from narrowgauge.errors import InputError, Problem
from narrowgauge.formats.catalogue import FP32
from narrowgauge.formats.scheme import QuantScheme
from narrowgauge.units import BITS_PER_BYTE, BYTES_PER_GB
from narrowgauge.workloads.fields import MAX_DIMENSION
from narrowgauge.workloads.layers import linears, norm_parameters, table_parameters
from narrowgauge.workloads.model import ModelConfig
from narrowgauge.workloads.parallel import Split

#: Tokens that a serving framework takes through the model at once in prefill: the default chunk of vLLM's server on large GPUs.
PREFILL_CHUNK_TOKENS = 8192


@dataclass(frozen=True)
class MemoryFootprint:
    """Gigabytes (10^9 bytes) on each GPU. What the framework and the driver take for themselves is not in it."""

    weights_gb: float
    kv_cache_gb: float
    activations_gb: float

    @property
    def total_gb(self) -> float:
        """The sum of the parts."""
        return self.weights_gb + self.kv_cache_gb + self.activations_gb


def weight_bytes(model: ModelConfig, scheme: QuantScheme, tensor_parallel: int = 1) -> float:
    """Bytes of all parameters on one GPU: quantised maps with their scales, everything else at 16 bits, tied tables once."""
    wide = scheme.output.storage_bits
    maps = [linear for linear in linears(model, tensor_parallel) if not (linear.name == "lm_head" and model.tied_embeddings)]
    quantized = sum(linear.weights for linear in maps if linear.quantized)
    others = sum(linear.weights for linear in maps if not linear.quantized) + sum(linear.biases for linear in maps)
    others += norm_parameters(model, tensor_parallel) + table_parameters(model, tensor_parallel)
    return float((quantized * scheme.weight_bits + others * wide) / BITS_PER_BYTE)


def kv_cache_bytes(model: ModelConfig, scheme: QuantScheme, tokens: int, tensor_parallel: int = 1) -> float:
    """Bytes of the KV cache of one sequence of `tokens` tokens on one GPU; a layer with a window keeps no more than the window.

    The cache of latent attention is replicated on every GPU."""
    shape, split, kv = model.attention, Split(model, tensor_parallel), scheme.kv_cache
    if shape.latent:
        per_layer = kv.bits_per_head(shape.latent.cache_dim)
    else:
        per_layer = 2 * split.kv_heads * kv.bits_per_head(shape.head_dim)
    kept = sum(group.layers * min(tokens, group.window or tokens) for group in shape.windows)
    return float(kept * per_layer / BITS_PER_BYTE)


def activation_bytes(model: ModelConfig, scheme: QuantScheme, step_tokens: int, batch: int, tensor_parallel: int = 1) -> float:
    """Estimated peak of the activations of a pass over `step_tokens` tokens: the residual stream and its copy, input and output
    of the widest product, and FP32 logits of one token per sequence."""
    maps = [linear for linear in linears(model, tensor_parallel) if linear.name != "lm_head"]
    copies = {linear.name: model.moe.top_k if model.moe and linear.experts > 1 else 1 for linear in maps}
    widest = max((linear.n + linear.k) * copies[linear.name] for linear in maps)
    stream = step_tokens * (2 * model.hidden + widest) * scheme.output.storage_bits
    logits = batch * Split(model, tensor_parallel).vocab * FP32.storage_bits
    return float((stream + logits) / BITS_PER_BYTE)


def memory_footprint(
    model: ModelConfig,
    scheme: QuantScheme,
    batch: int,
    context: int,
    tensor_parallel: int = 1,
    *,
    step_tokens: int | None = None,
) -> MemoryFootprint:
    """What `batch` sequences of up to `context` tokens (input and output) need on each GPU.

    `step_tokens` is how many tokens pass through the model at once (default: a prefill chunk, or all of them if they are fewer).
    Raises InputError for sizes that are no whole numbers in range or a model that cannot be split."""
    sizes = {"batch": batch, "context": context} | ({} if step_tokens is None else {"step_tokens": step_tokens})
    problems = [
        Problem(name, f"given {value!r}, allowed: a whole number from 1 to {MAX_DIMENSION}")
        for name, value in sizes.items()
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_DIMENSION
    ]
    if problems:
        raise InputError(problems)
    step = min(batch * context, PREFILL_CHUNK_TOKENS) if step_tokens is None else step_tokens
    return MemoryFootprint(
        weights_gb=weight_bytes(model, scheme, tensor_parallel) / BYTES_PER_GB,
        kv_cache_gb=batch * kv_cache_bytes(model, scheme, context, tensor_parallel) / BYTES_PER_GB,
        activations_gb=activation_bytes(model, scheme, step, batch, tensor_parallel) / BYTES_PER_GB,
    )
