"""What `fit` and `validate` work on: a folder of data, records of a board, or both, taken apart into kernels and machines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from narrowgauge.calibration.campaign import holds_kernels
from narrowgauge.calibration.datasets.catalogue import DataSet
from narrowgauge.calibration.machine.board import read_board
from narrowgauge.calibration.machine.fit import Outcome, fit_board, fit_tables
from narrowgauge.calibration.machine.library import library_rows


@dataclass(frozen=True)
class Material:
    """`kernels` is the folder with measured kernels, `recorded` are those of a library among the records, `machines` the fits of
    the machines' own numbers."""

    kernels: Path | None
    recorded: tuple[DataSet, ...]
    machines: tuple[Outcome, ...]


def material(data: Path | None, records: Path | None, hardware: tuple[str, ...]) -> Material:
    """What a folder of data and a file or folder of records hold, of this hardware or of all; records are of one GPU, which
    `hardware` may name, also by its YAML file. A folder that holds nothing is left for the fit of kernels to refuse.

    Raises InputError for records or tables that cannot be used."""
    board = read_board(records, hardware[0] if hardware else None) if records else None
    own = (fit_board(board, data),) if board else ()
    mine = {outcome.fit.machine for outcome in own}
    published = fit_tables(data, hardware) if data else ()
    machines = (*own, *(outcome for outcome in published if outcome.fit.machine not in mine))
    kernels = data if data and (holds_kernels(data) or not machines) else None
    return Material(kernels, library_rows(board) if board else (), machines)
