"""BitMoD (Chen et al., HPCA 2025, arXiv 2411.11745): cycles and energy of language models on bit-serial and baseline arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from narrowgauge.archmodels.accelerator import Layer, Operand, Pass, attention_layers, linear_layers, load_accelerator
from narrowgauge.archmodels.units.unit import MatrixTask
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.experiments.reproduction.contract import Experiment, Measure
from narrowgauge.formats import FORMATS, QuantScheme, parse_scheme
from narrowgauge.registry import canonical
from narrowgauge.workloads import ModelConfig, read_model

PJ_PER_UJ = 1e6
WIDE = 16.0  # bits of activations, scores, keys and values
INTEGERS = {"int2": "w2a16", "int3": "w3a16", "int4": "w4a16", "int5": "w5a16", "int6": "w6a16", "int8": "w8a16"}
CODEBOOKS = ("bitmod-fp3", "bitmod-fp4", "flint4")


@dataclass(frozen=True)
class Case:
    """One model on one machine."""

    model: Annotated[str, "model card or config.json"] = "llama-2-7b"
    on: Annotated[Literal["fp16", "bitmod", "ant", "olive"], "array of processing elements"] = "bitmod"
    phase: Annotated[Literal["prefill", "decode"], "a whole prompt (discriminative tasks), or one token after it"] = "prefill"
    precision: Annotated[str, "format of the weights, or their mean width in bits where layers differ"] = "int6"
    input_tokens: Annotated[int, "tokens of the prompt"] = 256
    group: Annotated[int, "weights that share a scale"] = 128
    group_bits: Annotated[float, "bits of a group's scale, counted in memory"] = 8.0
    attention: Annotated[Literal["artifact", "heads"], "shapes of the authors' program, or a product per head"] = "artifact"


@dataclass(frozen=True)
class Weights:
    """What the PEs multiply, and how wide it lies in memory."""

    scheme: QuantScheme
    stored_bits: float


def predict(case: Case) -> Mapping[str, float]:
    """The general accelerator with the machine's array, on the products of one forward pass."""
    model, weights = read_model(case.model), _weights(case)
    run = Pass(batch=1, query=case.input_tokens if case.phase == "prefill" else 1, context=case.input_tokens)
    layers = linear_layers(model, weights.scheme, run.tokens, weight_bits=weights.stored_bits)
    if case.attention == "artifact":
        layers += _artifact_attention(model, weights, run)
    else:
        layers += attention_layers(model, weights.scheme, run, kv_bits=WIDE)
    cost = load_accelerator(f"{case.on}-{case.phase}").run(layers)
    return {
        "cycles": cost.cycles,
        "on_chip_energy_uj": cost.on_chip_pj / PJ_PER_UJ,
        "energy_uj": cost.total_pj / PJ_PER_UJ,
    }


def _artifact_attention(model: ModelConfig, weights: Weights, run: Pass) -> list[Layer]:
    """Scores and values as two products over the joined heads, which is how the authors' program reads their shapes.

    Every head's query runs through the keys of all heads; a single query is multiplied with one key instead of all."""
    shape, layers, scheme = model.attention, model.layers, weights.scheme
    keys, rows = shape.kv_heads * shape.head_dim, shape.heads * run.query
    stored, narrow = WIDE, weights.stored_bits  # its buffers are charged for operands as narrow as weights
    scores = Layer(
        "attn.scores",
        MatrixTask(rows, run.query, model.hidden, scheme),
        Operand(run.query, model.hidden, stored, narrow),
        Operand(rows, keys, stored),
        Operand(rows, run.query, stored),
        layers,
    )
    values = Layer(
        "attn.values",
        MatrixTask(run.query, rows, run.context, scheme),
        Operand(rows, run.context, stored, narrow),
        Operand(run.query, keys, stored),
        Operand(run.query, rows, stored),
        layers,
    )
    return [scores, values]


def _weights(case: Case) -> Weights:
    """A format of the catalogue, stored with a share of its group's scale; or a mean width, the scale included."""
    if case.group < 1 or not case.group_bits >= 0:
        what = f"given {case.group} and {case.group_bits:g}, allowed: 1 or more, and no less than 0 bits"
        raise InputError([Problem("group and group_bits", what)])
    name = canonical(case.precision)
    if name == "fp16":
        return Weights(parse_scheme(name), WIDE)
    if name in INTEGERS:
        return Weights(_grouped(name, case), FORMATS[name].bits + case.group_bits / case.group)
    if name in CODEBOOKS:
        return Weights(parse_scheme(name), FORMATS[name].bits + case.group_bits / case.group)
    return _mean_width(case)


def _mean_width(case: Case) -> Weights:
    """Integers as wide as needed; a bit-serial array takes the fraction for the share of a scale, no element has one."""
    widths = {FORMATS[name].bits: name for name in INTEGERS}
    try:
        mean = float(case.precision)
    except ValueError:
        choices = (*INTEGERS, *CODEBOOKS, "fp16")
        what = f"given '{case.precision}', {nearest(case.precision, choices)}, or a width in bits"
        raise InputError([Problem("precision", what)]) from None
    if mean == WIDE:
        return Weights(parse_scheme("fp16"), WIDE)
    if not 1 <= mean <= max(widths):
        raise InputError([Problem("precision", f"given {mean:g} bits, allowed: 1 to {max(widths)}, or {WIDE:g}")])
    needed = int(mean) if case.on == "bitmod" else mean
    return Weights(_grouped(widths[min(bits for bits in widths if bits >= needed)], case), mean)


def _grouped(name: str, case: Case) -> QuantScheme:
    return parse_scheme(f"{INTEGERS[name]}-g{case.group}-sym")


EXPERIMENT = Experiment(
    "bitmod",
    Case,
    predict,
    {
        "cycles": Measure("cycle", "whole forward pass at 1 GHz, all layers"),
        "on_chip_energy_uj": Measure("uJ", "PEs and buffers"),
        "energy_uj": Measure("uJ", "PEs, buffers and DRAM"),
    },
)
