"""Does a timeline hold what was predicted?"""

import json

import numpy as np
import pandas as pd
import pytest

from narrowgauge.archmodels import load_machine
from narrowgauge.dataflows.family import Variant
from narrowgauge.errors import InputError
from narrowgauge.experiments.predict import predict
from narrowgauge.experiments.timeline import SMS_SHOWN, executions, kernel_schedule, pass_schedule, shown_units, table_schedule
from narrowgauge.sim.trace import write_trace
from narrowgauge.sim.trace_schema import Trace


@pytest.fixture(scope="module")
def a100():
    return load_machine("a100-sxm-80gb")


@pytest.fixture(scope="module")
def prediction(a100):
    return predict("llama-3-8b", a100, "w4a16", batch=8)


def test_passes_last_as_long_as_the_prediction(prediction, a100) -> None:
    schedule = pass_schedule(prediction, a100)
    assert schedule.makespan_ps / 1e9 == pytest.approx(prediction.ttft_ms.value + prediction.tpot_ms.value, rel=1e-6)


def test_layers_come_one_after_the_other(prediction) -> None:
    order = [line.operator for line in executions(prediction.decode)]
    assert order.count("attn.qkv") == 32
    first, second = (i for i, name in enumerate(order) if name == "attn.qkv" and order[:i].count("attn.qkv") < 2)
    assert order[first:second].count("mlp.down") == 1
    assert order.index("embed") < first
    assert order.index("lm_head") > order.index("mlp.down")


def test_a_kernel_is_drawn_on_a_few_of_its_sms(a100) -> None:
    row = {name: np.array([value]) for name, value in {"m": 16.0, "n": 4096.0, "k": 4096.0}.items()}
    schedule, share = kernel_schedule(a100, "gemm", Variant("w4a16-g128", "trtllm"), row)
    trace = write_trace(schedule, shown_units(schedule))
    Trace.model_validate_json(trace)
    names = {event["args"]["name"] for event in json.loads(trace)["traceEvents"] if event["name"] == "thread_name"}
    assert share == 1.0
    assert "dram[0]" in names
    assert f"sm{SMS_SHOWN - 1}.tensor_core[0]" in names
    assert f"sm{SMS_SHOWN}.tensor_core[0]" not in names


def test_a_long_kernel_says_which_share_of_it_is_shown(a100) -> None:
    row = {name: np.array([8192.0]) for name in "mnk"}
    schedule, share = kernel_schedule(a100, "gemm", Variant("bf16", "vllm"), row)
    assert 0 < share < 1
    assert schedule.energy_pj.sum() > 0


def test_a_table_of_one_kernel_has_a_timeline(a100) -> None:
    frame = pd.DataFrame({"m": [16], "n": [4096], "k": [4096], "scheme": ["w4a16-g128"]})
    schedule, share = table_schedule(frame, a100)
    assert share == 1.0
    assert "gemm" in schedule.table.operators


def test_other_tables_are_refused(a100) -> None:
    with pytest.raises(InputError, match="the table has 2 rows"):
        table_schedule(pd.DataFrame({"m": [16, 1], "n": [4096, 8], "k": [4096, 8]}), a100)
    with pytest.raises(InputError, match="scheme"):
        table_schedule(pd.DataFrame({"m": [16], "n": [4096], "k": [4096], "scheme": ["w4a17"]}), a100)
    with pytest.raises(InputError, match="is no GPU"):
        table_schedule(pd.DataFrame({"m": [1], "n": [4096], "k": [4096]}), load_machine("hbm2-pim"))
