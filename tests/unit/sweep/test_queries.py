"""Do the verbs answer what they are asked, on tables whose answers are known by hand?"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgauge.errors import InputError
from narrowgauge.experiments.sweep import baseline, near_ties, pareto, pivot, sort, where


@pytest.fixture
def frame() -> pd.DataFrame:
    """Two schemes × three batches; latency and energy with intervals of ± 10 %."""
    table = pd.DataFrame(
        {
            "machine": "a100-sxm-80gb",
            "scheme": ["bf16"] * 3 + ["fp8"] * 3,
            "batch": [1, 2, 4] * 2,
            "latency_ms": [10.0, 12.0, 20.0, 9.0, 13.0, np.nan],
            "energy_per_output_token_j": [8.0, 5.0, 4.0, 8.0, 5.2, np.nan],
            "error": [""] * 5 + ["does not fit"],
        }
    )
    for name in ("latency_ms", "energy_per_output_token_j"):
        table[f"{name}_low"], table[f"{name}_high"] = 0.9 * table[name], 1.1 * table[name]
    for name in ("ttft_ms", "tpot_ms", "output_tokens_per_s", "power_w", "memory_gb"):
        table[name] = 1.0
    return table


def test_where_keeps_rows_and_looks_numbers_up(frame):
    assert where(frame, "scheme == 'fp8' and batch > 1")["batch"].tolist() == [2, 4]
    assert len(where(frame, "dram.capacity_gb == 80")) == 6
    assert len(where(frame, "error == ''")) == 5


@pytest.mark.parametrize("condition", ["batches > 1", "scheme > 'a'", "batch", "open('x')"])
def test_where_refuses_what_it_does_not_understand(frame, condition):
    with pytest.raises(InputError):
        where(frame, condition)


def test_sort_goes_both_ways_with_missing_numbers_last(frame):
    assert sort(frame, ["latency"])["latency_ms"].tolist()[:5] == [9, 10, 12, 13, 20]
    assert sort(frame, ["-latency"])["latency_ms"].tolist()[:5] == [20, 13, 12, 10, 9]
    assert sort(frame, ["-latency"])["error"].iloc[-1] == "does not fit"


def test_pivot_is_a_table_of_two_parameters(frame):
    table = pivot(frame, "batch", "scheme", "latency")
    assert table.loc[2, "fp8"] == 13 and table.loc[1, "bf16"] == 10


def test_pivot_refuses_cells_of_several_points(frame):
    twice = pd.concat([frame, frame.assign(machine="h100-sxm")])
    with pytest.raises(InputError, match=r"machine \(2 values\) varies too"):
        pivot(twice, "batch", "scheme", "latency")


def test_baseline_compares_points_that_agree_in_the_rest(frame):
    ratios = baseline(frame, "scheme == 'bf16'").set_index(["scheme", "batch"])["latency_ms_ratio"]
    assert ratios["fp8"][1] == 0.9 and ratios["fp8"][2] == 13 / 12 and (ratios["bf16"] == 1).all()
    assert np.isnan(ratios["fp8"][4])


def test_baseline_of_one_row_serves_all(frame):
    assert baseline(frame, "scheme == 'bf16' and batch == 2")["latency_ms_ratio"].tolist()[:2] == [10 / 12, 1]


def test_baseline_that_is_not_there_or_ambiguous_is_refused(frame):
    with pytest.raises(InputError, match="no row"):
        baseline(frame, "batch == 7")
    with pytest.raises(InputError, match="several rows"):
        baseline(frame, "batch < 4 and scheme == 'bf16'")


def test_front_by_hand(frame):
    front = pareto(frame, ["latency", "energy"])
    assert list(zip(front["scheme"], front["batch"], strict=True)) == [("bf16", 2), ("bf16", 4), ("fp8", 1)]


def test_near_ties_are_those_that_better_ends_would_save(frame):
    # bf16 batch 1 (9, 7.2 at its good ends) and fp8 batch 2 (11.7, 4.68) are beaten by nothing on the front
    assert near_ties(frame, ["latency", "energy"]) == 2
    assert near_ties(frame.drop(columns=[name for name in frame if name.endswith(("_low", "_high"))]), ["latency", "energy"]) == 0


def test_more_is_better_where_it_is(frame):
    frame["output_tokens_per_s"] = [1.0, 2, 3, 4, 5, np.nan]
    assert pareto(frame, ["output"])["batch"].tolist() == [2]
    assert pareto(frame, ["max:latency"])["batch"].tolist() == [4]


def test_names_may_be_shortened_but_not_guessed(frame):
    with pytest.raises(InputError, match="ambiguous, may be machine, memory_gb"):
        sort(frame, ["m"])
    with pytest.raises(InputError, match="did you mean 'latency_ms'"):
        sort(frame, ["latencyms"])
    with pytest.raises(InputError, match="holds no numbers"):
        pareto(frame, ["scheme"])


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40))
def test_a_front_is_what_nothing_beats(rows):
    frame = pd.DataFrame(rows, columns=["a", "b", "c"], dtype=float)
    points = frame.to_numpy()
    beaten = [any((q <= p).all() and (q < p).any() for q in points) for p in points]
    kept = pareto(frame.assign(place=range(len(frame))), ["a", "b", "c"])["place"]
    assert sorted(kept) == [i for i, loses in enumerate(beaten) if not loses]
