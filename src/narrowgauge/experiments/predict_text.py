"""A prediction for the terminal: the answer, the operators of both phases, memory, and how well it is known."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.predict_passes import Line, Pass
from narrowgauge.experiments.predict_reasons import BINDS, SHORT, bottleneck, knowledge
from narrowgauge.experiments.predict_result import Prediction
from narrowgauge.units import US_PER_MS

WIDTH = 79  # of text, where nobody says how wide the page is
DETAILED = 70  # columns from which the time of a single call is in the table
SMALL_SHARE = 0.005  # operators below this share of a pass go into one line


def number(value: float) -> str:
    """Three significant digits, thousands grouped: `0.0123`, `4.19`, `65.5`, `1,230`."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.3g}")
    whole = 100
    return f"{rounded:,.0f}" if abs(rounded) >= whole else f"{value:#.3g}"


def interval(estimate: Estimate, unit: str) -> str:
    """`4.19 ms  (3.02 to 6.10)`."""
    return f"{number(estimate.value)} {unit}  ({number(estimate.low)} to {number(estimate.high)})"


def render(prediction: Prediction, width: int = WIDTH) -> Iterator[RenderableType]:
    """What to print, in order, with its text in lines of `width` columns."""
    yield Text(textwrap.fill(_title(prediction), width), style="bold")
    yield _answer(prediction)
    for phase, name in ((prediction.prefill, "Prefill"), (prediction.decode, "Decode")):
        yield _wrapped(f"{name} is {bottleneck(phase)}.", width)
    for phase in (prediction.prefill, prediction.decode):
        yield _operators(phase, detailed=width >= DETAILED)
    yield from _provenance(prediction, width)


def _title(prediction: Prediction) -> str:
    about = prediction.manifest
    machine = f"{about['machine']} with {about['unit']['name']}" if about["unit"] else about["machine"]
    gpus = f"{prediction.gpus} × {machine}" if prediction.gpus > 1 else machine
    return (
        f"{about['model']} in {about['scheme']} on {gpus}: batch {prediction.batch}, "
        f"{about['input_tokens']} tokens in, {prediction.output_tokens} out"
    )


def _answer(prediction: Prediction) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    per_gpu = " per GPU" if prediction.gpus > 1 else ""
    memory = prediction.memory
    used, available = number(prediction.memory_gb.value), number(prediction.memory_available_gb)
    parts = f"weights {number(memory.weights_gb)}, KV cache {number(memory.kv_cache_gb)}"
    rows = (
        ("First token", interval(prediction.ttft_ms, "ms")),
        ("Each further token", interval(prediction.tpot_ms, "ms")),
        ("Throughput", interval(prediction.output_tokens_per_s, "output tokens/s")),
        ("Energy per output token", f"{interval(prediction.energy_per_output_token_j, 'J')}  assumed"),
        (f"Mean power{per_gpu}", f"{interval(prediction.power_w, 'W')}  assumed"),
        (f"Memory{per_gpu}", f"{used} of {available} GB  ({parts})"),
    )
    for name, value in rows:
        table.add_row(f"  {name}", value)
    return table


def _operators(phase: Pass, detailed: bool) -> RenderableType:
    total = phase.latency_us
    title = (
        f"{str(phase.phase).capitalize()}: {interval(total.scaled(1 / US_PER_MS), 'ms')} per pass, {phase.kernel_count} kernels"
    )
    table = Table(
        box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False, collapse_padding=True
    )
    table.add_column("operator", no_wrap=True)
    for name in ("times", *(["us each"] if detailed else []), "ms", "share"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("bound by, tile")
    shown = [line for line in phase.lines if abs(line.total_us.value) >= SMALL_SHARE * total.value]
    others = [line for line in phase.lines if abs(line.total_us.value) < SMALL_SHARE * total.value]
    for line in sorted(shown, key=lambda line: -line.total_us.value):
        each = [number(line.latency_us)] if detailed else []
        table.add_row(line.operator, str(line.count), *each, *_amount(line.total_us.value, total.value), _binding(line))
    if others:
        rest = sum(line.total_us.value for line in others)
        count = str(sum(line.count for line in others))
        table.add_row(f"{len(others)} others", count, *([""] if detailed else []), *_amount(rest, total.value), "")
    return table


def _amount(spent_us: float, total_us: float) -> tuple[str, str]:
    return number(spent_us / US_PER_MS), f"{spent_us / total_us:.1%}"


def _binding(line: Line) -> str:
    tile = [line.choice.get(name, 0.0) for name in ("tile_m", "tile_n")]
    mapped = f", {tile[0]:.0f}×{tile[1]:.0f}" if all(isinstance(t, float | int) and t for t in tile) else ""
    return SHORT.get(line.bound_by, BINDS.get(line.bound_by, line.bound_by)) + mapped


def _provenance(prediction: Prediction, width: int) -> Iterator[RenderableType]:
    about = prediction.manifest
    yield _wrapped(
        f"Kernels of {about['kernel_library']}, framework {about['framework']}, fidelity {about['fidelity']}, "
        f"narrowgauge {about['version']}. Intervals are nominal 90 % ones; energy is first order and assumed.",
        width,
    )
    for name, phase in (("prefill", prediction.prefill), ("decode", prediction.decode)):
        known = "; ".join(f"{share:.0%} {what}" for what, share in knowledge(phase).items() if share >= SMALL_SHARE)
        yield _wrapped(f"Time of {name}: {known}.", width)
    if about["unit"] is not None:
        yield _wrapped(_unit_words(about["unit"]), width)
    for note in prediction.notes:
        yield _wrapped(note, width)
    for change in about["overrides"]:
        yield _wrapped(f"What if: {change['path']} is {number(change['new'])}.", width)
    for warning in prediction.warnings:
        yield _wrapped(f"Warning: {warning}", width)


def _unit_words(unit: Mapping[str, Any]) -> str:
    """Which operators the unit in the tensor cores' place takes over."""
    taken = ", ".join(unit["operators"]) or "nothing"
    stay = f"; {', '.join(unit['on_tensor_cores'])} stay on tensor cores beside it" if unit["on_tensor_cores"] else ""
    return f"In the tensor cores' place: {unit['name']}, which takes {taken}{stay}. Nobody has built it."


def _wrapped(words: str, width: int) -> Text:
    return Text(textwrap.fill(words, width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False))
