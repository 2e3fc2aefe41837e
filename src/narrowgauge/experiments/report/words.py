"""Answers in words: what a prediction says, what relieves it, how to read its intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from narrowgauge.experiments.predict_result import Prediction
from narrowgauge.experiments.predict_text import interval, number
from narrowgauge.experiments.report.blocks import Tile
from narrowgauge.experiments.sensitivity import worthwhile

if TYPE_CHECKING:
    import pandas as pd

TRUST = (
    "Intervals are nominal 90 % ones, from errors on measurements that the fits did not see. Energy and power are first order: "
    "component energies from the literature, none of them calibrated."
)
NAMED = 2  # resources that a sentence names


def prediction_words(prediction: Prediction) -> str:
    """The prediction in two sentences."""
    one = prediction.batch == 1
    batch = "A single prompt" if one else f"A batch of {prediction.batch} prompts"
    return (
        f"{batch} of {prediction.manifest['input_tokens']} tokens has its first token after "
        f"{interval(prediction.ttft_ms, 'ms')}, then one more {'' if one else 'per sequence '}every "
        f"{interval(prediction.tpot_ms, 'ms')}. That makes {interval(prediction.output_tokens_per_s, 'output tokens/s')} "
        f"at {interval(prediction.energy_per_output_token_j, 'J')} each."
    )


def tiles_of(prediction: Prediction) -> tuple[Tile, ...]:
    """The quantities of a prediction as tiles."""
    per_gpu = " per GPU" if prediction.gpus > 1 else ""
    memory = prediction.memory
    quantities = (
        ("First token", prediction.ttft_ms, "ms", ""),
        ("Each further token", prediction.tpot_ms, "ms", ""),
        ("Throughput", prediction.output_tokens_per_s, "tokens/s", ""),
        ("Energy per output token", prediction.energy_per_output_token_j, "J", ", assumed"),
        (f"Mean power{per_gpu}", prediction.power_w, "W", ", assumed"),
    )
    tiles = [
        Tile(name, f"{number(value.value)} {unit}", f"{number(value.low)} to {number(value.high)}{note}")
        for name, value, unit, note in quantities
    ]
    used = f"{number(prediction.memory_gb.value)} GB"
    parts = f"of {number(prediction.memory_available_gb)}; weights {number(memory.weights_gb)}, KV {number(memory.kv_cache_gb)}"
    return (*tiles, Tile(f"Memory{per_gpu}", used, parts))


def gain_words(gains: pd.DataFrame) -> str:
    """Which resource would shorten further tokens most, and which first tokens."""
    if worthwhile(gains).empty:
        return "Ten per cent more of no single resource would shorten anything: what is left is the framework's time."
    parts = []
    for column, what in (("tpot_ms_gain", "further tokens"), ("ttft_ms_gain", "the first token")):
        best = gains.sort_values(column, ascending=False).head(NAMED)
        named = " or ".join(f"{name} ({100 * gain:.1f} %)" for name, gain in zip(best["resource"], best[column], strict=True))
        parts.append(f"{what} would gain most from {named}")
    return f"Of ten per cent more of one resource, {'; '.join(parts)}."
