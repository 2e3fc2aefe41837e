"""Does `results` show first what was asked for?"""

from pathlib import Path

import pytest
from cli_material import make
from click.testing import CliRunner

from narrowgauge.cli import main


@pytest.fixture
def points(tmp_path: Path) -> Path:
    make(tmp_path)
    done = CliRunner().invoke(main, ["sweep", str(tmp_path / "sweep.yaml"), "-o", str(tmp_path / "points"), "-q"])
    assert done.exit_code == 0, done.output
    return tmp_path / "points"


def heading(points: Path, *options: str) -> list[str]:
    shown = CliRunner(env={"COLUMNS": "90"}).invoke(main, ["results", str(points), *options]).stdout
    return next(line.split() for line in shown.splitlines() if "scheme" in line)


def test_parameters_that_differ_come_first(points: Path) -> None:
    assert heading(points)[:4] == ["scheme", "batch", "input", "ttft_ms"]


def test_the_column_of_the_order_comes_next(points: Path) -> None:
    assert heading(points, "--sort", "power")[:4] == ["scheme", "batch", "input", "power_w"]


def test_ratios_to_a_baseline_come_before_what_they_are_made_of(points: Path) -> None:
    shown = heading(points, "--baseline", 'scheme == "bf16"')
    assert shown[:5] == ["scheme", "batch", "input", "ttft_ms_ratio", "tpot_ms_ratio"]
