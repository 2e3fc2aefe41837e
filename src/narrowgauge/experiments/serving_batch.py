"""How many sequences a serving framework runs at once: what its paged KV cache holds beside the weights."""

from __future__ import annotations

from narrowgauge.archmodels import Machine
from narrowgauge.errors import CapacityError
from narrowgauge.formats import QuantScheme
from narrowgauge.workloads import ModelConfig, memory_footprint

#: share of the memory left by the engine that TensorRT-LLM (`free_gpu_memory_fraction`) and vLLM give to the KV cache by default
CACHE_SHARE = 0.9


def largest_batch(
    model: ModelConfig, scheme: QuantScheme, machine: Machine, input_tokens: int, output_tokens: int, most: int
) -> int:
    """The most sequences, up to `most`, whose caches fit beside the weights and the activations of one prefill pass over all
    their prompts; no sequence is ever evicted. Raises CapacityError where not even one fits."""
    available_gb, context = machine.resources.memory_gb, input_tokens + output_tokens

    def fits(batch: int) -> bool:
        needed = memory_footprint(model, scheme, batch, context, step_tokens=batch * input_tokens)
        return needed.weights_gb + needed.activations_gb + needed.kv_cache_gb / CACHE_SHARE <= available_gb

    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    if low == 0:
        needed_gb = memory_footprint(model, scheme, 1, context).total_gb
        raise CapacityError(
            f"{model.name} in {scheme.name} needs {needed_gb:.1f} GB for one sequence of {context} tokens, "
            f"{machine.name} has {available_gb:.1f} GB"
        )
    return low
