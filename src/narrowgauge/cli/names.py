"""Names as values of options: what a shell completes them to, and the nearest one where only listed names are allowed.

Nothing is imported before a name is completed or checked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem
from click.types import StringParamType

from narrowgauge.errors import NarrowgaugeError, nearest
from narrowgauge.registry import canonical

Names = Callable[[], Iterable[str]]


class Name(StringParamType):
    """A text that may be one of the names; who looks it up says what is wrong with it. `files` says that a path may stand in its
    place, `topic` how `list` calls the names."""

    def __init__(self, name: str, names: Names, topic: str | None = None, files: bool = False) -> None:
        self.name = name
        self._names, self._topic, self._files = names, topic, files

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str | None:
        """Where the names are."""
        return f"`narrowgauge list {self._topic}` prints the names" if self._topic else None

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Names that begin so; files where there is none."""
        found = beginning(self._names(), incomplete)
        return found or ([CompletionItem(incomplete, type="file")] if self._files else [])


class OneOf(Name):
    """One of the names and nothing else; `_` and `-` are alike, capitals are small."""

    def __init__(self, names: Names | Sequence[str]) -> None:
        super().__init__("name", names if callable(names) else lambda: names)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The canonical name; fails with the nearest."""
        name, allowed = canonical(str(value)), list(self._names())
        if name not in allowed:
            self.fail(f"given '{value}'; {nearest(name, allowed)}", param, ctx)
        return name


class Override(Name):
    """PATH=VALUE with a path of the machine that the same command line names."""

    def __init__(self) -> None:
        super().__init__("override", tuple)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Paths of that machine that begin so."""
        given = (ctx.params.get("machine"), *ctx.args)  # an argument before an option without a value stays in `args`
        named = next((value for value in given if isinstance(value, str)), None)
        try:
            paths = _paths(named, ctx.params.get("fits")) if named else []
        except NarrowgaugeError:
            return []
        return beginning((f"{path}=" for path in paths), incomplete)


def beginning(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """The names that begin as given, `_` and `-` and capitals alike."""
    wanted = incomplete.lower().replace("_", "-")
    return [CompletionItem(name) for name in names if name.lower().replace("_", "-").startswith(wanted)]


def _paths(machine: str, fits: Path | None) -> list[str]:
    if canonical(machine) in _memories():
        from narrowgauge.sim.dram import load_standard

        return [f"timing.{name}" for name in load_standard(machine).timing]
    from narrowgauge.archmodels import describe
    from narrowgauge.cli.what_if import hardware

    return [row.path for row in describe(hardware(machine, fits)).rows]


def _hardware() -> Iterable[str]:
    from narrowgauge.archmodels import machine_names, npu_names, pim_names, system_names

    return (*machine_names(), *pim_names(), *npu_names(), *system_names())


def _models() -> Iterable[str]:
    from narrowgauge.workloads import model_names

    return model_names()


def _schemes() -> Iterable[str]:
    from narrowgauge.formats import SCHEMES

    return SCHEMES


def _frameworks() -> Iterable[str]:
    from narrowgauge.experiments.serving import NAMES

    return NAMES


def _fidelities() -> Iterable[str]:
    from narrowgauge.experiments.fidelity import Fidelity

    return tuple(Fidelity)


def _benches() -> Iterable[str]:
    from narrowgauge.kernels.discovery import load_benches

    return load_benches()


def _executors() -> Iterable[str]:
    from narrowgauge.experiments.sweep.executors import NAMES

    return NAMES


def _memories() -> Collection[str]:
    from narrowgauge.sim.dram import standard_names

    return standard_names()


HARDWARE = Name("hardware", _hardware, topic="machines", files=True)
MODEL = Name("model", _models, topic="models", files=True)
SCHEME = Name("scheme", _schemes, topic="schemes")
MEMORY = Name("memory", _memories, topic="memories")
FRAMEWORK = Name("framework", _frameworks)
FIDELITY = Name("fidelity", _fidelities)
BENCH = Name("bench", _benches)
EXECUTOR = Name("executor", _executors)
OVERRIDE = Override()
