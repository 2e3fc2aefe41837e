"""Does every PIM machine keep the contract: sources for its numbers, a price or a refusal with a reason for every kind of kernel,
prices that do not depend on what was asked before, no price that falls where the work grows?"""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from narrowgauge.archmodels import PimMachine, describe, load_machine, pim_names
from narrowgauge.archmodels.pim import DecodeAttention, Gemv, Task, service
from narrowgauge.experiments.fidelity import Fidelity
from narrowgauge.experiments.price import RESULTS, price_table
from narrowgauge.experiments.price_rows import ERROR
from narrowgauge.provenance import Kind

NAMES = {"hbm2-pim", "attacc-bank", "attacc-bankgroup", "attacc-buffer", "gddr6-aim", "neupims"}

GEMV = Gemv(outputs=4096, inputs=2048, vectors=1, number_format="fp16")
ATTENTION = DecodeAttention(batch=4, heads=16, kv_heads=4, head_dim=128, tokens=1000, number_format="fp16")
GROWTH = {
    GEMV: ({"outputs": 8192}, {"inputs": 4096}, {"vectors": 2}, {"vectors": 40}),
    ATTENTION: (
        {"batch": 64},
        {"heads": 32},
        {"kv_heads": 16, "heads": 64},
        {"head_dim": 256},
        {"tokens": 2000},
        {"tokens": 50_000},
    ),
}
#: a row of each kind of kernel
ROWS = pd.DataFrame(
    {
        "op": ["gemm", "gemm", "gemm", "decode", "decode", "prefill", "add"],
        "m": [1, 3, 1, None, None, None, None],
        "n": [4096, 1000, 4096, None, None, None, None],
        "k": [1024, 70, 4096, None, None, None, None],
        "scheme": [None, "fp16", "fp8", None, None, None, None],
        "batch_size": [None, None, None, 1, 3, 1, None],
        "isl": [None, None, None, 1, 1, 128, None],
        "step": [None, None, None, 1023, 700, 0, None],
        "num_heads": [None, None, None, 1, 32, 8, None],
        "num_key_value_heads": [None, None, None, 1, 8, 8, None],
        "head_dim": [None, None, None, 128, 128, 128, None],
        "num_tokens": [None] * 6 + [8],
        "n_embd": [None] * 6 + [4096],
    }
)


@pytest.fixture(params=pim_names())
def machine(request: pytest.FixtureRequest) -> PimMachine:
    found = load_machine(request.param)
    assert isinstance(found, PimMachine)
    return found


def tasks(machine: PimMachine) -> list[Task]:
    return [task for task, program in ((GEMV, machine.gemv), (ATTENTION, machine.attention)) if program is not None]


def test_promised_names_ship() -> None:
    assert set(pim_names()) >= NAMES


def test_every_number_has_a_source_a_kind_and_where_nobody_measured_it_a_note(machine: PimMachine) -> None:
    rows = describe(machine).rows
    assert {row.path.split(".")[0] for row in rows} >= {"channels", "formats", "interval", "rate", "timing", "organisation"}
    for row in rows:
        assert row.unit and len(row.source) > 10, row.path
        assert row.kind in tuple(Kind), row.path
    for path, quantity in machine.quantities.items():
        assert quantity.note or not quantity.kind.unmeasured, path


def test_what_is_not_counted_is_said(machine: PimMachine) -> None:
    assert len(describe(machine).texts["left_out"]) > 40


def test_each_row_is_priced_or_refused_with_a_reason(machine: PimMachine) -> None:
    priced = price_table(ROWS, machine)
    refused = priced["source"].str.startswith(ERROR).to_numpy(bool)
    assert 0 < refused.sum() < len(ROWS)
    assert (priced["latency_us"].isna() == refused).all()
    assert (priced.loc[refused, "source"].str.contains(machine.name)).all()
    good = priced[~refused]
    assert (good["latency_us_low"] < good["latency_us"]).all() and (good["latency_us"] < good["latency_us_high"]).all()
    assert (good["energy_mj"] > 0).all() and (good["power_w"] > 0).all() and (good["bound_by"] != "").all()


def test_a_price_does_not_depend_on_order_or_history(machine: PimMachine) -> None:
    forwards = price_table(ROWS, machine)[list(RESULTS)]
    service.cache_clear()
    backwards = price_table(ROWS.iloc[::-1].reset_index(drop=True), load_machine(machine.name))[list(RESULTS)]
    pd.testing.assert_frame_equal(forwards, backwards.iloc[::-1].reset_index(drop=True))


def test_the_multipliers_at_full_rate_are_never_slower_than_the_price(machine: PimMachine) -> None:
    bound, price = (price_table(ROWS, machine, fidelity=level)["latency_us"] for level in (Fidelity.BOUND, Fidelity.ANALYTIC))
    good = price.notna()
    assert (bound[good] <= price[good]).all()


def test_time_is_divided_without_a_rest(machine: PimMachine) -> None:
    for task in tasks(machine):
        found = service(machine, task)
        assert sum(found.busy_us.values()) == pytest.approx(found.latency_us)
        assert min(found.busy_us.values()) >= 0


def test_more_channels_are_never_slower(machine: PimMachine) -> None:
    for task in tasks(machine):
        times = [service(machine.with_(channels=machine.channels * factor), task).latency_us for factor in (0.25, 1, 2, 8)]
        assert all(after <= before for before, after in itertools.pairwise(times))


def test_a_longer_interval_between_multiplications_is_never_faster(machine: PimMachine) -> None:
    slower = machine.with_(mac_interval_cycles=3 * machine.mac_pace.latency_cycles)
    for task in tasks(machine):
        assert service(slower, task).latency_us > service(machine, task).latency_us


def test_larger_work_is_never_faster_and_never_cheaper(machine: PimMachine) -> None:
    for task in tasks(machine):
        before = service(machine, task)
        for change in GROWTH[task]:
            after = service(machine, replace(task, **change))
            assert after.latency_us >= before.latency_us, change
            assert after.energy_mj >= before.energy_mj, change


def test_energy_that_is_incomplete_says_what_it_lacks(machine: PimMachine) -> None:
    for task in tasks(machine):
        found = service(machine, task)
        assert np.isfinite(found.energy_mj)
        assert all(":" in reason for reason in found.energy_lacks)
