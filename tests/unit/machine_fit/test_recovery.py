"""Does the fit of a paper board's records find the numbers that the board was made of?"""

import paper_records
import pytest

from narrowgauge.archmodels.machine_fit import Reading
from narrowgauge.calibration.machine import power
from narrowgauge.calibration.machine.board import Board, read_board
from narrowgauge.calibration.machine.extract import Extract, extract

TRUTH = paper_records.Truth()
RATES = {
    **{f"alu_results_per_sm_cycle.{name}": value for name, value in (("fp32", 64), ("fp16x", 256), ("shift", 32), ("sfu", 16))},
    **{f"alu_results_per_sm_cycle.{name}": value for name, value in (("cvt_other", 16), ("shfl", 32), ("lop3", 64))},
    "sm.smem_bytes_per_cycle": TRUTH.shared_bytes,
    "sm.smem_latency_cycles": TRUTH.shared_cycles,
    "l1.latency_cycles": TRUTH.l1_cycles,
    "l2.latency_near_cycles": TRUTH.near_cycles,
    "l2.latency_far_cycles": TRUTH.far_cycles,
    "l2.bytes_per_sm_cycle": TRUTH.l2_bytes,
    "dram.latency_cycles": TRUTH.dram_cycles,
    "launch.stream_us": TRUTH.stream_us,
    "launch.graph_us": TRUTH.graph_us,
    "power.static_w": TRUTH.static_w,
    "alu_latency_cycles.lop3": TRUTH.step_cycles,
    "tensor_latency_cycles.f16_f32_m16n8k16": TRUTH.mma_cycles,
}
A100_RATES = {f"tensor_macs_per_sm_cycle.{f}": TRUTH.macs[e] for f, e in (("fp16", "f16"), ("bf16", "bf16"), ("int4", "s4"))}
H100_RATES = {
    "tensor_macs_per_sm_cycle.fp16": 2 * TRUTH.macs["f16"],
    "tensor_macs_per_sm_cycle.fp8": 2 * TRUTH.macs["e4m3"],
    "sm.mma_sync_fraction": 0.5,
}
ENERGIES = {
    "energy_pj.mac_fp16": 0.9,
    "energy_pj.mac_int8": 0.9,
    "energy_pj.alu_fp32": 9.0,
    "energy_pj.alu_fp16x": 3.5,
    "energy_pj.smem_byte": 1.5,
    "energy_pj.l2_byte": 14.0,
    "energy_pj.dram_byte": 95.0,
    "energy_pj_zero_data.mac_fp16": 0.45,
    "energy_pj_zero_data.dram_byte": 47.5,
}


@pytest.fixture(scope="module")
def small(a100: Board) -> Extract:
    return extract(a100)


@pytest.fixture(scope="module")
def full(h100: Board) -> Extract:
    return extract(h100)


def found(extracted: Extract, path: str) -> Reading:
    (reading,) = (reading for reading in extracted.readings if reading.path == path)
    return reading


@pytest.mark.parametrize(("path", "value"), (RATES | A100_RATES).items())
def test_the_quick_suite_tells_it(small: Extract, path: str, value: float) -> None:
    reading = found(small, path)
    assert reading.low <= value <= reading.high
    assert reading.high - reading.low < 0.05 * value


@pytest.mark.parametrize(("path", "value"), (RATES | H100_RATES | ENERGIES).items())
def test_the_full_suite_on_hopper_tells_it(full: Extract, path: str, value: float) -> None:
    reading = found(full, path)
    assert reading.low <= value <= reading.high
    assert reading.high - reading.low < 0.15 * value


def test_throttled_samples_do_not_count(small: Extract) -> None:
    """Each point has one that is a third slower; the intervals would not be half a percent wide with it."""
    reading = found(small, "launch.stream_us")
    assert reading.high / reading.value - 1 < 0.01


def test_readings_name_bench_and_source(small: Extract, a100: Board) -> None:
    reading = found(small, "dram.latency_cycles")
    assert "memory-latency" in reading.source and a100.of("memory-latency")[0].source_hash in reading.source


