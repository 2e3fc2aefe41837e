"""How does the program behave as a process: start-up, errors, interrupts, pipes?"""

import signal
import subprocess
import sys
import time

import click
import pytest
from click.testing import CliRunner

from narrowgauge.cli import main
from narrowgauge.cli.lazy import LazyGroup
from narrowgauge.errors import InputError, Problem

PROGRAM = [sys.executable, "-c", "from narrowgauge.cli import main; main()"]


def test_help_imports_nothing_heavy() -> None:
    heavy = {"numpy", "pandas", "pyarrow", "numba", "scipy", "sklearn", "pydantic", "rich"}
    run = "import sys, narrowgauge.cli as c\ntry: c.main(['--help'])\nexcept SystemExit: pass\n"
    code = f"{run}print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


def test_help_is_fast() -> None:
    subprocess.run([*PROGRAM, "--help"], capture_output=True, check=True)  # compiles the modules
    best = min(_seconds([*PROGRAM, "--help"]) for _ in range(5))
    assert best < 0.3


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - started


def test_a_reader_that_leaves_is_no_error() -> None:
    with subprocess.Popen([*PROGRAM, "show", "h100-sxm"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def failing(error: BaseException) -> LazyGroup:
    group = LazyGroup("group", commands_in=("narrowgauge.cli", {}))

    @click.command()
    def fail() -> None:
        raise error

    group.get_command = lambda ctx, name: fail  # type: ignore[method-assign]
    group.resolve_command = lambda ctx, args: ("fail", fail, [])  # type: ignore[method-assign]
    return group


def test_ctrl_c_is_exit_code_130() -> None:
    result = CliRunner().invoke(failing(KeyboardInterrupt()), ["fail"])
    assert result.exit_code == 128 + signal.SIGINT
    assert "interrupted" in result.stderr


def test_every_problem_of_an_input_is_a_line_on_stderr() -> None:
    error = InputError([Problem("a.yaml:3", "no"), Problem("a.yaml:4", "neither")])
    result = CliRunner().invoke(failing(error), ["fail"])
    assert (result.exit_code, result.stderr) == (2, "error: a.yaml:3: no\nerror: a.yaml:4: neither\n")


def test_a_command_without_a_module_is_not_offered() -> None:
    group = LazyGroup("group", commands_in=("narrowgauge.cli", {"list": ("listing", ""), "gone": ("no_such_module", "")}))
    assert group.list_commands(click.Context(group)) == ["list"]


@pytest.mark.parametrize("option", ["--version", "-h"])
def test_plain_questions_are_answered(option: str) -> None:
    result = CliRunner().invoke(main, [option])
    assert result.exit_code == 0 and "narrowgauge" in result.stdout
