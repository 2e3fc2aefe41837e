"""Is a point of a sweep the same, to the last bit, as `predict` of that point?"""

import numpy as np
import pandas as pd
import pytest

import narrowgauge as ng
from narrowgauge.archmodels.schema import rules
from narrowgauge.experiments.predict_reasons import shares
from narrowgauge.experiments.sweep.columns import HIGH, LOW, QUANTITIES
from narrowgauge.experiments.sweep.document import read_sweep
from narrowgauge.experiments.sweep.evaluation import evaluate
from narrowgauge.experiments.sweep.expansion import expand
from narrowgauge.experiments.sweep.machines import structural

CONTINUOUS = [path for path in rules() if not structural(path)]
MIXED = {
    "whole models": {
        "model": ["llama-3-8b", "gemma-2-9b"],
        "machine": ["a100-sxm-80gb", "h100-sxm"],
        "scheme": ["bf16", "w4a16-g128", "fp8"],
        "batch": [1, 17, 256, 100_000],
        "input": [1, 100],
        "output": [1, 2, 40],
    },
    "experts and latents over several GPUs": {
        "model": ["mixtral-8x7b", "deepseek-v2-lite"],
        "machine": ["h100-sxm", "rtx-4090"],
        "scheme": ["bf16", "fp8"],
        "tp": [1, 2, 3],
        "framework": ["trtllm", "vllm", "none"],
        "fidelity": ["analytic", "bound"],
    },
    "numbers of the machine": {
        "model": "llama-3-8b",
        "machine": ["a100-sxm-80gb", "h100-sxm"],
        "scheme": ["w4a16-g128", "fp8"],
        "batch": [1, 64],
        "tp": [1, 2],
        "override": {
            "dram.bandwidth_gb_per_s": [1000, 3000],
            "dram.capacity_gb": [12, 80],
            "chip.sm_count": [60, 150],
            "clock.boost_mhz": {"linear": [1000, 2000, 2]},
        },
    },
    "another unit in the tensor core's place": {
        "model": "llama-3-8b",
        "machine": ["a100-sxm-80gb", "h100-sxm"],
        "replace": {"tensor_core": ["none", "lut-4x", "lut-8x", "bitmod-sm"]},
        "scheme": ["w4a8-g128", "w4a16-g128", "w2a8-ternary"],
        "batch": [1, 64],
        "override": {"l2.bytes_per_sm_cycle": [30, 60], "dram.bandwidth_gb_per_s": [2000, 4000]},
    },
    "a sample": {
        "model": "llama-3-8b",
        "machine": ["a100-sxm-80gb", "h100-sxm"],
        "batch": {"log": [1, 300]},
        "input": {"linear": [10, 4000]},
        "override": {"dram.bandwidth_gb_per_s": {"log": [1000, 9000]}, "l2.capacity_mb": {"linear": [20, 100]}},
        "sample": {"latin_hypercube": 300, "seed": 7},
    },
}


def alone(point: pd.Series) -> ng.Prediction | str:
    machine = ng.load_machine(point["machine"])
    changes = {path: float(point[path]) for path in point.index if path in rules()}
    if point["tensor_core"] != "none":
        machine = machine.replace_unit("tensor_core", point["tensor_core"])
    try:
        return ng.predict(
            point["model"],
            on=machine.with_(**changes) if changes else machine,
            scheme=point["scheme"],
            batch=int(point["batch"]),
            input_tokens=int(point["input"]),
            output_tokens=int(point["output"]),
            tp=int(point["tp"]),
            framework=point["framework"],
            fidelity=point["fidelity"],
        )
    except ng.NarrowgaugeError as reason:
        return str(reason).partition("\n")[0]


def assert_same(row: pd.Series, answer: ng.Prediction | str) -> None:
    if isinstance(answer, str):
        assert row["error"] == answer
        return
    assert row["error"] == ""
    for name, attribute in QUANTITIES.items():
        estimate = getattr(answer, attribute)
        assert (row[name], row[name + LOW], row[name + HIGH]) == (estimate.value, estimate.low, estimate.high), name
    for name, phase in (("prefill_bound_by", answer.prefill), ("decode_bound_by", answer.decode)):
        assert row[name] == next(iter(shares(phase, lambda line: line.bound_by)))


@pytest.mark.parametrize("name", MIXED)
def test_points_are_predictions(name: str) -> None:
    points = expand(read_sweep(MIXED[name]))
    results = evaluate(points)
    chosen = np.random.default_rng(1).permutation(len(points))[:40]
    assert {results["error"].iloc[i] == "" for i in chosen} >= {True}
    for i in chosen:
        assert_same(results.iloc[i], alone(points.iloc[i]))


@pytest.mark.parametrize("path", CONTINUOUS)
def test_every_continuous_number_may_vary_inside_a_batch(path: str) -> None:
    machine = ng.load_machine("h100-sxm")
    here = machine.value(path) if path in machine.quantities else rules()[path].low * 2
    values = [value for value in (here * 0.9, here, here * 1.1) if not rules()[path].faults_of_value(value)]
    points = expand(
        read_sweep({"model": "llama-3-8b", "machine": "h100-sxm", "scheme": "fp8", "tp": 2, "override": {path: values}})
    )
    results = evaluate(points)
    for i in range(len(points)):
        assert_same(results.iloc[i], alone(points.iloc[i]))


def test_events_are_those_of_predict() -> None:
    points = expand(
        read_sweep(
            {
                "model": "gpt2",
                "machine": "a100-sxm-80gb",
                "fidelity": "event",
                "input": 16,
                "output": 2,
                "override": {"dram.bandwidth_gb_per_s": [1500, 2000]},
            }
        )
    )
    results = evaluate(points)
    for i in range(len(points)):
        assert_same(results.iloc[i], alone(points.iloc[i]))
    assert results["tpot_ms"].is_monotonic_decreasing