def test_static_power_that_no_two_rates_tell_is_called_a_lower_bound(small: Extract) -> None:
    assert found(small, "power.static_w").note == power.AT_REST


def test_reading_dram_alone_leaves_the_energy_of_l2_to_the_specification(small: Extract, a100: Board) -> None:
    assert "energy_pj.l2_byte" not in {reading.path for reading in small.readings}
    both = TRUTH.energy["dram"] + TRUTH.energy["l2"] - a100.machine.value("energy_pj.l2_byte")
    assert found(small, "energy_pj.dram_byte").value == pytest.approx(both, rel=0.02)


def test_a_unit_that_the_specification_lacks_is_not_added(small: Extract) -> None:
    path = "tensor_macs_per_sm_cycle.fp16_f16acc"
    assert path not in {reading.path for reading in small.readings}
    assert path in {missing.what for missing in small.missing}


def test_models_are_judged_on_settings_left_out(full: Extract) -> None:
    errors = {held.model: held for held in full.held_out}
    assert errors["mma-sync"].groups > 20
    for name in ("mma-sync", "cuda-core", "shared-bandwidth", "memory-latency", "memory-stream", "launch-graph"):
        assert errors[name].error < 0.005
        assert errors[name].noise == pytest.approx(paper_records.NOISE, rel=0.6)


def test_benches_without_a_reader_are_named(full: Extract) -> None:
    assert "memory-random" in full.unread and "memory-stream" not in full.unread


def test_a_missing_bench_is_named_with_its_numbers_absent(tmp_path) -> None:
    paper_records.PaperBoard().write(tmp_path, leave_out=("cuda-core", "launch-graph"))
    extracted = extract(read_board(tmp_path, None))
    assert {"cuda-core", "launch-graph"} <= {m.what for m in extracted.missing if m.why == "not in the records"}
    assert "launch.graph_us" not in {reading.path for reading in extracted.readings}
    assert found(extracted, "launch.stream_us").value == pytest.approx(TRUTH.stream_us, rel=0.01)


def test_a_bench_whose_points_were_all_skipped_says_why(tmp_path) -> None:
    paper_records.PaperBoard().write(tmp_path, only=("wgmma", "launch-stream"))
    assert "wgmma needs sm_90a" in read_board(tmp_path, None).why_not("wgmma")


@pytest.mark.parametrize(("old", "new"), [('"bytes":', '"octets":'), ('"percent_of_l2":30', '"percent_of_l2":"some"')])
def test_points_of_another_version_of_a_bench_cost_its_numbers_alone(tmp_path, old: str, new: str) -> None:
    file = paper_records.PaperBoard().write(tmp_path, only=("memory-stream", "launch-graph"))
    file.path.write_text("\n".join(line.replace(old, new) for line in file.path.read_text().splitlines()) + "\n")
    extracted = extract(read_board(tmp_path, None))
    (why,) = (missing.why for missing in extracted.missing if missing.what == "memory-stream")
    assert "measure these benches again" in why
    assert found(extracted, "launch.graph_us").value == pytest.approx(TRUTH.graph_us, rel=0.01)


def test_without_an_energy_counter_at_rest_no_energy_is_made_up(tmp_path) -> None:
    file = paper_records.PaperBoard().write(tmp_path, only=("launch-stream", "power-mma-sync"))
    blind = file.path.read_text().replace('"idle_before_w":65.0', '"idle_before_w":null')
    lines = [line.split('"idle_after_w":')[0] + '"idle_after_w":null,' + line.split('"idle_after_w":')[1].split(",", 1)[1]
             if '"idle_after_w":' in line else line for line in blind.splitlines()]  # fmt: skip
    file.path.write_text("\n".join(lines) + "\n")
    extracted = extract(read_board(tmp_path, None))
    why = {missing.what: missing.why for missing in extracted.missing}
    assert "do not tell apart static, mac_fp16" in why["energies with random operands"]
    assert "power.idle_w" in why
