"""Which hardware do records name, and what is said where it is none, several, or another one?"""

from dataclasses import replace
from pathlib import Path

import paper_records
import pytest

from narrowgauge.archmodels import load_gpu
from narrowgauge.calibration.machine.board import read_board
from narrowgauge.calibration.machine.fit import fit_board
from narrowgauge.errors import InputError
from narrowgauge.kernels.skeleton import skeleton
from narrowgauge.measurements import read_measurements

UNKNOWN = replace(paper_records.A100, name="NVIDIA Paper 80")


@pytest.fixture
def unknown(tmp_path: Path) -> Path:
    """Records of a GPU without specification, with the YAML file that `measure` writes."""
    paper_records.PaperBoard(UNKNOWN).write(tmp_path, only=("launch-graph", "memory-latency"))
    machine = read_measurements(tmp_path).campaigns[0].machine
    (tmp_path / "nvidia-paper-80.yaml").write_text(skeleton(UNKNOWN, machine))
    return tmp_path


def test_the_driver_names_the_hardware(a100):
    assert (a100.hardware, a100.machine.name) == ("a100-sxm-80gb", "a100-sxm-80gb")


def test_a_gpu_without_specification_is_pointed_to_its_skeleton(unknown: Path):
    with pytest.raises(InputError, match=r"no specification describes 'NVIDIA Paper 80'.*--on .*nvidia-paper-80\.yaml"):
        read_board(unknown, None)


def test_its_skeleton_serves(unknown: Path):
    outcome = fit_board(read_board(unknown, str(unknown / "nvidia-paper-80.yaml")))
    assert outcome.fit.machine == "nvidia-paper-80"
    assert {"launch.graph_us", "dram.latency_cycles"} <= set(outcome.fit.quantities())


def test_other_hardware_than_was_measured_is_refused(quick: Path):
    with pytest.raises(InputError) as error:
        read_board(quick, "h100-pcie")
    assert len(error.value.problems) == 2  # architecture and number of SMs


def test_records_of_two_gpus_are_refused(tmp_path: Path):
    for properties in (paper_records.A100, paper_records.H100):
        paper_records.PaperBoard(properties).write(tmp_path / properties.architecture, only=("launch-graph",))
        (tmp_path / properties.architecture / "measurements.jsonl").rename(tmp_path / f"{properties.architecture}.jsonl")
    with pytest.raises(InputError, match=r"records of several GPUs: NVIDIA A100.*, NVIDIA H100"):
        read_board(tmp_path, None)


def test_a_damaged_line_costs_itself(tmp_path: Path):
    file = paper_records.PaperBoard().write(tmp_path, only=("launch-graph", "launch-stream"))
    lines = file.path.read_text().splitlines()
    damaged = [*lines[:2], lines[2][: len(lines[2]) // 2], *lines[3:]]
    file.path.write_text("\n".join(damaged) + "\n")
    outcome = fit_board(read_board(tmp_path, None))
    assert len(outcome.notes) == 1 and "damaged" in outcome.notes[0].what
    assert load_gpu("a100-sxm-80gb").with_fit(outcome.fit.quantities()).value("launch.graph_us") == pytest.approx(1.4, rel=0.01)
