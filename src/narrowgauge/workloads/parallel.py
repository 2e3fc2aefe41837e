"""What each GPU holds when a model is split over several by tensor parallelism (Megatron-LM, arXiv 1909.08053).

Heads, MLP width and vocabulary are split; the input of a split map is whole and its output is summed over the GPUs by an
all-reduce. Key-value heads are replicated where there are fewer of them than GPUs; the vocabulary is padded to a multiple.
"""

from __future__ import annotations

from functools import cached_property

from narrowgauge.errors import InputError, Problem
from narrowgauge.workloads.model import ModelConfig


class Split:
    """The dimensions that one of `ways` GPUs holds; raises one InputError that lists all the dimensions that do not divide."""

    def __init__(self, model: ModelConfig, ways: int) -> None:
        problems = [Problem("tensor_parallel", reason) for reason in _obstacles(model, ways)]
        if problems:
            allowed = ", ".join(str(w) for w in range(1, model.attention.heads + 1) if not _obstacles(model, w))
            problems.append(Problem("tensor_parallel", f"allowed for {model.name}: {allowed}"))
            raise InputError(problems)
        self.model, self.ways = model, ways

    @cached_property
    def heads(self) -> int:
        """Query heads."""
        return self.model.attention.heads // self.ways

    @cached_property
    def kv_heads(self) -> int:
        """Key-value heads, at least one."""
        return max(1, self.model.attention.kv_heads // self.ways)

    @cached_property
    def vocab(self) -> int:
        """Rows of the output head, padded."""
        return -(-self.model.vocab // self.ways)

    @cached_property
    def intermediate(self) -> int:
        """Width of a dense MLP."""
        return self.model.mlp.intermediate // self.ways

    @cached_property
    def expert_intermediate(self) -> int:
        """Width of a routed expert."""
        return self.model.moe.intermediate // self.ways if self.model.moe else 0

    @cached_property
    def shared_intermediate(self) -> int:
        """Width of the shared experts together."""
        return self.model.moe.shared_intermediate // self.ways if self.model.moe else 0


def _obstacles(model: ModelConfig, ways: int) -> list[str]:
    if isinstance(ways, bool) or not isinstance(ways, int) or ways < 1:
        return [f"given {ways!r}, allowed: a whole number of GPUs, at least 1"]
    divided = {"attention heads": model.attention.heads}
    if model.dense_layers:
        divided["MLP width"] = model.mlp.intermediate
    if model.moe:
        divided |= {"expert width": model.moe.intermediate, "shared expert width": model.moe.shared_intermediate}
    found = [f"{ways} GPUs do not divide the {what} of {size}" for what, size in divided.items() if size % ways]
    kv_heads = model.attention.kv_heads
    if model.attention.latent is None and kv_heads % ways and ways % kv_heads:
        found.append(f"{ways} GPUs neither divide nor replicate {kv_heads} key-value heads")
    return found
