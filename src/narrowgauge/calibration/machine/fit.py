"""Records and published tables of a machine to its fit, with all that should be said of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from narrowgauge.archmodels import Machine, load_gpu, machine_names
from narrowgauge.archmodels.machine_fit import MachineFit
from narrowgauge.calibration.datasets import microbench
from narrowgauge.calibration.machine import targets
from narrowgauge.calibration.machine.board import Board
from narrowgauge.calibration.machine.changes import Account, Change, account, changes
from narrowgauge.calibration.machine.extract import extract
from narrowgauge.calibration.machine.figures import Missing
from narrowgauge.calibration.machine.library import too_few
from narrowgauge.calibration.machine.published import published_fit
from narrowgauge.calibration.machine.targets import Comparison
from narrowgauge.errors import Problem


@dataclass(frozen=True)
class Outcome:
    """A machine fit: what it changes, what it could not tell, and, of records, what counts and how published values compare."""

    fit: MachineFit
    changes: tuple[Change, ...]
    missing: tuple[Missing, ...]
    unread: tuple[str, ...] = ()
    account: Account | None = None
    comparisons: tuple[Comparison, ...] = ()
    notes: tuple[Problem, ...] = ()


def fit_board(board: Board, data: Path | None = None) -> Outcome:
    """The fit of the records of a board; what they do not tell is taken from the published tables in `data`, if those know
    the machine."""
    found = extract(board)
    fit = MachineFit(
        machine=board.machine.name,
        architecture=board.machine.architecture,
        gpu=board.record.gpu,
        sources=board.sources,
        valid_range=_valid_range(board),
        readings=found.readings,
        held_out=found.held_out,
    )
    published = published_fit(data, board.machine) if data else None
    if published is not None:
        fit = _completed(fit, published[0])
    return Outcome(
        fit=fit,
        changes=changes(board.machine, fit.readings),
        missing=(*found.missing, *too_few(board)),
        unread=found.unread,
        account=account(board.found),
        comparisons=targets.compared(board),
        notes=board.found.notes,
    )


def fit_tables(data: Path, machines: tuple[str, ...] = ()) -> tuple[Outcome, ...]:
    """The fits of every machine, or of these, that the published tables in a folder know."""
    known = {name for name in microbench.HARDWARE.values() if name in machine_names() and name in (machines or machine_names())}
    found = [(machine, published_fit(data, machine)) for machine in map(load_gpu, sorted(known))]
    return tuple(_of_tables(machine, *published) for machine, published in found if published is not None)


def error_rows(fit: MachineFit) -> list[dict[str, Any]]:
    """One row per model of a machine's numbers, in the columns of `calibration.report.table`."""
    return [
        {
            "machine": fit.machine,
            "family": "machine",
            "precision": held.model,
            "library": "",
            "rows": held.points,
            "physics": held.error,
            "noise": held.noise,
        }
        for held in fit.held_out
    ]


def _of_tables(machine: Machine, fit: MachineFit, missing: tuple[Missing, ...]) -> Outcome:
    return Outcome(fit, changes(machine, fit.readings), missing)


def _completed(own: MachineFit, published: MachineFit) -> MachineFit:
    """The own fit with the published readings of other paths."""
    have = {reading.path for reading in own.readings}
    more = tuple(reading for reading in published.readings if reading.path not in have)
    return own.model_copy(
        update={
            "readings": (*own.readings, *more),
            "sources": (*own.sources, *published.sources),
            "held_out": (*own.held_out, *published.held_out),
        }
    )


def _valid_range(board: Board) -> dict[str, tuple[float, float]]:
    """The clocks and powers that the trusted points ran at."""
    trusted = [record for _, record in board.found.records if record.trusted]
    clocks = [clock.median for record in trusted if (clock := record.clock_mhz)]
    powers = [record.power.power_w for record in trusted if record.power]
    columns = {"clock_mhz": clocks, "power_w": powers}
    return {name: (min(values), max(values)) for name, values in columns.items() if values}
