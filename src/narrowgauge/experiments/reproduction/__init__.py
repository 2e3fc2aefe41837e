"""Published results of the field's papers out of the models that everything else uses.

rows = reproduce("bitmod")                          # published beside predicted
rows = reproduce("bitmod", model="yi-6b")           # beyond what was published
"""

from narrowgauge.experiments.reproduction.catalogue import experiment_names, load_experiment
from narrowgauge.experiments.reproduction.compare import Row, compare
from narrowgauge.experiments.reproduction.contract import Experiment, Measure, Option, Tag, Value
from narrowgauge.experiments.reproduction.published import Paper, Table

__all__ = [
    "Experiment",
    "Measure",
    "Option",
    "Paper",
    "Row",
    "Table",
    "Tag",
    "compare",
    "experiment_names",
    "load_experiment",
    "reproduce",
]


def reproduce(name: str, **options: Value) -> list[Row]:
    """Published and predicted figures of a paper; `options` replace values of its configurations.

    Raises InputError for an unknown paper, option or value."""
    experiment, paper = load_experiment(name)
    return compare(experiment, paper, **options)
