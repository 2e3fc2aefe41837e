"""Does a kernel with fewer events take as long as the whole one?"""

import numpy as np
import pytest

from narrowgauge.dataflows.event.coarse import BLOCKS, MOST_STEPS, fused, shortened
from narrowgauge.dataflows.event.cta import WAIT, CtaKernel, Stage
from narrowgauge.dataflows.event.lower import task_graph
from narrowgauge.dataflows.event.run import latency_us
from narrowgauge.sim import run

SMS = 4


def kernel(steps: np.ndarray, latency_us: float = 0.5) -> CtaKernel:
    stages = (
        Stage("dram", 0.02, "load"),
        Stage("l2_port", 0.3, "load"),
        Stage(WAIT, latency_us, "load"),
        Stage("tensor_core", 0.4, "multiply"),
    )
    return CtaKernel("k", steps, 2, 3, stages, epilogue=(Stage("tensor_core", 0.7, "store"),))


def whole_us(one: CtaKernel) -> float:
    return run(task_graph((one,), SMS)).makespan_ps / 1e6


def test_short_kernels_stay_as_they_are() -> None:
    one = kernel(np.full(8, float(MOST_STEPS)))
    assert fused(one) is one
    assert shortened(one, SMS) is None


@pytest.mark.parametrize("latency_us", [0.0, 5.0], ids=["work-bound", "latency-bound"])
def test_fused_steps_keep_the_time_of_a_long_loop(latency_us: float) -> None:
    one = kernel(np.full(8, 500.0), latency_us)
    assert len(task_graph((fused(one),), SMS)) < len(task_graph((one,), SMS)) / 7
    assert whole_us(fused(one)) == pytest.approx(whole_us(one), rel=0.02)


def test_rounds_left_out_are_added_back() -> None:
    one = kernel(np.full(8 * 40 + 3, 10.0))
    parts = shortened(one, SMS)
    assert parts is not None
    assert len(parts.longer.steps) == 8 * BLOCKS + 3
    assert latency_us((one,), SMS) == pytest.approx(whole_us(one), rel=0.01)


def test_a_pattern_of_unequal_ctas_is_left_out_in_whole_periods() -> None:
    steps = np.tile(np.arange(1.0, 13.0), 60)
    one = CtaKernel("k", steps, 2, 3, kernel(steps).stages, period=12)
    parts = shortened(one, SMS)
    assert parts is not None
    assert (len(parts.longer.steps) - len(parts.shorter.steps)) % 12 == 0
    assert latency_us((one,), SMS) == pytest.approx(whole_us(one), rel=0.02)
