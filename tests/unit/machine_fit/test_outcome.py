"""A machine fit as a file and as a layer: what it changes, contradicts, and leaves alone."""

import json
from pathlib import Path

import numpy as np
import pytest

from narrowgauge.archmodels import load_gpu, machine_fit
from narrowgauge.archmodels.machine_fit import Reading
from narrowgauge.calibration.basis import Relation, basis_of
from narrowgauge.calibration.calibrated import price
from narrowgauge.calibration.machine.board import Board
from narrowgauge.calibration.machine.changes import changes
from narrowgauge.calibration.machine.fit import Outcome, fit_board
from narrowgauge.dataflows.family import Variant
from narrowgauge.errors import InputError
from narrowgauge.provenance import Kind

A100 = load_gpu("a100-sxm-80gb")
BF16 = Variant("bf16", "trtllm")


@pytest.fixture(scope="module")
def outcome(a100: Board) -> Outcome:
    return fit_board(a100)


@pytest.fixture(scope="module")
def folder(outcome: Outcome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fits")
    assert machine_fit.save(outcome.fit, folder).name == "a100-sxm-80gb.machine.json"
    return folder


def one(path: str, value: float, half: float) -> Reading:
    return Reading(path=path, value=value, low=value - half, high=value + half, unit="B/SM/cycle", points=3, source="s")


def test_the_file_survives(outcome: Outcome, folder: Path):
    assert machine_fit.of_machine(folder, "a100-sxm-80gb") == outcome.fit
    assert outcome.fit.sources[0].rows > 100 and len(outcome.fit.sources[0].sha256) == 64
    assert 1300 < outcome.fit.valid_range["clock_mhz"][0] <= outcome.fit.valid_range["clock_mhz"][1] < 1400


def test_it_lies_over_the_specification(folder: Path):
    fitted = A100.with_fits(folder)
    (_, specified), (layer, measured) = fitted.provenance("l2.latency_near_cycles")
    assert (specified.value, layer) == (206, "fit")
    assert measured.value == pytest.approx(210, rel=0.01) and measured.kind is Kind.MEASURED
    assert fitted.quantity("energy_pj.mac_fp16").kind is Kind.FITTED
    assert fitted.as_specified.value("l2.latency_near_cycles") == 206


def test_other_machines_are_left_alone(folder: Path):
    assert not load_gpu("h100-sxm").with_fits(folder).fit


def test_a_file_that_is_no_fit_is_named_with_its_faults(tmp_path: Path):
    (tmp_path / "a100-sxm-80gb.machine.json").write_text(json.dumps({"machine": 1, "more": 2}))
    with pytest.raises(InputError, match=r"a100-sxm-80gb\.machine\.json: more"):
        A100.with_fits(tmp_path)


@pytest.mark.parametrize(
    ("value", "half", "contradicts"), [(125, 0.9, True), (125, 1.6, False), (127, 0.6, False), (140, 3, True)]
)
def test_a_datasheet_number_outside_the_interval_by_more_than_its_width(value: float, half: float, contradicts: bool):
    (change,) = changes(A100, [one("sm.smem_bytes_per_cycle", value, half)])  # 128, derived
    assert change.contradicts is contradicts
    assert change.ratio == pytest.approx(value / 128)


def test_numbers_that_were_measured_or_assumed_are_not_the_datasheets():
    assert not any(change.contradicts for change in changes(A100, [one("l2.bytes_per_sm_cycle", 10, 0.1), one("new.path", 1, 0)]))


def test_the_specified_half_rate_of_shifts_is_contradicted(outcome: Outcome):
    assert "alu_results_per_sm_cycle.shift" in {change.reading.path for change in outcome.changes if change.contradicts}


def test_published_values_stand_beside_their_points(outcome: Outcome):
    found = {(c.target.bench, *c.target.axes.values()): c for c in outcome.comparisons}
    throughput = found["mma-sync", "f16_f32_m16n8k16", 8, 2]
    assert throughput.target.value == 1004.2 and throughput.measured.value == pytest.approx(1010, rel=0.01) and throughput.close
    assert not found["mma-sync", "f16_f32_m16n8k8", 1, 1].close  # 25 cycles on paper, 17.7 in silicon
    assert "Sun" in throughput.target.source


def test_the_account_counts_what_was_left_out(outcome: Outcome):
    assert outcome.account.discarded * 7 == outcome.account.samples
    assert outcome.account.skipped["wgmma needs sm_90a"] > 0 and not outcome.account.failed


def test_kernels_fitted_on_this_machine_are_priced_on_the_numbers_that_they_were_fitted_on(folder: Path):
    """Their parameters hold what the specification misses already; energy and other kernels take the measured numbers."""
    columns = {name: np.array([4096.0]) for name in ("m", "n", "k")}
    fitted = A100.with_fits(folder)
    assert basis_of("gemm", BF16, fitted).relation is Relation.OWN
    before, after = (price(machine, "gemm", BF16, columns) for machine in (A100, fitted))
    assert after.latency_us[0] == before.latency_us[0]
    assert after.energy_mj[0] != before.energy_mj[0]
    sibling = load_gpu("a100-sxm-40gb")
    moved = sibling.with_fit({"l2.bytes_per_sm_cycle": fitted.quantity("l2.bytes_per_sm_cycle")})
    assert basis_of("gemm", BF16, moved).gpu == moved.resources
