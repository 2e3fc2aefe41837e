"""What the tests of the DRAM model share."""

import pytest

from narrowgauge.sim.dram import load_standard, standard_names


@pytest.fixture(params=standard_names())
def standard(request: pytest.FixtureRequest):
    return load_standard(request.param)
