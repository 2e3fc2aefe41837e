"""Does every command keep the manners of all: names and meanings of options, help, quiet, nearest names, exit codes?"""

from collections import defaultdict

import click
import pytest
from click.testing import CliRunner, Result

from narrowgauge.cli import main
from narrowgauge.cli.command import Command


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    """Every command that does something, by its words."""
    if not isinstance(command, click.Group):
        return {path: command}
    ctx = click.Context(command, info_name=command.name)
    found: dict[tuple[str, ...], click.Command] = {}
    for name in command.list_commands(ctx):
        inner = command.get_command(ctx, name)
        assert inner is not None
        found |= leaves(inner, (*path, name))
    return found


COMMANDS = leaves(main)
WIDTHS = (60, 80, 120, 200)
#: commands without a result that could be JSON
WITHOUT_JSON = {("completion",)}
#: `-o` is the file or the folder of the command's own answer, and --on of `fit` filters
OWN_MEANING = {"-o", "--on"}

every_command = pytest.mark.parametrize("words", COMMANDS, ids=" ".join)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def options_of(words: tuple[str, ...]) -> list[click.Option]:
    params = COMMANDS[words].get_params(click.Context(COMMANDS[words], parent=click.Context(main, **main.context_settings)))
    return [param for param in params if isinstance(param, click.Option)]


@every_command
@pytest.mark.parametrize("width", WIDTHS)
def test_help_has_examples_and_fits(words: tuple[str, ...], width: int) -> None:
    shown = CliRunner().invoke(main, [*words, "--help"], terminal_width=width)
    assert shown.exit_code == 0
    assert f"narrowgauge {' '.join(words)} " in f"{shown.stdout.split('Examples:', 1)[1]} ".replace("\n", " ")
    assert max(map(len, shown.stdout.splitlines())) <= width


@every_command
def test_it_is_a_command_of_this_house(words: tuple[str, ...]) -> None:
    assert isinstance(COMMANDS[words], Command)


@every_command
def test_quiet_verbose_help_and_json_are_there(words: tuple[str, ...]) -> None:
    names = {name for option in options_of(words) for name in option.opts}
    expected = {"-q", "--quiet", "-v", "--verbose", "-h", "--help"}
    assert expected | (set() if words in WITHOUT_JSON else {"--json"}) <= names


@every_command
def test_every_option_says_what_it_is_for(words: tuple[str, ...]) -> None:
    for option in options_of(words):
        assert option.help
        assert option.is_flag or option.metavar, f"{option.name} has no metavar of its own"


@every_command
def test_short_options_have_a_long_name(words: tuple[str, ...]) -> None:
    assert all(any(name.startswith("--") for name in option.opts) for option in options_of(words))


def test_an_option_means_the_same_wherever_it_stands() -> None:
    meanings = defaultdict(set)
    for words in COMMANDS:
        if words[0] == "reproduce":
            continue  # options of a paper are the dimensions of its own configuration
        for option in options_of(words):
            for name in set(option.opts) - OWN_MEANING - {"--out"}:
                meanings[name].add((option.metavar, option.help, str(option.default), option.multiple, type(option.type)))
    assert {name for name, found in meanings.items() if len(found) > 1} == set()


def test_files_and_folders_are_called_so() -> None:
    for words in COMMANDS:
        for option in options_of(words):
            if "--out" in option.opts:
                assert option.opts == ["-o", "--out"] and option.metavar in ("FILE", "DIR")


@every_command
def test_an_unknown_option_is_wrong_use_and_names_the_nearest(words: tuple[str, ...]) -> None:
    result = run(*words, "--verbos")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: no option '--verbos'; did you mean '--verbose'?")


def test_an_unknown_command_names_the_nearest() -> None:
    result = run("reproduc")
    assert result.exit_code == 2
    assert "did you mean 'reproduce'?" in result.stderr


@pytest.mark.parametrize("name", main.list_commands(click.Context(main)))
def test_the_module_defines_a_command_of_that_name(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None and command.name == name
