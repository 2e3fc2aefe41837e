"""What do --quiet and --verbose change, and how is a fault of the program told from wrong input?"""

from pathlib import Path

import click
import pytest
from cli_material import make
from click.testing import CliRunner, Result

from narrowgauge.cli import main, voice
from narrowgauge.cli.command import Command, folded
from narrowgauge.cli.lazy import LazyGroup

PREDICT = ("predict", "llama-3.2-1b", "--on", "a100-sxm-80gb")
#: commands whose answer is a file
WRITING = {
    "price": ("price", "kernels.csv", "-o", "priced.csv", "--on", "a100-sxm-80gb"),
    "sweep": ("sweep", "sweep.yaml", "-o", "points"),
    "results": ("results", "points", "-o", "front.csv", "--pareto", "latency,energy"),
}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert run(*WRITING["sweep"]).exit_code == 0
    return tmp_path


@pytest.mark.parametrize("words", WRITING.values(), ids=WRITING)
def test_quiet_commands_that_write_a_file_say_nothing(words: tuple[str, ...], folder: Path) -> None:
    result = run(*words, "--quiet")
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize("words", WRITING.values(), ids=WRITING)
def test_without_it_they_say_what_they_did(words: tuple[str, ...], folder: Path) -> None:
    assert run(*words).output


def test_quiet_changes_no_answer() -> None:
    assert run(*PREDICT, "-q").stdout == run(*PREDICT).stdout


def test_quiet_commands_still_say_what_is_wrong(folder: Path) -> None:
    (folder / "kernels.csv").write_text("m,n,k\n0,1,1\n1,1,1\n")
    assert run(*WRITING["price"], "-q").stderr.startswith("error: kernels.csv: row 1: m is zero")


def test_verbose_names_sources_and_times_and_changes_no_answer() -> None:
    result = run(*PREDICT, "--override", "power.tdp_w=300", "-v")
    assert result.stdout == run(*PREDICT, "--override", "power.tdp_w=300").stdout
    for words in (
        "narrowgauge predict",
        "numbers of the specification",
        "1 number of the what-if override",
        "priced by",
        "done in",
    ):
        assert words in result.stderr


@pytest.mark.parametrize(("given", "loud"), [(["-q", "-v"], True), (["-v", "-q"], False)])
def test_the_last_of_both_counts(given: list[str], loud: bool) -> None:
    assert ("done in" in run(*PREDICT, *given).stderr) == loud


def test_they_may_stand_before_the_command() -> None:
    assert "done in" in run("-v", *PREDICT).stderr


def test_outside_a_command_the_level_is_normal() -> None:
    assert voice.level() == voice.Level.NORMAL


def group_of(error: Exception) -> LazyGroup:
    group = LazyGroup("group", commands_in=("narrowgauge.cli", {}))

    @click.command(cls=Command, examples=("group fail",))
    def fail() -> None:
        raise error

    group.get_command = lambda ctx, name: fail  # type: ignore[method-assign]
    group.resolve_command = lambda ctx, args: ("fail", fail, args[1:])  # type: ignore[method-assign]
    return group


def test_a_fault_is_one_line_and_an_exit_code_of_its_own() -> None:
    result = CliRunner().invoke(group_of(KeyError("x")), ["fail"])
    assert result.exit_code == 70
    assert result.stderr == "error: a fault in narrowgauge, not in the input: KeyError: 'x'; --verbose shows where\n"


def test_verbose_shows_where_a_fault_is() -> None:
    result = CliRunner().invoke(group_of(KeyError("x")), ["fail", "-v"])
    assert "Traceback" in result.stderr and "raise error" in result.stderr


def test_a_file_that_fails_is_wrong_input() -> None:
    result = CliRunner().invoke(group_of(PermissionError(13, "Permission denied", "a.csv")), ["fail"])
    assert (result.exit_code, result.stderr) == (2, "error: a.csv: Permission denied\n")


def test_a_long_example_goes_on_as_a_shell_takes_it() -> None:
    lines = folded("narrowgauge price a.csv -o b.csv --on h100-sxm", 30)
    assert lines == ["narrowgauge price a.csv \\", "    -o b.csv --on h100-sxm"]


def test_a_verbose_sweep_says_what_it_was_made_of(folder: Path) -> None:
    said = run(*WRITING["sweep"], "-v").stderr
    for words in ("specifications: a100-sxm-80gb ", "code: gemm ", "versions: numpy "):
        assert words in said
