"""Inference frameworks: whose kernels run, what they fuse, and what a step costs on top of its kernels.

The calls that attention was measured in contain more than attention, in every library the append to the KV cache and in
TensorRT-LLM the rotary embedding too (its fused bias-RoPE-cache kernel); those operators are not priced a second time.
The cost of a step beyond its kernels (host work, launch gaps, sampling) is fitted on whole models where somebody measured them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from narrowgauge.calibration.serving import StepCost, shipped
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.registry import canonical
from narrowgauge.workloads import Kind

DEFAULT = "trtllm"  # the only one whose kernels were measured in every precision, with whole models to fit its steps on
ALONE = "none"


@dataclass(frozen=True)
class Framework:
    """A framework: the kernel library of its name, the kinds of operators that its attention call contains, its step cost."""

    name: str
    library: str
    in_attention: frozenset[Kind]
    step: StepCost | None


_IN_ATTENTION = {
    "trtllm": frozenset({Kind.KV_WRITE, Kind.ROPE}),
    "vllm": frozenset({Kind.KV_WRITE}),
    "sglang": frozenset({Kind.KV_WRITE}),
    "trtllm-0.9": frozenset({Kind.KV_WRITE, Kind.ROPE}),
    "qserve": frozenset({Kind.KV_WRITE, Kind.ROPE}),
    "awq": frozenset({Kind.KV_WRITE, Kind.ROPE}),
    "bitnet": frozenset({Kind.KV_WRITE, Kind.ROPE}),
    "tinychat": frozenset({Kind.KV_WRITE, Kind.ROPE}),
    "quick": frozenset({Kind.KV_WRITE, Kind.ROPE}),
    "comet": frozenset({Kind.KV_WRITE, Kind.ROPE}),
    "marlin": frozenset({Kind.KV_WRITE}),
}
#: whose step cost stands for that of a framework without whole models to fit one on
_STEP = {"trtllm-0.9": "trtllm", "marlin": "vllm"}
NAMES = (*_IN_ATTENTION, ALONE)


@lru_cache(maxsize=16)
def framework(name: str | None) -> Framework:
    """The framework of that name, None for the default one. `none` stands for its kernels alone, back to back.

    Raises InputError that names the nearest one."""
    key = DEFAULT if name is None else canonical(name)
    if key not in NAMES:
        raise InputError([Problem("framework", f"unknown framework '{name}'; {nearest(key, NAMES)}")])
    library = DEFAULT if key == ALONE else key
    return Framework(key, library, _IN_ATTENTION[library], None if key == ALONE else shipped(_STEP.get(key, key)))
