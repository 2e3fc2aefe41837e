import pytest

from narrowgauge.archmodels.units.systolic import Stationary, SystolicArray
from narrowgauge.errors import InputError


def test_a_single_cell_multiplies_one_pair_per_cycle() -> None:
    assert SystolicArray(1, 1, Stationary.OUTPUT).compute_cycles(2, 3, 5) == 2 * 3 * 5


def test_a_partly_used_array_takes_as_long_as_a_full_one() -> None:
    array = SystolicArray(16, 8, Stationary.WEIGHT)
    assert array.compute_cycles(10, 1, 1) == array.compute_cycles(10, 8, 16) == 16 + 10 + 16 + 8 - 2
    assert array.utilization(10, 1, 1) == pytest.approx(array.utilization(10, 8, 16) / 128)


def test_one_more_row_than_the_array_has_is_another_fold() -> None:
    array = SystolicArray(16, 8, Stationary.WEIGHT)
    assert array.folds(5, 8, 17) == 2


def test_inputs_and_weights_change_places() -> None:
    weight, at_rest = (SystolicArray(16, 8, kind) for kind in (Stationary.WEIGHT, Stationary.INPUT))
    assert weight.compute_cycles(30, 20, 40) == at_rest.compute_cycles(20, 30, 40)


def test_all_impossible_sizes_are_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        SystolicArray(16, 8, Stationary.WEIGHT).folds(0, 4, -1)
    assert [problem.where for problem in caught.value.problems] == ["m", "k"]
    with pytest.raises(InputError, match=r"array\.columns"):
        SystolicArray(16, 0, Stationary.WEIGHT)
