"""Are the quantiles those of split conformal prediction, and do the intervals hold what they promise?"""

import numpy as np
import pytest

from narrowgauge.calibration import intervals
from narrowgauge.calibration.intervals import Intervals, bucket_keys


def test_bucket_is_size_class_and_decade_of_the_prediction():
    size = np.array([0, 0, 0, 1, 3])
    us = np.array([5.9, 6.0, 50.0, 50.0, 5000.0])
    assert list(bucket_keys(size, us)) == [0, 1, 3, 6 + 3, 18 + 5]


def test_quantiles_of_99_errors_are_the_95th_smallest_and_largest():
    # ceil(100 × 0.95) = 95 of 99: the 95th smallest of 1 … 99, and its mirror image
    errors = np.arange(1.0, 100.0)
    low, high = intervals._quantiles(np.random.default_rng(0).permutation(errors))
    assert high == pytest.approx(np.quantile(errors, 95 / 99))
    assert 95 <= high <= 96 and 4 <= low <= 5
    assert low + high == pytest.approx(100)


def test_few_errors_give_their_extremes():
    # ceil(11 × 0.95) = 11 > 10: no ten errors can promise 95 %, the widest that they know is the best
    assert intervals._quantiles(np.arange(10.0)) == (0.0, 9.0)


def test_buckets_with_few_rows_fall_back_to_all_rows():
    keys = np.repeat([1, 2], [intervals.ENOUGH, intervals.ENOUGH - 1])
    errors = np.concatenate([np.full(intervals.ENOUGH, 0.1), np.full(intervals.ENOUGH - 1, 0.3)])
    made = Intervals.from_errors(keys, errors)
    assert set(made.buckets) == {1}
    _, high = made.around(np.full(3, 100.0), np.array([1, 2, 77]))
    assert high == pytest.approx(100 * np.exp([0.1, 0.3, 0.3]))


def test_a_biased_bucket_still_holds_its_prediction():
    made = Intervals((-0.1, 0.1), {0: (0.05, 0.2), 1: (-0.2, -0.05)})
    low, high = made.around(np.full(2, 10.0), np.array([0, 1]))
    assert low[0] == 10 and high[1] == 10
    assert high[0] > 10 and low[1] < 10


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", ["normal", "skewed", "heavy"])
def test_coverage_of_rows_from_the_same_law_is_nominal(seed, shape):
    rng = np.random.default_rng(seed)
    draw = {
        "normal": rng.normal,
        "skewed": lambda size: rng.exponential(size=size) - 0.7,
        "heavy": lambda size: rng.standard_t(3, size),
    }

    def sample(rows):
        keys = rng.integers(0, 3, rows)
        return keys, draw[shape](size=rows) * np.array([0.01, 0.05, 0.3])[keys]

    made = Intervals.from_errors(*sample(6000))
    keys, errors = sample(6000)
    low, high = made.around(np.ones(6000), keys)
    inside = (np.exp(errors) >= low) & (np.exp(errors) <= high)
    for key in range(3):
        assert 0.87 <= inside[keys == key].mean() <= 0.93


def test_survives_json():
    made = Intervals((-0.12345678, 0.1), {3: (-0.2, 0.30004)})
    again = Intervals.from_json(made.to_json())
    assert again.overall == (-0.1235, 0.1)
    assert again.buckets == {3: (-0.2, 0.3)}


@pytest.mark.parametrize("seed", range(4))
def test_new_groups_of_shapes_are_covered_too(seed):
    """Rows of a group err alike: quantiles of known groups alone would promise too much of new ones."""
    rng = np.random.default_rng(seed)

    def sample(groups):
        shift = rng.normal(0, 0.05, groups)
        group = np.repeat(np.arange(groups), 40)
        return group, shift[group] + rng.normal(0, 0.01, len(group))

    group, errors = sample(500)
    keys = np.zeros(len(errors), int)
    made = Intervals.from_folds(keys, errors, group % 5)
    assert made.buckets[0][1] >= Intervals.from_errors(keys, errors).buckets[0][1]
    _, fresh = sample(2000)
    low, high = made.around(np.ones(len(fresh)), np.zeros(len(fresh), int))
    assert np.mean((np.exp(fresh) >= low) & (np.exp(fresh) <= high)) > 0.87
