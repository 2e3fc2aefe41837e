"""When do the tasks of a small kernel start and end, worked by hand? 1 us is 1,000,000 ps."""

import numpy as np
import pytest

from narrowgauge.dataflows.event.cta import WAIT, CtaKernel, Span, Stage
from narrowgauge.dataflows.event.grid import assign
from narrowgauge.dataflows.event.lower import task_graph
from narrowgauge.sim import run

US = 1_000_000


def makespan_us(kernel: CtaKernel, sm_count: int = 1) -> float:
    return run(task_graph((kernel,), sm_count)).makespan_ps / US


def pipeline(ctas: int, steps: float, resident: int = 1, depth: int = 2, **more: object) -> CtaKernel:
    """Loads of 1 us on DRAM before products of 3 us."""
    stages = (Stage("dram", 1.0, "load"), Stage("tensor_core", 3.0, "multiply"))
    return CtaKernel("k", np.full(ctas, float(steps)), resident, depth, stages, **more)  # type: ignore[arg-type]


def test_a_step_loads_and_then_multiplies() -> None:
    assert makespan_us(pipeline(1, 1)) == 4.0


def test_the_next_load_hides_behind_the_product() -> None:
    assert makespan_us(pipeline(1, 4)) == 1.0 + 4 * 3.0


def test_a_pipeline_of_depth_one_hides_nothing() -> None:
    assert makespan_us(pipeline(1, 4, depth=1)) == 4 * 4.0


def test_half_a_step_takes_half_the_time() -> None:
    assert makespan_us(pipeline(1, 1.5)) == 1.0 + 3.0 + 1.5


def test_ctas_of_one_sm_share_its_tensor_core() -> None:
    assert makespan_us(pipeline(2, 1, resident=2)) == 1.0 + 2 * 3.0


def test_ctas_of_two_sms_share_only_dram() -> None:
    assert makespan_us(pipeline(2, 1), sm_count=2) == 2.0 + 3.0


def test_pooled_units_serve_whichever_cta_is_ready() -> None:
    """Three CTAs of two steps on two SMs: unpooled, one SM has four products to do; pooled, six products share two tensor cores,
    of which the second begins when the second load has come."""
    assert makespan_us(pipeline(3, 2, resident=2), sm_count=2) == 1.0 + 4 * 3.0
    assert makespan_us(pipeline(3, 2, resident=2, pooled=True), sm_count=2) == 2.0 + 3 * 3.0


def test_loads_run_ahead_into_the_next_cta_of_the_slot() -> None:
    assert makespan_us(pipeline(3, 1)) == 1.0 + 3 * 3.0


def test_an_epilogue_holds_the_slot_unless_it_is_posted() -> None:
    store = Stage(WAIT, 2.0, "store")
    held = pipeline(2, 1, epilogue=(store,))
    posted = pipeline(2, 1, epilogue=(Stage(WAIT, 0.0, "store"), Stage("l2", 2.0, "store", beside=True, posted=True)))
    assert makespan_us(held) == 1.0 + 2 * (3.0 + 2.0)
    assert makespan_us(posted) == 1.0 + 2 * 3.0 + 2.0


def test_a_latency_overlaps_with_as_many_steps_as_the_pipeline_is_deep_less_one() -> None:
    stages = (Stage("dram", 0.0, "load"), Stage(WAIT, 6.0, "load"), Stage("tensor_core", 1.0, "multiply"))
    kernel = CtaKernel("k", np.array([9.0]), 1, 4, stages)
    assert makespan_us(kernel) == 3 * 6.0 + 3 * 1.0


def test_serial_stages_wait_for_the_whole_step_before() -> None:
    stages = (Stage("dram", 1.0, "load"), Stage(WAIT, 2.0, "chain", serial=True), Stage("tensor_core", 3.0, "multiply"))
    assert makespan_us(CtaKernel("k", np.array([3.0]), 1, 3, stages)) == 1.0 + 3 * (2.0 + 3.0)


def test_stages_side_by_side_take_as_long_as_the_longer() -> None:
    stages = (Stage("tensor_core", 3.0, "multiply"), Stage("cuda_core", 5.0, "softmax", beside=True))
    assert makespan_us(CtaKernel("k", np.array([1.0]), 1, 1, stages)) == 5.0


def test_spans_stand_around_the_grid() -> None:
    kernel = pipeline(1, 1, before=(Span("launch", 2.0, "launch"),), after=(Span("l2", 7.0, "reduce"),))
    assert makespan_us(kernel) == 2.0 + 4.0 + 7.0


def test_kernels_run_one_after_the_other() -> None:
    assert run(task_graph((pipeline(1, 1), pipeline(1, 2)), 1)).makespan_ps == (4 + 7) * US


def test_first_ctas_go_to_different_slots_and_later_ones_to_the_first_that_is_free() -> None:
    slot, before = assign([5, 2, 2, 1], slots=2)
    assert slot.tolist() == [0, 1, 1, 1]
    assert before.tolist() == [-1, -1, 1, 2]


def test_energy_is_charged_to_the_stage_that_causes_it_and_adds_up() -> None:
    kernel = pipeline(2, 3, actions={"dram_byte": 600.0, "mac_fp16": 90.0, "smem_byte": 12.0})
    frame = run(task_graph((kernel,), 1)).frame
    assert frame["actions.dram_byte"].sum() == pytest.approx(600.0)
    assert set(frame.category[frame["actions.mac_fp16"] > 0]) == {"multiply"}
    assert frame["actions.smem_byte"].sum() == pytest.approx(12.0)
