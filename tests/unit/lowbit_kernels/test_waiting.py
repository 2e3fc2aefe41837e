"""Steps of kernels that copy nothing ahead: CTAs that wait and work in turn."""

import pytest

from narrowgauge.dataflows.gemm_search import TileTerms, _waiting_cycles

LATENCY, MULTIPLY, CONVERT = 600.0, 50.0, 200.0
TILE = TileTerms(
    step_bytes=0.0,
    resident=8.0,
    stages=1.0,
    multiply=MULTIPLY,
    convert=CONVERT,
    latency=LATENCY + MULTIPLY + CONVERT,
    finish=0.0,
    even=0.0,
)


def test_a_cta_alone_waits_and_then_works() -> None:
    assert _waiting_cycles(1.0, TILE) == pytest.approx(LATENCY + MULTIPLY + CONVERT)


def test_many_ctas_are_bound_by_the_busier_resource() -> None:
    assert _waiting_cycles(1000.0, TILE) == pytest.approx(1000.0 * CONVERT, rel=0.01)


def test_sharing_an_sm_costs_more_than_either_bound() -> None:
    for ctas in range(2, 20):
        bound = max(TILE.latency, ctas * CONVERT)
        assert bound < _waiting_cycles(float(ctas), TILE) < TILE.latency + (ctas - 1) * CONVERT
