"""How much a command says beside its answer: `--quiet` and `--verbose`, which every command has.

| level | standard output | standard error |
|---|---|---|
| quiet | the answer; nothing where the answer is a file | errors |
| normal | the answer, or a summary of the file that was written | errors, notes, progress of long work |
| verbose | as normal | as normal; what is done, from which sources, how long it took; tracebacks of faults of the program |
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import click


class Level(IntEnum):
    """What is said; each level includes those below it."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


_KEY = f"{__name__}.level"


def level() -> Level:
    """The level of the command that runs; normal where none does, as in a process that it started."""
    ctx = click.get_current_context(silent=True)
    return Level.NORMAL if ctx is None else level_of(ctx)


def level_of(ctx: click.Context) -> Level:
    """The level that the options of a command set."""
    return Level(ctx.meta.get(_KEY, Level.NORMAL))


def options() -> list[click.Option]:
    """`--quiet` and `--verbose`; the last one counts."""
    return [
        _flag(("-q", "--quiet"), Level.QUIET, "Only errors and what was asked for: no notes, progress or summaries."),
        _flag(("-v", "--verbose"), Level.VERBOSE, "Also what is done, from which sources, and how long it takes."),
    ]


def _flag(names: tuple[str, str], meaning: Level, words: str) -> click.Option:
    def chosen(ctx: click.Context, param: click.Parameter, given: bool) -> None:
        if given:
            ctx.meta[_KEY] = meaning

    return click.Option(list(names), is_flag=True, expose_value=False, callback=chosen, help=words)


def error(words: str) -> None:
    """What is wrong: one line on standard error, at every level."""
    click.echo(f"error: {words}", err=True)


def note(words: str) -> None:
    """What a reader should know beside the answer: one line on standard error, unless quiet."""
    if level() >= Level.NORMAL:
        click.echo(words, err=True)


def detail(words: str) -> None:
    """What is done and whence: one line on standard error, if verbose."""
    if level() >= Level.VERBOSE:
        click.echo(f"  {words}", err=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Says afterwards, if verbose, how long the work inside took."""
    started = time.perf_counter()
    yield
    detail(f"{what}: {time.perf_counter() - started:.2f} s")
