"""Does every command keep the contract: help with an example that fits 80 columns, exit code 2 for an unknown option?"""

import click
import pytest
from click.testing import CliRunner

from narrowgauge.cli import main

COMMANDS = main.list_commands(click.Context(main))


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_and_fits(name: str) -> None:
    shown = CliRunner().invoke(main, [name, "--help"], terminal_width=80)
    assert shown.exit_code == 0
    assert f"narrowgauge {name} " in shown.stdout.split("Example", 1)[1]
    assert max(map(len, shown.stdout.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option_is_wrong_use(name: str) -> None:
    assert CliRunner().invoke(main, [name, "--no-such-option"]).exit_code == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_the_module_defines_a_command_of_that_name(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None and command.name == name
