"""Is a point measured as the discipline wants, and does whatever goes wrong end in a record with its reason?"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from paper_gpu import IDLE_W, LOAD_W, PaperGpu, Scale

from narrowgauge.kernels.backend import DeviceLostError
from narrowgauge.kernels.bench import Timing
from narrowgauge.kernels.discipline import SUITES, StoppingRule
from narrowgauge.kernels.runner import Runner
from narrowgauge.measurements import PointRecord

pytestmark = pytest.mark.usefixtures("paper_sources")
POINT = {"n": 256, "data": "random"}


def measured(gpu: PaperGpu, bench: Scale | None = None, suite: str = "quick") -> PointRecord:
    runner = Runner(gpu, gpu, SUITES[suite], now=gpu.now, sleep=gpu.sleep)
    return runner.measure(bench or Scale(), POINT, "hash")


def test_a_record_says_what_was_launched_and_what_came_of_it() -> None:
    record = measured(PaperGpu())
    assert (record.bench, record.axes, record.entry, record.architecture) == ("scale", POINT, "scale", "sm90")
    assert record.cycles is not None and record.cycles.median == pytest.approx(40_000, rel=1e-3)
    assert record.clock_mhz is not None and record.clock_mhz.median == pytest.approx(2000, rel=2e-3)
    assert record.elapsed_us is not None and record.elapsed_us.median == pytest.approx(20, rel=1e-3)
    assert record.check is not None and record.check.ok
    assert record.work == {"bytes": 2048}
    assert record.registers and record.trusted


def test_quiet_samples_stop_at_the_floor() -> None:
    record = measured(PaperGpu())
    assert (len(record.samples.cycles), record.stopped_by) == (SUITES["quick"].stopping.floor, "noise")


def test_outputs_are_poisoned_before_every_timed_launch() -> None:
    gpu = PaperGpu()
    record = measured(gpu)
    timed = [event for event in gpu.events if event != "clock_probe"][SUITES["quick"].warmup_launches :]
    assert timed == ["poison", "poison", "scale"] * len(record.samples.cycles)  # the output and the clock records


def test_cold_launches_find_the_l2_flushed() -> None:
    gpu = PaperGpu()
    measured(gpu, Scale(Timing.COLD))
    places = [i for i, event in enumerate(gpu.events) if event == "scale"][SUITES["quick"].warmup_launches :]
    assert places and all(gpu.events[i - 1] == "flush" for i in places)


@pytest.mark.parametrize("timing", [Timing.BATCHED, Timing.GRAPH])
def test_batches_rotate_through_more_than_twice_the_l2(timing: Timing) -> None:
    seen: set[int] = set()

    def spy(grid: int, x, out, *rest) -> None:
        seen.add(id(x))
        out.data[:] = (2 * x.data.view(np.float32)).view(np.uint8)

    record = measured(PaperGpu(kernel=spy), Scale(timing))
    assert len(seen) * 1024 > 2 * 4096
    assert record.elapsed_us is not None and record.elapsed_us.median == pytest.approx(20, rel=1e-3)


@pytest.mark.parametrize("timing", list(Timing))
def test_everything_is_given_back(timing: Timing) -> None:
    gpu = PaperGpu()
    runner = Runner(gpu, gpu, SUITES["quick"], now=gpu.now, sleep=gpu.sleep)
    before = gpu.live
    assert runner.measure(Scale(timing), POINT, "hash").trusted
    assert gpu.live == before


def test_a_power_point_reads_energy_over_its_window_and_idle_power_around_it() -> None:
    record = measured(PaperGpu(), Scale(Timing.POWER))
    assert record.power is not None
    assert record.power.seconds >= SUITES["quick"].power_s
    assert record.power.power_w == pytest.approx(LOAD_W, rel=1e-3)
    assert record.power.idle_before_w == pytest.approx(IDLE_W)
    assert record.power.idle_after_w == pytest.approx(IDLE_W)
    assert record.power.launches == pytest.approx(record.power.seconds / 20e-6, rel=0.01)


def test_without_an_energy_counter_a_power_point_is_skipped_with_the_boards_words() -> None:
    record = measured(PaperGpu(energy_counter=False), Scale(Timing.POWER))
    assert record.skipped == "no energy counter: Not Supported"


def throttles(at: int, to: float) -> Callable[[int], float]:
    return lambda launch: to if launch == at else 2000.0


def test_a_sample_at_a_lower_clock_is_kept_in_the_file_and_does_not_count() -> None:
    first = SUITES["quick"].warmup_launches
    record = measured(PaperGpu(clock_mhz=throttles(first + 1, 1500)))
    assert record.samples.discarded == {1: "clock 1500 MHz, the point's median is 2000"}
    assert len(record.samples.cycles) == SUITES["quick"].stopping.floor + 1


def test_a_throttled_sample_is_named_so() -> None:
    record = measured(PaperGpu(clock_mhz=throttles(SUITES["quick"].warmup_launches, 600)))
    assert record.samples.discarded == {0: "throttled: 600 MHz of 2000"}


def test_a_clock_that_never_rests_fails_the_point_with_what_was_seen() -> None:
    rng = np.random.default_rng(0)
    record = measured(PaperGpu(clock_mhz=lambda launch: float(rng.uniform(300, 790))))
    assert record.failed is not None and record.failed.startswith("no steady clock: 30 of 30 samples do not count")
    assert "MHz of 2000" in record.failed


def test_a_wrong_result_is_recorded_and_not_trusted() -> None:
    def wrong(grid: int, x, out, *rest) -> None:
        out.data[:] = (3 * x.data.view(np.float32)).view(np.uint8)

    record = measured(PaperGpu(kernel=wrong))
    assert record.check is not None and not record.check.ok and not record.trusted


def test_a_kernel_that_writes_nothing_leaves_poison_and_no_number() -> None:
    record = measured(PaperGpu(kernel=lambda *arguments: None))
    assert record.check is not None and record.check.error is None and not record.check.ok


def test_a_point_that_the_bench_refuses_is_skipped_with_its_reason() -> None:
    assert measured(PaperGpu(), Scale(refused=256)).skipped == "this size is not asked here"


def test_out_of_memory_is_skipped_with_the_demand() -> None:
    gpu = PaperGpu(free=200)
    assert measured(gpu).skipped == "out of memory: the point takes 2,208 bytes, 200 are free"


def test_a_refused_launch_fails_with_the_drivers_words() -> None:
    assert measured(PaperGpu(refuses=True)).failed == "cuFuncSetAttribute: invalid argument (error 1)"


def test_arguments_that_the_kernel_does_not_take_are_never_launched() -> None:
    gpu = PaperGpu()
    record = measured(gpu, Scale(arguments=("x", "out")))
    assert record.failed == "arguments of [8, 8, 4] bytes, the kernel takes [8, 8, 8, 4]"
    assert gpu.launches == 0


def test_a_kernel_without_clock_records_leaves_no_cycles_and_a_probed_clock() -> None:
    untimed = Scale(Timing.COLD, entry="scale_untimed", arguments=("x", "out"))
    record = measured(PaperGpu(clock_mhz=lambda n: 1700.0), untimed)
    assert record.cycles is None and record.trusted
    assert record.clock_mhz is not None and record.clock_mhz.median == pytest.approx(1700, rel=2e-3)


def test_a_lost_device_is_not_hidden() -> None:
    with pytest.raises(DeviceLostError, match="illegal memory access"):
        measured(PaperGpu(lost_at=3))


def test_operands_of_a_point_are_the_same_in_every_campaign() -> None:
    seen: list[bytes] = []

    def spy(grid: int, x, out, *rest) -> None:
        seen.append(x.data.tobytes())
        out.data[:] = (2 * x.data.view(np.float32)).view(np.uint8)

    measured(PaperGpu(kernel=spy))
    measured(PaperGpu(kernel=spy))
    assert len(set(seen)) == 1


RULE = StoppingRule(noise=0.005, floor=5, cap=20, cap_s=1.0)


@pytest.mark.parametrize(
    ("kept", "taken", "seconds", "reason"),
    [
        ([100.0] * 4, 4, 0.1, None),
        ([100.0] * 5, 5, 0.1, "noise"),
        ([90.0, 110.0] * 5, 10, 0.1, None),
        ([90.0, 110.0] * 5, 20, 0.1, "count"),
        ([100.0] * 3, 3, 1.1, "time"),
        ([100.0] * 2, 2, 1.1, None),
        ([], 2, 1.1, None),
        ([], 20, 0.1, "count"),
    ],
)
def test_the_stopping_rule(kept: list[float], taken: int, seconds: float, reason: str | None) -> None:
    assert RULE.reason(kept, taken, seconds) == reason


def test_the_suites_differ_in_patience_alone() -> None:
    quick, full = SUITES["quick"], SUITES["full"]
    assert quick.stopping.noise == full.stopping.noise
    assert replace(quick, stopping=full.stopping).clock_share == full.clock_share
    assert (quick.stopping.cap_s, quick.power_s) < (full.stopping.cap_s, full.power_s)
