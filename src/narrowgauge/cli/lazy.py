"""A group of commands whose modules are imported when they are called, and the one place that turns errors into exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import click
from click.exceptions import NoArgsIsHelpError, NoSuchOption
from click.shell_completion import CompletionItem

from narrowgauge.cli import voice
from narrowgauge.errors import NarrowgaugeError, nearest

#: exit codes beside 0 (done) and 1 (a check fell short, or some rows are bad)
USAGE, FAULT, INTERRUPTED, BROKEN_PIPE = 2, 70, 130, 141


class LazyGroup(click.Group):
    """Commands by name from `commands_in`: a package, and for each command its module there and its line in the overview.

    A command whose module does not exist is not offered. The module's one `click.Command` is the command."""

    def __init__(self, *args: Any, commands_in: tuple[str, Mapping[str, tuple[str, str]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += voice.options()
        self._package, table = commands_in
        self._table = {name: entry for name, entry in table.items() if find_spec(f"{self._package}.{entry[0]}")}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module."""
        if cmd_name not in self._table:
            return None
        module = import_module(f"{self._package}.{self._table[cmd_name][0]}")
        return next(item for item in vars(module).values() if isinstance(item, click.Command))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with the nearest name in the error."""
        if args and args[0] not in self._table and not args[0].startswith("-"):
            ctx.fail(f"no command '{args[0]}'; {nearest(args[0], self._table)}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands that begin so, without importing them, and the group's own options."""
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [
            CompletionItem(name, help=line) for name, (_, line) in self._table.items() if name.startswith(incomplete)
        ] + options

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The overview, without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self._table.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it printed has left this process when it returns."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the interpreter's own flush is quiet
            ctx.exit(BROKEN_PIPE)
        except (NarrowgaugeError, click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except OSError as error:
            voice.error(_failed_access(error))
            ctx.exit(USAGE)
        except Exception as error:
            _report_fault(error, voice.level_of(ctx) >= voice.Level.VERBOSE)
            ctx.exit(FAULT)
        return result

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run, print what went wrong, and leave with the exit code. Takes what `click.Group.main` takes."""
        kwargs["standalone_mode"] = False
        try:
            result = super().main(*args, **kwargs)
        except NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except click.ClickException as error:
            _report_use(error)
            sys.exit(USAGE)
        except (click.Abort, KeyboardInterrupt):
            click.echo("interrupted", err=True)
            sys.exit(INTERRUPTED)
        except NarrowgaugeError as error:
            for line in str(error).splitlines():
                voice.error(line)
            sys.exit(USAGE)
        sys.exit(result if isinstance(result, int) else 0)


def _report_use(error: click.ClickException) -> None:
    """What is wrong with a command line, the nearest option, and where to read on."""
    ctx = getattr(error, "ctx", None)
    message = error.format_message().rstrip(".")
    if isinstance(error, NoSuchOption) and ctx is not None:
        options = [name for param in ctx.command.get_params(ctx) for name in param.opts if name.startswith("--")]
        message = f"no option '{error.option_name}'; {nearest(error.option_name, options)}"
    voice.error(f"{message[:1].lower()}{message[1:]}")
    if ctx is not None:
        click.echo(f"`{ctx.command_path} --help` has examples", err=True)


def _failed_access(error: OSError) -> str:
    """A file or disk that fails, in one line."""
    why = error.strerror or str(error)
    return f"{error.filename}: {why}" if error.filename else why


def _report_fault(error: Exception, verbose: bool) -> None:
    """A fault of the program, not of its input."""
    if verbose:
        traceback.print_exception(error)
    first = next(iter(str(error).splitlines()), "")
    hint = "" if verbose else "; --verbose shows where"
    voice.error(f"a fault in narrowgauge, not in the input: {type(error).__name__}: {first}{hint}")
