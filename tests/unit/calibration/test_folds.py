"""Do rows that know each other's answer stay together, in every run?"""

import numpy as np
import pytest

from narrowgauge.calibration.fitting import FOLDS, Measured, folds_of, mape
from narrowgauge.dataflows.catalogue import FAMILIES

GEMM = FAMILIES["gemm"]


def table(rng, rows, groups):
    pairs = rng.integers(1, 300, (groups, 2)) * 64
    chosen = rng.integers(0, groups, rows)
    return {"m": rng.integers(1, 5000, rows), "n": pairs[chosen, 0], "k": pairs[chosen, 1]}


@pytest.fixture
def columns():
    return table(np.random.default_rng(3), 4000, 200)


def test_a_group_has_one_fold(columns):
    seen = {}
    for n, k, fold in zip(columns["n"], columns["k"], folds_of(GEMM, columns), strict=True):
        assert seen.setdefault((n, k), fold) == fold


def test_groups_are_dealt_out_evenly(columns):
    groups = np.unique(np.stack([columns["n"], columns["k"], folds_of(GEMM, columns)]), axis=1)
    counts = np.bincount(groups[2], minlength=FOLDS)
    assert len(counts) == FOLDS and counts.max() - counts.min() <= 1


def test_folds_do_not_depend_on_the_order_of_rows(columns):
    turned = folds_of(GEMM, {name: column[::-1] for name, column in columns.items()})
    assert np.array_equal(turned[::-1], folds_of(GEMM, columns))


def test_folds_do_not_depend_on_the_type_of_the_columns(columns):
    floats = {name: column.astype(float) for name, column in columns.items()}
    assert np.array_equal(folds_of(GEMM, floats), folds_of(GEMM, columns))


def test_one_width_is_split_by_octaves():
    m = np.arange(1, 5000)
    folds = folds_of(GEMM, {"m": m, "n": np.full(len(m), 4096), "k": np.full(len(m), 4096)})
    octave = np.floor(np.log2(1 + m))
    assert set(folds) == set(range(FOLDS))
    assert all(len(set(folds[octave == o])) == 1 for o in np.unique(octave))


def test_rows_are_taken_with_their_resolution():
    data = Measured({"m": np.array([1.0, 2.0, 3.0])}, np.array([10.0, 20.0, 30.0]), np.array([0, 1, 0]), 1.024)
    columns, latency, step = data.take(data.fold == 0)
    assert list(columns["m"]) == [1, 3] and list(latency) == [10, 30] and step == 1.024


def test_mean_absolute_percentage_error_is_relative_to_the_measurement():
    assert mape(np.array([90.0, 220.0]), np.array([100.0, 200.0])) == pytest.approx(0.10)
