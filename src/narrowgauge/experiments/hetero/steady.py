"""Decode of a server in steady state: requests come and go, so the mean one is in the middle of its output."""

from __future__ import annotations

from dataclasses import replace

from narrowgauge.archmodels import Hardware, Npu
from narrowgauge.errors import InputError, Problem
from narrowgauge.experiments.hetero.predict import SystemPrediction
from narrowgauge.experiments.predict import predict
from narrowgauge.experiments.predict_result import Prediction
from narrowgauge.units import MS_PER_S, PS_PER_US
from narrowgauge.workloads import ModelConfig, Phase


def steady(
    model: ModelConfig, on: str | Hardware, scheme: str, batch: int, input_tokens: int, output_tokens: int, tp: int = 1
) -> Prediction:
    """One decode pass of `batch` requests half way through their output, kernels alone. Raises as `predict` does; memory is that
    of requests of this length."""
    middle = max(input_tokens + output_tokens // 2 - 1, 1)
    return predict(model, on, scheme, batch, middle, 2, tp, framework="none")


def tokens_per_s(found: Prediction) -> float:
    """Output tokens of all requests per second of decoding."""
    return found.batch * MS_PER_S / found.tpot_ms.value


def pipeline_stage(model: ModelConfig, stages: int) -> ModelConfig:
    """The layers of one of several equal pipeline stages; every stage is taken to hold embedding and head as well.

    Raises InputError for layers that do not divide evenly."""
    groups = model.attention.windows
    if any(group.layers % stages for group in groups):
        raise InputError(
            [Problem("pp", f"given {stages}, which does not divide the {model.layers} layers of {model.name} evenly")]
        )
    fewer = tuple(replace(group, layers=group.layers // stages) for group in groups)
    return replace(model, layers=model.layers // stages, attention=replace(model.attention, windows=fewer))


def array_utilization(found: SystemPrediction, npu: Npu) -> float:
    """Multiply-accumulates of the mean decode pass over those that the arrays could have done."""
    return _done(found, "mac") / (_cycles(found, npu) * npu.arrays.macs_per_cycle)


def array_busy(found: SystemPrediction, npu: Npu) -> float:
    """Share of the mean decode pass that the arrays have work, useful or not."""
    return _done(found, "array_cycle") / _cycles(found, npu)


def _done(found: SystemPrediction, action: str) -> float:
    return sum(line.actions.get(action, 0.0) for line in found.decode.lines)


def _cycles(found: SystemPrediction, npu: Npu) -> float:
    return found.decisions[Phase.DECODE].schedule.makespan_ps / PS_PER_US * npu.value("clock_mhz")
