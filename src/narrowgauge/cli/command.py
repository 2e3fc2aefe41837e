"""A command of narrowgauge: it can be quiet or verbose, and its help ends with examples that fit the terminal."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import click

from narrowgauge.cli import voice

Entries = Sequence[tuple[str, str]]
_CONTINUED = "    "


class Command(click.Command):
    """`examples` are whole command lines, `sections` are lists of terms by their heading; both stand below the options."""

    def __init__(self, *args: Any, examples: Sequence[str], sections: Mapping[str, Entries] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        self.sections = dict(sections or {})
        self._voice = voice.options()

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own, then quiet and verbose, then help."""
        params = super().get_params(ctx)
        return [*params[: len(self.params)], *self._voice, *params[len(self.params) :]]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The sections, then the examples; a long example goes on in a second line, as a shell takes it."""
        for heading, entries in self.sections.items():
            with formatter.section(heading):
                formatter.write_dl(entries)
        with formatter.section("Examples"):
            for example in self.examples:
                for line in folded(example, formatter.width - formatter.current_indent):
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")

    def invoke(self, ctx: click.Context) -> Any:
        """Run; if verbose, say what ran and how long."""
        started = time.perf_counter()
        if voice.level_of(ctx) >= voice.Level.VERBOSE:
            from importlib.metadata import version

            voice.detail(f"narrowgauge {version('narrowgauge')}, Python {sys.version.split()[0]}: {ctx.command_path}")
        answer = super().invoke(ctx)
        voice.detail(f"done in {time.perf_counter() - started:.2f} s")
        return answer


def folded(example: str, width: int) -> list[str]:
    """The command line in lines of at most `width` columns, broken before options where it is longer."""
    lines: list[str] = []
    for part in re.split(r" (?=--[a-z]|-o )", example):
        room = width - len(" \\") if lines else width
        if lines and len(lines[-1]) + 1 + len(part) <= room:
            lines[-1] += f" {part}"
        else:
            lines.append(f"{_CONTINUED}{part}" if lines else part)
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:]
