"""Can every kernel family be run by events, and does the graph account for what the closed form counts?"""

import numpy as np
import pytest

from narrowgauge.archmodels import load_machine
from narrowgauge.calibration.basis import basis_of
from narrowgauge.dataflows.catalogue import FAMILIES
from narrowgauge.dataflows.event.lower import task_graph
from narrowgauge.dataflows.event.run import LOWERINGS, event_us, kernels_of
from narrowgauge.dataflows.family import Variant
from narrowgauge.sim import run

HEADS = {"num_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "window_size": 0}
SMALL = {
    "gemm": ("bf16", {"m": 32, "n": 2048, "k": 1024}),
    "attention-prefill": ("bf16", HEADS | {"batch_size": 1, "isl": 300, "step": 0}),
    "attention-decode": ("bf16", HEADS | {"batch_size": 4, "isl": 1, "step": 500}),
    "elementwise": ("rmsnorm", {"rows": 64, "width": 4096, "second_width": 0}),
    "all-reduce": ("fp16", {"bytes": 1 << 20, "ranks": 4}),
    "all-gather": ("fp16", {"bytes": 1 << 20, "ranks": 4}),
}


@pytest.fixture(scope="module")
def h100():
    return load_machine("h100-sxm")


def one(family: str, h100):
    precision, row = SMALL[family]
    basis = basis_of(family, Variant(precision, "vllm"), h100)
    rows = {name: np.array([float(value)]) for name, value in row.items()}
    return rows, basis.variant, h100.resources, basis.parameters


def test_every_family_has_a_lowering() -> None:
    assert set(LOWERINGS) == set(FAMILIES) == set(SMALL)


@pytest.mark.parametrize("family", SMALL)
def test_events_are_never_faster_than_the_roofline(family: str, h100) -> None:
    rows, variant, gpu, params = one(family, h100)
    assert event_us(family, rows, variant, gpu, params)[0] >= FAMILIES[family].roofline_us(rows, variant, gpu)[0]


@pytest.mark.parametrize("family", SMALL)
def test_tasks_carry_all_actions_of_the_kernel(family: str, h100) -> None:
    rows, variant, gpu, params = one(family, h100)
    actions = FAMILIES[family].cost(rows, variant, gpu, params).actions
    frame = run(task_graph(kernels_of(family, rows, variant, gpu, params), gpu.sm_count)).frame
    assert {name: frame[f"actions.{name}"].sum() for name in actions} == pytest.approx(
        {name: float(count[0]) for name, count in actions.items()}
    )


@pytest.mark.parametrize("family", SMALL)
def test_units_are_never_busier_than_the_kernel_is_long(family: str, h100) -> None:
    rows, variant, gpu, params = one(family, h100)
    schedule = run(task_graph(kernels_of(family, rows, variant, gpu, params), gpu.sm_count))
    capacity = {unit.name: unit.capacity for unit in schedule.table.units}
    assert all(busy <= capacity[name] * schedule.makespan_ps for name, busy in schedule.busy_ps().items())
