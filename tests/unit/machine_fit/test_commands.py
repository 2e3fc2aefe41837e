"""`fit` and `validate` with records: what is written, what is printed, what is wrong use."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from narrowgauge.calibration.datasets import microbench
from narrowgauge.cli import main

DATA = Path(__file__).parents[4] / "shared" / "data"
without_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no measured data at {DATA}")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def fitted(quick: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    out = tmp_path_factory.mktemp("out")
    return out, run("fit", "--measurements", quick, "-o", out)


def test_the_fit_is_written_and_named(fitted: tuple[Path, Result]) -> None:
    out, result = fitted
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == str(out / "a100-sxm-80gb.machine.json")


def test_it_prints_what_changed_what_is_contradicted_and_what_is_missing(fitted: tuple[Path, Result]) -> None:
    shown = fitted[1].stdout
    assert "Contradicted numbers of the datasheet" in shown and "alu_results_per_sm_cycle.shift: 64" in shown
    assert "alu_results_per_sm_cycle.cmp: no step of cuda-core is of this class" in shown
    assert "samples were discarded" in shown and "skipped: wgmma needs sm_90a" in shown
    assert "Sun et al." in shown and "mean absolute errors on settings left out" in shown
    assert max(map(len, shown.splitlines()[:-1])) <= 80


def test_show_lists_fitted_beside_specified(fitted: tuple[Path, Result]) -> None:
    shown = run("show", "a100-sxm-80gb", "--fits", fitted[0]).stdout
    assert "numbers are fitted" in shown and "the specification says 206" in " ".join(shown.split())


def test_show_refuses_fits_of_what_is_no_machine(fitted: tuple[Path, Result]) -> None:
    result = run("show", "nf4", "--fits", fitted[0])
    assert result.exit_code == 2 and "'nf4' is no machine" in result.stderr


def test_predictions_take_the_folder(fitted: tuple[Path, Result]) -> None:
    result = run("predict", "llama-3-8b", "--on", "a100-sxm-80gb", "--fits", fitted[0], "--scheme", "bf16")
    assert result.exit_code == 0, result.output


def test_validate_shows_errors_beside_noise(quick: Path, tmp_path: Path) -> None:
    result = run("validate", "--measurements", quick, "--json", tmp_path / "errors.json")
    assert result.exit_code == 0 and "a100-sxm-80gb: mean absolute errors on settings left out" in result.stdout
    rows = {row["precision"]: row for row in json.loads((tmp_path / "errors.json").read_text())}
    assert rows["mma-sync"]["physics"] < 0.01 and rows["mma-sync"]["noise"] < 0.01


def test_the_fit_of_the_machine_alone(quick: Path, tmp_path: Path) -> None:
    result = run("fit", "--measurements", quick, "-o", tmp_path, "--family", "machine", "--json", "-")
    assert json.loads(result.stdout) == [str(tmp_path / "a100-sxm-80gb.machine.json")]


@pytest.mark.parametrize("command", ["fit", "validate"])
def test_nothing_to_work_on_is_wrong_use(command: str, tmp_path: Path) -> None:
    out = ("-o", tmp_path) if command == "fit" else ()
    result = run(command, *out)
    assert result.exit_code == 2 and "give DATA, --measurements DIR, or both" in result.stderr


def test_records_are_of_one_machine(quick: Path, tmp_path: Path) -> None:
    two = ("--on", "a100-sxm-80gb", "--on", "a100-sxm-40gb")
    result = run("fit", "--measurements", quick, "-o", tmp_path, *two)
    assert result.exit_code == 2 and "give --on once" in result.stderr


def test_a_folder_without_records_is_one_error(tmp_path: Path) -> None:
    result = run("fit", "--measurements", tmp_path, "-o", tmp_path / "out")
    assert result.exit_code == 2 and "no measurement file" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """The published microbenchmarks alone."""
    for name in microbench.TABLES:
        shutil.copy(DATA / name, tmp_path)
    return tmp_path


@pytest.mark.data
@without_data
def test_published_tables_alone_make_machine_fits(tables: Path) -> None:
    result = run("fit", tables, "-o", tables / "fits", "--on", "a100-sxm-40gb", "--on", "h200-sxm")
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in (tables / "fits").iterdir()) == ["a100-sxm-40gb.machine.json", "h200-sxm.machine.json"]
    readings = {r["path"]: r for r in json.loads((tables / "fits" / "h200-sxm.machine.json").read_text())["readings"]}
    assert {"l2.bytes_per_sm_cycle", "launch.graph_us", "energy_pj.dram_byte", "power.static_w"} <= set(readings)


@pytest.mark.data
@without_data
def test_board_power_of_unseen_intensities_is_predicted_as_well_as_boards_repeat(tables: Path) -> None:
    """344 runs on eight A100: leaving out an arithmetic intensity costs no more than the boards differ by."""
    result = run("validate", tables, "--on", "a100-sxm-40gb", "--json", "-")
    (row,) = json.loads(result.stdout)
    assert row["rows"] == 344 and row["physics"] <= row["noise"] < 0.03


@pytest.mark.data
@without_data
def test_own_records_go_before_published_tables(quick: Path, tables: Path) -> None:
    result = run("fit", tables, "--measurements", quick, "-o", tables / "fits", "--on", "a100-sxm-80gb")
    assert result.exit_code == 0, result.output
    found = json.loads((tables / "fits" / "a100-sxm-80gb.machine.json").read_text())
    near = [r for r in found["readings"] if r["path"] == "l2.latency_near_cycles"]
    assert len(near) == 1 and near[0]["value"] == pytest.approx(210, rel=0.01)
    assert {"measurements.jsonl", microbench.CHASE} <= {source["name"] for source in found["sources"]}
