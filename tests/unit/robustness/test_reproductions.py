"""Is every option of every paper read as carefully as those of `predict`, and does no case give a figure that cannot be?"""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import pytest

from narrowgauge.errors import InputError, NarrowgaugeError, UnsupportedError
from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.reproduction import experiment_names, load_experiment, reproduce

EXPERIMENTS = {name: load_experiment(name)[0] for name in experiment_names()}
OPTIONS = [(name, option) for name, experiment in EXPERIMENTS.items() for option in experiment.options.values()]
#: families that differ in heads, experts, positions, latent attention; simulated memories take seconds for each
MODELS = ("gpt2", "deepseek-v2-lite", "mixtral-8x7b")
MISSPELT = ("model", "on", "network", "cpu", "fpga")
SIMULATED = ("attacc", "duplex", "neupims", "pim-gpt")


def ids(pairs):
    return [f"{name} {option.name}" for name, option in pairs]


def with_options(*types):
    chosen = [pair for pair in OPTIONS if pair[1].type in types and not pair[1].allowed]
    return pytest.mark.parametrize(("name", "option"), chosen, ids=ids(chosen))


@with_options(int, float)
@pytest.mark.parametrize("value", ["-1", "nan", "inf", "1e400", "many", str(10**30)])
def test_a_number_that_no_machine_has_is_refused_by_name(name, option, value):
    with pytest.raises(InputError) as caught:
        EXPERIMENTS[name].make_case(**{option.name: value})
    assert str(caught.value).startswith(f"{option.name}: given")


@pytest.mark.parametrize(("name", "option"), limited := [pair for pair in OPTIONS if pair[1].allowed], ids=ids(limited))
def test_a_word_that_is_not_allowed_is_refused_with_those_that_are(name, option):
    with pytest.raises(InputError) as caught:
        EXPERIMENTS[name].make_case(**{option.name: "99999999" if option.type is int else "sideways"})
    assert all(str(word) in str(caught.value) for word in option.allowed)


@pytest.mark.parametrize(("name", "option"), named := [pair for pair in OPTIONS if pair[1].name in MISSPELT], ids=ids(named))
def test_an_unknown_name_is_refused_with_the_nearest_and_gives_no_rows(name, option):
    value = option.default.split(",")[0][:-1] or "llama-3-8"
    with pytest.raises(InputError) as caught:
        reproduce(name, **{option.name: value})
    assert f"'{value}'" in str(caught.value) or str(caught.value).startswith(f"{value}:")
    assert f"did you mean '{value}" in str(caught.value)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", [name for name, option in OPTIONS if option.name == "model" and name not in SIMULATED])
def test_another_model_gives_finite_figures_or_a_reason(name, model):
    experiment = EXPERIMENTS[name]
    try:
        figures = experiment.predict(replace(experiment.make_case(), model=model))
    except NarrowgaugeError as reason:
        assert str(reason)
        return
    values = [
        part for figure in figures.values() for part in (asdict(figure).values() if isinstance(figure, Estimate) else [figure])
    ]
    assert figures and all(math.isfinite(value) and value >= 0 for value in values if isinstance(value, int | float))


@pytest.mark.parametrize("option", [{"tile_m": 4096}, {"stages": 512}, {"step_k": 4096}], ids=str)
def test_a_tile_that_no_sm_holds_is_refused(option):
    experiment = EXPERIMENTS["gpperf"]
    with pytest.raises(UnsupportedError, match="an SM has"):
        experiment.predict(experiment.make_case(kernel="sgemm", **option))


GROWING = [
    ("awq", "input_tokens", "int4_first_token_s", (16, 128, 1024)),
    ("awq", "model", "int4_ms", ("qwen2.5-0.5b", "qwen2.5-7b", "qwen2.5-32b")),
    ("quick", "k", "latency_us", (64, 1024, 8192)),
    ("bitmod", "group_bits", "cycles", (8, 16, 32)),
    ("bitnet-gpu", "n", "w2a8_us", (2560, 25600, 256000)),
    ("systolic", "k", "last_cycle", (16, 64, 1024)),
    ("gpperf", "m", "latency_us", (64, 512, 4096)),
]


@pytest.mark.parametrize(("name", "option", "measure", "values"), GROWING, ids=[f"{case[0]} {case[1]}" for case in GROWING])
def test_more_work_never_takes_less(name, option, measure, values):
    experiment = EXPERIMENTS[name]
    figures = [experiment.predict(experiment.make_case(**{option: value}))[measure] for value in values]
    plain = [figure.value if isinstance(figure, Estimate) else figure for figure in figures]
    assert 0 < plain[0] <= plain[1] <= plain[2]
