"""Does the systolic array take as many compute cycles as SCALE-Sim v2 reports? It numbers cycles from 0, so one more."""

import pytest

from narrowgauge.archmodels.units.systolic import Stationary, SystolicArray

#: m = n = k, array side, reported cycles (runs of SCALE-Sim v2)
PUBLISHED = (
    (64, 16, Stationary.OUTPUT, 1503),
    (64, 16, Stationary.WEIGHT, 1759),
    (64, 16, Stationary.INPUT, 1759),
    (1024, 128, Stationary.WEIGHT, 89_983),
)


@pytest.mark.parametrize(("size", "side", "stationary", "reported"), PUBLISHED)
def test_compute_cycles(size: int, side: int, stationary: Stationary, reported: int) -> None:
    assert SystolicArray(side, side, stationary).compute_cycles(size, size, size) == reported + 1
