"""`narrowgauge completion`: the script by which a shell completes commands, options, names and parameter paths."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from narrowgauge.cli import names
from narrowgauge.cli.command import Command

SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
#: the variable by which the shell asks: click takes it from the program's name
VARIABLE = "_NARROWGAUGE_COMPLETE"
EXAMPLES = (
    "narrowgauge completion bash",
    'eval "$(narrowgauge completion bash)"',
    'eval "$(narrowgauge completion zsh)"',
    "narrowgauge completion fish | source",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("shell", metavar="SHELL", type=names.OneOf(tuple(SHELLS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of SHELL: bash (4.4 or newer), zsh or fish.

    The line below in ~/.bashrc, ~/.zshrc or ~/.config/fish/config.fish switches it on. Then the tab key completes commands,
    options, machines, models, schemes, memories, papers and, behind the machine, the paths that --override takes.
    """
    click.echo(SHELLS[shell](ctx.find_root().command, {}, "narrowgauge", VARIABLE).source())
