"""Do the model cards that ship with the package have the published number of parameters?"""

import csv
from pathlib import Path

import pytest

from narrowgauge.workloads import active_parameter_count, model_names, parameter_count, read_model

TOLERANCE = 0.005  # the 0.5 %: some sources round

with Path(__file__).with_name("parameter_counts.csv").open(newline="") as file:
    PUBLISHED = {row["model"]: int(row["parameters"]) for row in csv.DictReader(file)}


def test_every_card_has_a_published_count() -> None:
    assert set(model_names()) == set(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameter_count_is_the_published_one(name: str) -> None:
    assert parameter_count(read_model(name)) == pytest.approx(PUBLISHED[name], rel=TOLERANCE)


EXACT = (
    "llama-2-7b",
    "llama-3-8b",
    "mistral-7b",
    "mixtral-8x7b",
    "gpt-j-6b",
    "gemma-2-9b",
    "qwen2.5-7b",
    "falcon-180b",
    "phi-3-mini",
)


@pytest.mark.parametrize("name", EXACT)
def test_exact_counts_match_to_the_last_parameter(name: str) -> None:
    assert parameter_count(read_model(name)) == PUBLISHED[name]


@pytest.mark.parametrize(
    ("name", "billions"),
    [("mixtral-8x7b", 12.9), ("mixtral-8x22b", 39.1), ("qwen3-30b-a3b", 3.3), ("qwen3-235b-a22b", 22.2), ("deepseek-v3", 37.5)],
)
def test_active_parameters_are_the_published_ones(name: str, billions: float) -> None:
    """Mistral AI and Qwen model cards; arXiv 2412.19437 counts 37B for DeepSeek-V3."""
    assert active_parameter_count(read_model(name)) / 1e9 == pytest.approx(billions, rel=0.02)
