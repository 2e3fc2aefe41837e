"""Is the SM clock read rightly from the stamps of a launch, and is it said which samples a moving clock spoils?"""

import numpy as np
import pytest

from narrowgauge.kernels.bench import Array
from narrowgauge.kernels.clocks import ClockReader, ClockSummary, discarded
from narrowgauge.kernels.records import CLOCK


def stamped(*blocks: tuple[int, int, int]) -> Array:
    """Records of blocks of (start ns, nanoseconds, cycles)."""
    records = np.zeros(len(blocks), CLOCK)
    records["start_ns"] = [start for start, _, _ in blocks]
    records["stop_ns"] = [start + length for start, length, _ in blocks]
    records["start_cycles"] = 5
    records["stop_cycles"] = [5 + cycles for _, _, cycles in blocks]
    return records


def summary(mhz: float | None, low: float | None = None, high: float | None = None) -> ClockSummary:
    return ClockSummary(1000, 1000, 1000, 1000, mhz, low or mhz, high or mhz)


def test_cycles_are_the_median_of_the_blocks_and_the_span_covers_all() -> None:
    found = ClockReader().read(stamped((0, 64_000, 100_000), (32, 64_000, 128_000), (96, 64_000, 130_000)))
    assert (found.cycles, found.cycles_min, found.cycles_max, found.span_ns) == (128_000, 100_000, 130_000, 64_096)
    assert found.mhz == pytest.approx(2000)


def test_the_clock_of_a_region_of_a_few_timer_steps_is_unknown() -> None:
    coarse = ClockReader()
    coarse.read(stamped((1024, 1024, 2000), (2048, 3072, 6000)))
    assert coarse.read(stamped((8192, 10_240, 20_000), (9216, 10_240, 20_000))).mhz is None
    fine = ClockReader()
    fine.read(stamped((1024, 1056, 2000), (2080, 3104, 6000)))
    assert fine.read(stamped((8192, 10_240, 20_480), (9216, 10_240, 20_480))).mhz == pytest.approx(2000)


def test_a_block_that_left_no_record_is_an_error() -> None:
    records = stamped((0, 64_000, 100_000), (0, 64_000, 100_000))
    records[1] = np.frombuffer(b"\xff" * CLOCK.itemsize, CLOCK)[0]
    with pytest.raises(ValueError, match="1 of 2 blocks left no clock record"):
        ClockReader().read(records)


def test_samples_off_the_usual_clock_do_not_count() -> None:
    clocks = [summary(1980), summary(1975), summary(1755), summary(1980), summary(None), None]
    assert discarded(clocks, 1980, 0.97, 0.4) == {2: "clock 1755 MHz, the point's median is 1978"}


def test_a_clock_that_moved_within_a_sample_spoils_it() -> None:
    clocks = [summary(1900, 1700, 1980), summary(1900, 1890, 1910), summary(1900)]
    assert discarded(clocks, 1980, 0.97, 0.4) == {0: "clock moved during the sample: 1700 to 1980 MHz"}


def test_steady_but_far_below_boost_is_throttled() -> None:
    assert set(discarded([summary(700)] * 3, 1980, 0.97, 0.4)) == {0, 1, 2}
