"""What a prediction says: keys, sums, intervals, definitions."""

from __future__ import annotations

import json
import math

import pytest

from narrowgauge.archmodels import load_machine
from narrowgauge.experiments.predict import predict
from narrowgauge.experiments.predict_calls import CONTEXTS, decode_contexts
from narrowgauge.experiments.predict_passes import FRAMEWORK_LINE
from narrowgauge.experiments.predict_result import QUANTITIES, Prediction

CASES = {
    "dense": ("llama-3-8b", "a100-sxm-80gb", "bf16", 8, 512, 64, 1),
    "narrow": ("llama-3-8b", "a100-sxm-80gb", "w4a16", 1, 1024, 128, 1),
    "fp8": ("llama-3-8b", "h100-sxm", "fp8", 4, 256, 32, 1),
    "experts": ("mixtral-8x7b", "h100-sxm", "fp8", 16, 128, 16, 2),
    "latent": ("deepseek-v2-lite", "h100-sxm", "bf16", 2, 128, 16, 1),
    "windows": ("gemma-2-9b", "h100-sxm", "bf16", 2, 5000, 16, 1),
    "split": ("llama-2-70b", "a100-sxm-80gb", "fp16", 4, 128, 8, 4),
    "transfer": ("llama-3-8b", "l40s", "bf16", 2, 128, 16, 1),
}


@pytest.fixture(params=list(CASES), scope="module")
def answer(request: pytest.FixtureRequest) -> Prediction:
    return predict(*CASES[request.param])


def test_json_has_every_quantity_with_its_interval_and_a_breakdown(answer: Prediction) -> None:
    data = json.loads(json.dumps(answer.to_json(), allow_nan=False))
    assert {f"{name}{end}" for name in QUANTITIES for end in ("", "_low", "_high")} | {"breakdown"} <= set(data)


def test_quantities_lie_within_their_intervals(answer: Prediction) -> None:
    for name in QUANTITIES:
        estimate = getattr(answer, name)
        assert 0 < estimate.low <= estimate.value <= estimate.high < math.inf, name


def test_lines_lie_within_their_intervals(answer: Prediction) -> None:
    for row in answer.breakdown:
        assert 0 <= row["total_us_low"] <= row["total_us"] <= row["total_us_high"], row["operator"]
        assert math.isfinite(row["energy_mj"])


def test_lines_add_up_to_their_pass(answer: Prediction) -> None:
    for phase in (answer.prefill, answer.decode):
        assert math.fsum(line.total_us.value for line in phase.lines) == pytest.approx(phase.latency_us.value)


def test_energy_of_the_run_is_that_of_its_lines(answer: Prediction) -> None:
    run_mj = math.fsum(row["energy_mj"] * answer.to_json()["phases"][row["phase"]]["passes"] for row in answer.breakdown)
    tokens = answer.batch * answer.output_tokens
    assert answer.energy_per_output_token_j.value == pytest.approx(run_mj / 1e3 * answer.gpus / tokens)


def test_power_is_energy_over_time(answer: Prediction) -> None:
    tokens = answer.batch * answer.output_tokens
    joules = answer.energy_per_output_token_j.value * tokens / answer.gpus
    assert answer.power_w.value == pytest.approx(joules / (answer.total_ms.value / 1e3))


def test_throughput_is_all_output_tokens_over_the_whole_run(answer: Prediction) -> None:
    run_ms = answer.ttft_ms.value + (answer.output_tokens - 1) * answer.tpot_ms.value
    assert answer.output_tokens_per_s.value == pytest.approx(answer.batch * answer.output_tokens / run_ms * 1e3)


def test_every_line_says_where_it_comes_from_and_what_binds_it(answer: Prediction) -> None:
    for row in answer.breakdown:
        assert row["source"]
        assert row["relation"]
        assert row["bound_by"]


def test_operators_of_kernels_report_their_actions(answer: Prediction) -> None:
    assert all(row["actions"] for row in answer.breakdown if row["kernel"] != FRAMEWORK_LINE)


def test_the_manifest_says_what_was_asked(answer: Prediction) -> None:
    assert {"version", "model", "machine", "scheme", "framework", "fidelity", "assumptions", "sources"} <= set(answer.manifest)


def test_few_decode_passes_are_priced_one_by_one() -> None:
    assert decode_contexts(100, 5) == [100, 101, 102, 103]


def test_many_decode_passes_are_priced_at_a_few_contexts_of_the_same_mean() -> None:
    contexts = decode_contexts(1000, 2049)
    assert len(contexts) == CONTEXTS
    assert sum(contexts) / CONTEXTS == pytest.approx(1000 + 2047 / 2, abs=1)


def test_a_single_output_token_needs_no_decode_pass() -> None:
    answer = predict("llama-3-8b", "a100-sxm-80gb", output_tokens=1)
    assert answer.decode.passes == 0
    assert answer.total_ms.value == pytest.approx(answer.ttft_ms.value)
    assert answer.tpot_ms.value > 0


def test_kernels_alone_have_no_framework_line() -> None:
    answer = predict("llama-3-8b", "a100-sxm-80gb", framework="none")
    assert all(line.operator != FRAMEWORK_LINE for line in answer.decode.lines)


def test_nothing_is_faster_than_its_bound() -> None:
    for case in CASES.values():
        floor = predict(*case, framework="none", fidelity="bound")
        answer = predict(*case, framework="none")
        assert floor.tpot_ms.value < answer.tpot_ms.value
        assert floor.ttft_ms.value < answer.ttft_ms.value


def test_a_what_if_machine_is_named_as_one() -> None:
    faster = load_machine("a100-sxm-80gb").with_(**{"dram.bandwidth_gb_per_s": 4000})
    answer = predict("llama-3-8b", faster)
    assert answer.manifest["overrides"] == [{"path": "dram.bandwidth_gb_per_s", "old": 2039, "new": 4000}]
    assert answer.tpot_ms.value < predict("llama-3-8b", "a100-sxm-80gb").tpot_ms.value


def test_the_quantise_kernel_of_fp8_has_a_line_of_its_own() -> None:
    rows = {row["operator"]: row for row in predict("llama-3-8b", "h100-sxm", "fp8").breakdown if row["phase"] == "decode"}
    assert rows["attn.qkv.quantize"]["total_us"] > 0
    assert rows["attn.qkv"]["total_us"] > 0


def test_two_gpus_need_half_the_weights_each() -> None:
    one, two = (predict("llama-3-8b", "h100-sxm", tp=tp).memory for tp in (1, 2))
    assert two.weights_gb == pytest.approx(one.weights_gb / 2, rel=0.01)


def test_the_breakdown_is_also_a_frame() -> None:
    answer = predict("llama-3.2-1b", on="a100-sxm-80gb", output_tokens=4)
    frame = answer.frame()
    assert frame.to_dict(orient="records") == answer.breakdown
