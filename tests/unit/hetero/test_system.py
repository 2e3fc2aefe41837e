"""Does a heterogeneous machine come from its parts, refuse what contradicts itself, and answer `predict`?"""

import math
from pathlib import Path

import pytest

import narrowgauge as ng
from narrowgauge.archmodels import System, describe, load_machine, system_names
from narrowgauge.errors import CapacityError, InputError, UnsupportedError

SMALL = {"scheme": "fp16", "input_tokens": 64, "output_tokens": 9}


def system(name: str = "npu-neupims") -> System:
    found = load_machine(name)
    assert isinstance(found, System)
    return found


def test_overrides_reach_the_devices() -> None:
    changed = system().with_(sub_batches=1, **{"host.clock_mhz": 2000, "pim.timing.nRP": 20})
    assert changed.host.value("clock_mhz") == 2000 and changed.pim.standard.timing["nRP"] == 20 and changed.sub_batches == 1
    assert system().sub_batches == 2


def test_another_npu_stands_before_the_same_memory() -> None:
    changed = system().with_npu("neupims-npu-artifact")
    assert changed.host.name == "neupims-npu-artifact" and changed.pim.name == system().pim.name
    with pytest.raises(InputError, match="neupims-npu-artifact"):
        system().with_npu("neupims-npu-artefact")


def test_every_bad_override_is_named() -> None:
    with pytest.raises(InputError) as caught:
        system().with_(sub_batch=1, **{"host.clock": 1, "pim.chanels": 2})
    told = str(caught.value)
    assert "did you mean 'sub_batches'" in told and "host.clock" in told and "pim.chanels" in told


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("host: h101", "host: is 'h101'"),
        ("access: seperate", "did you mean 'separate'"),
        ("access: separate", "separate memories need link.bandwidth_gb_per_s"),
        ("link: {latency_us: [1, us, assumed, mine, x]}", "a memory with concurrent access has no link"),
        ("host_dram_gb_per_s: [1, GB/s, assumed, mine, x]", "is that of its own specification"),
    ],
)
def test_a_contradiction_is_placed(tmp_path: Path, body: str, fault: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"base: npu-neupims\nsources: {{mine: a test}}\n{body}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_machine(path)
    assert fault in str(caught.value)


@pytest.mark.parametrize("name", system_names())
def test_every_number_of_both_devices_is_shown_with_its_source(name: str) -> None:
    rows = describe(system(name)).rows
    assert {row.path.split(".")[0] for row in rows} >= {"host", "pim", "pim_channels", "sub_batches"}
    assert all(row.source and row.unit for row in rows)


def test_lines_of_a_pass_add_up_to_it() -> None:
    answer = ng.predict("llama-2-7b", on="npu-neupims", batch=128, tp=4, **SMALL)
    for phase in (answer.prefill, answer.decode):
        assert phase.kernels_alone_us == pytest.approx(phase.latency_us.value, rel=1e-6)
    assert answer.decode.latency_us.low < answer.decode.latency_us.value < answer.decode.latency_us.high


def test_attention_runs_in_memory_and_every_line_names_its_device() -> None:
    answer = ng.predict("llama-2-7b", on="npu-neupims", batch=64, **SMALL)
    found = {row["operator"]: row["device"] for row in answer.to_json()["breakdown"] if row["phase"] == "decode"}
    assert found["attn.attention"] == "pim" and found["mlp.down"] == "host"
    assert answer.to_json()["devices"]["decode"]["placement"]["attn.attention"] == "pim"
    assert all(math.isfinite(value) for key, value in answer.to_json().items() if isinstance(value, float))


def test_blocked_access_is_never_faster_than_concurrent() -> None:
    for batch in (1, 64, 256):
        blocked, free = (
            ng.predict("llama-2-7b", on=name, batch=batch, tp=4, **SMALL) for name in ("npu-pim-blocked", "npu-neupims")
        )
        assert free.tpot_ms.value <= blocked.tpot_ms.value


def test_memory_that_multiplies_is_never_slower_than_the_host_alone() -> None:
    alone = ng.predict("llama-2-7b", on="neupims-npu", batch=8, tp=4, **SMALL)
    assert ng.predict("llama-2-7b", on="npu-pim-blocked", batch=8, tp=4, **SMALL).tpot_ms.value <= alone.tpot_ms.value


def test_what_does_not_fit_says_what_would() -> None:
    with pytest.raises(CapacityError, match="smallest tensor parallelism that fits: --tp"):
        ng.predict("llama-2-70b", on="npu-neupims", batch=1, **SMALL)


def test_formats_that_the_arrays_do_not_multiply_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="multiplies operands of 16 bits"):
        ng.predict("llama-2-7b", on="npu-neupims", batch=1, **{**SMALL, "scheme": "w4a16-g128"})


def test_a_pim_machine_alone_is_refused_with_a_hint() -> None:
    with pytest.raises(InputError, match="list systems"):
        ng.predict("llama-2-7b", on="neupims", batch=1, **SMALL)


def test_all_faults_of_a_question_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        ng.predict("lama-2-7b", on="npu-neupims", scheme="fp17", batch=0)
    assert len(caught.value.problems) >= 3


def test_energy_that_is_not_all_known_is_said() -> None:
    answer = ng.predict("llama-3-8b", on="h100-logic-pim", batch=1, scheme="bf16", input_tokens=64, output_tokens=9)
    assert any("energy is a lower bound" in warning for warning in answer.warnings)
    assert any("energy incomplete" in line.source for line in answer.decode.lines if line.device == "pim")


def test_a_second_part_of_the_batch_costs_no_static_energy_twice() -> None:
    """Static power × time of the pass, however much runs side by side: the sum over lines less the overlap."""
    answer = ng.predict("mixtral-8x7b", on="h100-logic-pim", batch=8, tp=4, scheme="bf16", input_tokens=64, output_tokens=9)
    static = answer.decode.static_w * answer.decode.latency_us.value * 1e-3
    dynamic = sum(line.energy_mj - answer.decode.static_w * line.total_us.value * 1e-3 for line in answer.decode.lines)
    assert answer.decode.energy_mj == pytest.approx(static + dynamic)
    assert dynamic > 0


def test_weights_have_to_fit_beside_separate_pim_memory() -> None:
    """GPT-3 in FP16: 350 GB on four GPUs of 80 GB, however much memory their AttAcc devices have."""
    with pytest.raises(CapacityError, match="the host's own memory for weights"):
        ng.predict("gpt-3-175b", on="a100-attacc", batch=1, tp=4, **SMALL)
