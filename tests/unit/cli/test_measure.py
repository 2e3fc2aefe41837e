"""Does `measure` plan without a GPU, and say what is missing where it cannot measure?"""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from narrowgauge.cli import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["measure", *arguments])


def test_a_dry_run_prints_plan_and_machine_code_of_one_architecture() -> None:
    result = run("--dry-run", "--architecture", "sm80", "--only", "mma-sync")
    assert result.exit_code == 0, result.output
    assert all(word in result.stdout for word in ("sm80, suite quick", "mma-sync", "clock", "all"))


def test_the_plan_is_there_as_json() -> None:
    plan = json.loads(run("--dry-run", "--architecture", "sm90", "--only", "mma-sync", "--json", "-").stdout)
    (bench,) = plan["architectures"]["sm90"]
    assert (plan["suite"], bench["bench"], bench["problems"]) == ("quick", "mma-sync", {})
    assert bench["loops_as_expected"] == bench["loops"] > 0
    assert any("FP8" in reason for reason in bench["skipped"])


def test_without_pycuda_or_gpu_nothing_is_measured_and_it_is_said_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycuda", None)
    result = run("--out", str(tmp_path / "out"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "error: pycuda cannot be imported" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give -o DIR, or --dry-run"),
        (("--out", "x", "--architecture", "sm90"), "--architecture belongs to --dry-run"),
        (("--dry-run", "--architecture", "sm75"), "given 'sm75'; did you mean 'sm90'? allowed: sm80"),
        (("--dry-run", "--suite", "all"), "given 'all'; did you mean 'full'?"),
        (("--dry-run", "--architecture", "sm90", "--only", "mma-snyc"), "unknown bench 'mma-snyc'; did you mean 'mma-sync"),
    ],
)
def test_wrong_use_is_named(arguments: tuple[str, ...], words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
