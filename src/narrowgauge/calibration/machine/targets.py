"""Published microbenchmarks beside the same points of a user's records: `targets.yaml` says which repeats which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from narrowgauge.calibration.machine.board import Board
from narrowgauge.calibration.machine.figures import Figure, cycles_each, rate
from narrowgauge.measurements import AxisValue

#: what a repeated measurement on the same chip should come within
CLOSE = 0.05
_FIGURES = {"cycles_each": cycles_each, "per_cycle": rate}


@dataclass(frozen=True)
class Target:
    """One published value: the hardware that it holds for, the point that repeats it, what is computed, and the source."""

    hardware: tuple[str, ...]
    bench: str
    axes: Mapping[str, AxisValue]
    figure: str
    value: float
    unit: str
    source: str


@dataclass(frozen=True)
class Comparison:
    """A published value beside the measured one."""

    target: Target
    measured: Figure

    @property
    def ratio(self) -> float:
        """Measured over published."""
        return self.measured.value / self.target.value

    @property
    def close(self) -> bool:
        """Whether they agree within 5 %."""
        return abs(self.ratio - 1) <= CLOSE


@cache
def targets() -> tuple[Target, ...]:
    """All published values."""
    from ruamel.yaml import YAML

    tree = YAML(typ="safe", pure=True).load(files("narrowgauge.calibration.machine").joinpath("targets.yaml").read_text("utf-8"))
    return tuple(
        Target(tuple(tree["groups"][group]), bench, axes, figure, value, unit, tree["sources"][source])
        for group, bench, axes, figure, value, unit, source in tree["targets"]
    )


def compared(board: Board) -> tuple[Comparison, ...]:
    """Every published value of this hardware whose point was measured."""
    mine = [target for target in targets() if board.machine.name in target.hardware]
    pairs = ((target, _measured(board, target)) for target in mine)
    return tuple(Comparison(target, measured) for target, measured in pairs if measured is not None)


def _measured(board: Board, target: Target) -> Figure | None:
    form, count = target.figure.split()
    for record in board.of(target.bench):
        if dict(record.axes) == dict(target.axes) and count in record.work:
            return _FIGURES[form](record, record.work[count])
    return None
