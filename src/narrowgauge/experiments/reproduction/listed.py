"""Options that hold several values: paper figures are often means over a list."""

from __future__ import annotations

from narrowgauge.errors import InputError, Problem
from narrowgauge.experiments.reproduction.contract import BOUNDS
from narrowgauge.workloads import ModelConfig, read_model


def numbers_of(option: str, text: str) -> tuple[int, ...]:
    """The whole numbers of a text, separated by spaces or commas; raises InputError where one is none."""
    words = text.replace(",", " ").split()
    if not words or not all(word.isdecimal() and 1 <= int(word) <= BOUNDS[int].most for word in words):
        what = f"given {text!r}, write whole numbers from 1 to {BOUNDS[int].most}, separated by spaces or commas"
        raise InputError([Problem(option, what)])
    return tuple(map(int, words))


def models_of(option: str, text: str) -> tuple[ModelConfig, ...]:
    """The models of a text, cards or config.json files with commas between them; raises InputError where there is none."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise InputError([Problem(option, f"given {text!r}, write model cards or config.json files with commas between them")])
    return tuple(read_model(name) for name in names)
