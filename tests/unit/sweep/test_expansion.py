"""Which points does a sweep have?"""

import numpy as np
import pytest

from narrowgauge.errors import InputError
from narrowgauge.experiments.sweep.document import read_sweep
from narrowgauge.experiments.sweep.expansion import count, expand


def points(**sections):
    return expand(read_sweep({"model": "gpt2", "machine": "a100-sxm-80gb", **sections}))


def test_a_grid_has_all_combinations_once():
    frame = points(batch=[1, 2, 4], input=[10, 20], override={"dram.bandwidth_gb_per_s": [1000, 2000]})
    assert len(frame) == 12 and not frame.duplicated().any()
    assert frame["batch"].value_counts().to_dict() == {1: 4, 2: 4, 4: 4}


def test_neighbours_differ_in_numbers_of_the_machine_first():
    frame = points(batch=[1, 2], override={"dram.bandwidth_gb_per_s": [1000, 2000], "chip.sm_count": [50, 60]})
    assert frame["dram.bandwidth_gb_per_s"].tolist() == [1000, 2000] * 4
    assert frame["chip.sm_count"].tolist() == [50] * 4 + [60] * 4


def test_constraints_leave_points_out():
    frame = points(batch=[1, 2, 4], input=[10, 20], where=["batch * input < 50", "dram.capacity_gb > 79"])
    assert sorted(zip(frame["batch"], frame["input"], strict=True)) == [(1, 10), (1, 20), (2, 10), (2, 20), (4, 10)]


def test_a_constraint_may_use_a_derived_column():
    frame = points(batch=[1, 2, 4], columns={"tokens": "batch * input"}, where="tokens > 2048")
    assert frame["batch"].tolist() == [4]
    assert "tokens" not in frame


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (["batch > 1", "batch < 2", "input > 0"], "'batch > 1' and 'batch < 2' exclude all 3 points"),
        (["batch > 100", "input > 0"], "'batch > 100' excludes all 3 points"),
        (["machine == 'h100-sxm'"], "excludes all 3 points"),
    ],
)
def test_contradictory_constraints_are_named(where, words):
    with pytest.raises(InputError, match=words):
        points(batch=[1, 2, 4], where=where)


@pytest.mark.parametrize("method", ["random", "latin_hypercube"])
def test_samples_repeat_with_their_seed(method):
    def draw(seed):
        return points(
            batch={"log": [1, 512]},
            scheme=["bf16", "w4a16-g128"],
            override={"dram.bandwidth_gb_per_s": {"linear": [1000, 9000]}},
            sample={method: 64, "seed": seed},
        )

    one, same, other = draw(3), draw(3), draw(4)
    assert one.equals(same) and not one.equals(other)
    assert len(one) == 64 and (one["batch"] % 1 == 0).all() and one["batch"].between(1, 512).all()
    assert set(one["scheme"]) == {"bf16", "w4a16-g128"}


def test_a_latin_hypercube_has_one_point_in_every_stratum():
    bandwidth = points(override={"dram.bandwidth_gb_per_s": {"linear": [1000, 9000]}}, sample={"latin_hypercube": 80})
    strata = np.floor((bandwidth["dram.bandwidth_gb_per_s"] - 1000) / 100)
    assert sorted(strata) == list(range(80))


def test_a_sweep_too_large_is_refused_with_size_time_and_a_way_out():
    sections = {"batch": {"range": [1, 100_000]}, "input": {"range": [1, 10_000]}}
    assert count(read_sweep({"model": "gpt2", "machine": "a100-sxm-80gb", **sections})) == 10**9
    with pytest.raises(InputError, match=r"1,000,000,000 points \(batch 100000 × input 10000\).*days.*latin_hypercube"):
        points(**sections)
