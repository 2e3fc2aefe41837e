"""Do tile pipelines take as long as one works out by hand, and is what cannot be a pipeline refused?"""

from fractions import Fraction

import numpy as np
import pytest

from narrowgauge.errors import InputError
from narrowgauge.sim.pipeline import TilePipeline, makespans_ps


def test_the_slowest_stage_sets_the_pace():
    """First tile 2 + 5 + 1, then one every 5."""
    pipeline = TilePipeline(100, [2, 5, 1], [1, 1, 1], [2, 2], ["load", "mma", "store"])
    assert pipeline.makespan_ps() == 8 + 99 * 5
    assert (pipeline.period_ps, pipeline.limited_by) == (5, "mma")


def test_a_single_place_couples_two_stages():
    """Without double buffering load and multiply take turns: one tile every 2 + 5."""
    pipeline = TilePipeline(100, [2, 5], [1, 1], [1], ["load", "mma"])
    assert pipeline.makespan_ps() == 100 * 7
    assert (pipeline.period_ps, pipeline.limited_by) == (7, "load->mma")


def test_two_units_take_turns():
    """Tiles 0 and 1 at once, then 2 and 3."""
    pipeline = TilePipeline(4, [4], [2], [])
    start, end = pipeline.events()
    assert (start.ravel().tolist(), end.ravel().tolist()) == ([0, 0, 4, 4], [4, 4, 8, 8])
    assert pipeline.period_ps == 2


def test_a_period_may_be_a_fraction():
    """Three places for 2 + 5: three tiles every 7, less than the slower unit's 5 / 3."""
    pipeline = TilePipeline(10, [2, 5], [3, 3], [3])
    assert pipeline.period_ps == Fraction(7, 3)


def test_the_period_is_what_a_long_run_takes_per_tile():
    shape = ([3, 7, 2], [2, 3, 1], [2, 3])
    periods = 6000
    longer, shorter = (TilePipeline(tiles, *shape).makespan_ps() for tiles in (2 * periods, periods))
    assert Fraction(longer - shorter, periods) == TilePipeline(1, *shape).period_ps


def test_as_many_tiles_as_there_are_take_no_longer_to_compute():
    assert TilePipeline(2**31, [2, 5, 1], [1, 2, 1], [3, 1]).makespan_ps() == 8 + 6 * (2**31 - 1)


def test_many_design_points_at_once():
    durations = np.array([[2, 5], [2, 5], [2, 5]])
    units = np.array([[1, 1], [1, 1], [1, 2]])
    slots = np.array([[2], [1], [4]])
    assert makespans_ps(10, durations, units, slots).tolist() == [2 + 50, 70, 2 + 2 * 1 + 5 * 5 + 0]


def test_one_stage_has_no_buffers():
    assert makespans_ps(3, np.array([[4]]), np.array([[1]]), np.zeros((1, 0), dtype=np.int64)).tolist() == [12]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((0, [1], [1], []), "tiles: given 0"),
        ((2, [[1, 2]], [1, 1], [1]), r"durations_ps: has shape \(1, 2\); allowed: \(stages,\) or \(2, stages\)"),
        (
            (2, [1, 2], [1], [1, 1]),
            "units: has 1 entries; allowed: 2 for 2 stages\nslots: has 2 entries; allowed: 1 for 2 stages",
        ),
        (
            (2, [1, -2], [0, 1], [0]),
            "durations_ps: given int64 down to -2.*\nunits: given int64 down to 0.*\nslots: .* down to 0",
        ),
        ((2, [1.5, 2.0], [1, 1], [1]), "durations_ps: given float64"),
        ((2**31, [2**40], [1], []), "tiles × stages × the longest is"),
        ((2, [1, 2], [1, 1], [1], ["a", "a"]), "names: given a, a; allowed: 2 different names"),
    ],
)
def test_what_is_no_pipeline_is_told(arguments, told):
    with pytest.raises(InputError, match=told):
        TilePipeline(*arguments)


def test_design_points_that_do_not_fit_together_are_told():
    with pytest.raises(InputError, match=r"allowed: .points, stages. or .points, tiles, stages."):
        makespans_ps(10, np.ones((3, 2), dtype=np.int64), np.ones((2, 2), dtype=np.int64), np.ones((3, 1), dtype=np.int64))
