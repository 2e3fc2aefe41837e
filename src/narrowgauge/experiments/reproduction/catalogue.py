"""The papers: one module and one YAML file each in `experiments.reproduce`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path

from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.experiments.reproduction.contract import Experiment
from narrowgauge.experiments.reproduction.published import Paper, read_published
from narrowgauge.registry import canonical

PACKAGE = "narrowgauge.experiments.reproduce"
SUFFIX = ".yaml"


@cache
def experiment_names() -> tuple[str, ...]:
    """Names of the papers that are reproduced."""
    found = (item.name for item in files(PACKAGE).iterdir() if item.name.endswith(SUFFIX))
    return tuple(sorted(canonical(name.removesuffix(SUFFIX)) for name in found))


def load_experiment(name: str) -> tuple[Experiment, Paper]:
    """The experiment of a paper and what the paper published; raises InputError that names the nearest name."""
    key = canonical(name)
    if key not in experiment_names():
        raise InputError([Problem("", f"unknown experiment '{name}'; {nearest(key, experiment_names())}")])
    stem = key.replace("-", "_")
    experiment: Experiment = import_module(f"{PACKAGE}.{stem}").EXPERIMENT
    return experiment, read_published(experiment, Path(str(files(PACKAGE).joinpath(stem + SUFFIX))))
