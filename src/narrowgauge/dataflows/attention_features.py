"""What a learned residual may look at in an attention row: its dimensions, and what the physics says limits it."""

from __future__ import annotations

import numpy as np

from narrowgauge.dataflows.attention_terms import Shape
from narrowgauge.dataflows.family import Array, KernelCost

#: resources whose share of the predicted latency is informative
SHARES = ("tensor_core", "cuda_core", "dram", "l2", "launch")
#: below this a logarithm's argument counts as nothing
SMALLEST = 1e-9


def safe_log(values: Array) -> Array:
    """Natural logarithm of non-negative numbers, finite at zero."""
    return np.log(np.maximum(np.asarray(values, dtype=np.float64), SMALLEST))


def dimensions(shape: Shape) -> dict[str, Array]:
    """Logarithms of the dimensions that every attention kernel has."""
    return {
        "log_batch": safe_log(shape.batch),
        "log_heads": safe_log(shape.heads),
        "log_kv_heads": safe_log(shape.kv_heads),
        "log_group": safe_log(shape.group),
        "head_dim": shape.head_dim.astype(np.float64),
        "log_window": np.log1p(shape.window.astype(np.float64)),
    }


def limits(cost: KernelCost, sm_count: int) -> dict[str, Array]:
    """The predicted latency, the share of it that each resource is busy, and the grid against the machine."""
    waves = cost.choice["ctas"] / sm_count
    return {
        "log_latency": safe_log(cost.latency_us),
        **{f"log_{name}_share": safe_log(cost.busy_us[name] / cost.latency_us) for name in SHARES},
        "log_waves": safe_log(waves),
        "wave_fill": waves / np.ceil(waves),
        "log_splits": safe_log(cost.choice["splits"]),
    }
