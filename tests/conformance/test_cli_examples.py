"""Do the examples under every `--help` do what a reader expects of them, at every width, quietly if asked?"""

import json
import shlex
from pathlib import Path

import click
import pytest
from cli_material import make
from click.testing import CliRunner, Result

from narrowgauge.cli import main
from narrowgauge.cli.command import Command

#: words by which an example needs what a test has not: a GPU, its records, a cluster, ten minutes of a compiler
ELSEWHERE = ("measure --suite", "--measurements", "--executor", "reproduce all")

#: seconds each: run once, on the narrowest terminal
SLOW = ("narrowgauge fit", "narrowgauge validate", "narrowgauge map", "--html", "--trace", "--on hbm2-pim", "narrowgauge list")


def examples() -> list[str]:
    """All that the commands' helps show, the sweep first, because others ask its results."""
    ctx = click.Context(main, info_name="narrowgauge")
    commands = [main.get_command(ctx, name) for name in main.list_commands(ctx)]
    found = [example for command in commands if isinstance(command, Command) for example in command.examples]
    plain = [example for example in found if example.startswith("narrowgauge ")]
    return sorted(plain, key=lambda example: not example.startswith("narrowgauge sweep"))


EXAMPLES = examples()
RUNNABLE = [example for example in EXAMPLES if not any(words in example for words in ELSEWHERE)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("examples")
    make(made)
    return made


def run(example: str, *more: str, width: int = 80) -> Result:
    words = shlex.split(example.partition("  #")[0].partition(" |")[0])[1:]
    return CliRunner(env={"COLUMNS": str(width)}).invoke(main, [*words, *more])


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_command_line_that_is_understood(example: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    words = shlex.split(example.partition("  #")[0].partition(" |")[0])[1:]
    command = main.get_command(click.Context(main), words[0])
    assert command is not None
    command.make_context(words[0], words[1:])


@pytest.mark.parametrize("example", RUNNABLE)
def test_an_example_runs_and_fits_narrow_and_wide_terminals(example: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for width in (60,) if any(words in example for words in SLOW) else (60, 80, 120, 200):
        result = run(example, width=width)
        assert result.exit_code == 0, result.output
        if "--json -" in example:
            json.loads(result.stdout)
        elif "completion" not in example:
            lines = [line.rstrip() for line in result.stdout.splitlines()]
            assert max(map(len, lines), default=0) <= width
            assert not any("…" in line for line in lines if "SHA-256" not in line)
