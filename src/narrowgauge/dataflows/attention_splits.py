"""How many parts a sequence's keys and values are divided into, so that few sequences still fill the machine."""

from __future__ import annotations

import numpy as np

from narrowgauge.dataflows.attention_profiles import SplitRule
from narrowgauge.dataflows.attention_terms import Shape
from narrowgauge.dataflows.attention_tiles import ceil_div
from narrowgauge.dataflows.family import Array

#: grids that already fill this share of the slots are not split (FlashAttention's num_splits_heuristic)
FILLED_SHARE = 0.8


def splitting(rule: SplitRule, blocks: Array, shape: Shape, slots: Array | int) -> Array:
    """Whether the splitting variant of the kernel is launched: long enough sequences, whose heads alone do not fill the slots
    (the choice is made for one sequence, because a CUDA graph may replay with any batch)."""
    wanted = (blocks > rule.min_blocks) & (shape.kv_heads < FILLED_SHARE * np.asarray(slots)) & (shape.batch <= rule.most_batch)
    return np.asarray(wanted & (rule.most > 1) & ((shape.group > 1) | (not rule.needs_group)))


def split_parts(rule: SplitRule, ctas: Array, blocks: Array, shape: Shape, slots: Array | int) -> Array:
    """Parts per sequence such that `ctas` × `blocks` spread evenly over `slots`: never more than blocks and none without work,
    unless the rule starts empty ones."""
    if rule.static:
        parts = np.full(blocks.shape, rule.most) if rule.empty_parts else np.minimum(blocks, rule.most)
    else:
        each = np.maximum(np.ceil(ctas * blocks * rule.slack / np.asarray(slots)), 1.0).astype(np.int64)
        parts = np.clip(ceil_div(blocks, each), 1, rule.most)
    parts = np.where(splitting(rule, blocks, shape, slots), parts, 1)
    return parts if rule.empty_parts else ceil_div(blocks, ceil_div(blocks, parts))
