"""What must hold for every reproduced paper."""

from __future__ import annotations

from dataclasses import is_dataclass

import pytest

from narrowgauge.experiments.reproduction import experiment_names, load_experiment


@pytest.fixture(params=experiment_names())
def loaded(request):
    return load_experiment(request.param)


def test_name_and_files_agree(loaded):
    experiment, paper = loaded
    assert experiment.name in experiment_names()
    assert paper.title and paper.source and paper.tables


def test_a_case_is_frozen_and_hashable_and_its_options_are_explained(loaded):
    experiment, _ = loaded
    case = experiment.make_case()
    assert is_dataclass(case) and hash(case) == hash(experiment.make_case())
    assert all(option.meaning and option.meaning != option.name for option in experiment.options.values())


def test_every_measure_is_explained_and_published_somewhere(loaded):
    experiment, paper = loaded
    published = {measure for table in paper.tables for _, figures in table.rows for measure in figures}
    assert published <= set(experiment.measures)
    assert all(measure.unit and measure.meaning for measure in experiment.measures.values())


def test_a_prediction_is_pure_and_names_declared_measures(loaded):
    experiment, paper = loaded
    case = next(case for table in paper.tables for case, figures in table.rows if "refused" not in figures.values())
    first = experiment.predict(case)
    assert first == experiment.predict(case)
    assert set(first) <= set(experiment.measures)
