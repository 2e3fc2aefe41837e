"""Which benches tell which numbers, in one table, and everything that the records of a board say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from narrowgauge.archmodels.machine_fit import HeldOutError, Reading
from narrowgauge.archmodels.schema import rules
from narrowgauge.calibration.machine import alu, launch, memory, power, tensor
from narrowgauge.calibration.machine.board import Board
from narrowgauge.calibration.machine.figures import Finding, Missing
from narrowgauge.dataflows.gemm_profiles import has_wgmma


@dataclass(frozen=True)
class Extractor:
    """The benches that it needs, of which those in `hopper` exist there alone, and what it reads from them."""

    benches: tuple[str, ...]
    read: Callable[[Board], Iterator[Finding]]
    hopper: tuple[str, ...] = ()


EXTRACTORS = (
    Extractor((tensor.MMA,), tensor.readings, hopper=(tensor.WGMMA, tensor.WAITED)),
    Extractor((alu.BENCH,), alu.readings),
    Extractor((memory.SHARED, memory.L1, memory.LDMATRIX), memory.on_chip),
    Extractor((memory.SHARED_CHASE, memory.CHASE, memory.PLACES), memory.latencies),
    Extractor((memory.STREAM,), memory.bandwidths),
    Extractor((launch.STREAM, launch.GRAPH), launch.readings),
    Extractor((power.MMA, power.CORES, power.SHARED, power.MEMORY), power.readings, hopper=(power.WGMMA,)),
)


@dataclass(frozen=True)
class Extract:
    """What records say: readings, the errors of the models behind them, and what is missing and why. `unread` are measured
    benches that no number rests on."""

    readings: tuple[Reading, ...]
    held_out: tuple[HeldOutError, ...]
    missing: tuple[Missing, ...]
    unread: tuple[str, ...]


def extract(board: Board) -> Extract:
    """Everything that the records of a board say."""
    findings = list(_findings(board))
    known = {bench for extractor in EXTRACTORS for bench in (*extractor.benches, *extractor.hopper)}
    return Extract(
        readings=tuple(f for f in findings if isinstance(f, Reading)),
        held_out=tuple(f for f in findings if isinstance(f, HeldOutError)),
        missing=tuple(f for f in findings if isinstance(f, Missing)),
        unread=tuple(bench for bench in board.found.benches if bench not in known and not bench.startswith("library-")),
    )


def _findings(board: Board) -> Iterator[Finding]:
    there = set(board.found.benches)
    for extractor in EXTRACTORS:
        wanted = (*extractor.benches, *(extractor.hopper if has_wgmma(board.machine.architecture) else ()))
        yield from (Missing(bench, board.why_not(bench)) for bench in wanted if bench not in there)
        yield from _read(extractor, board)


def _read(extractor: Extractor, board: Board) -> Iterator[Finding]:
    try:
        for finding in extractor.read(board):
            yield _possible(finding) if isinstance(finding, Reading) else finding
    except (KeyError, ValueError, ArithmeticError) as error:  # of another version of the bench, or not written by it
        what = (
            "an axis or a count is missing" if isinstance(error, KeyError) else "an axis or a count is no number that it can be"
        )
        yield Missing(", ".join(extractor.benches), f"{what}: {error}; measure these benches again with this version")


def _possible(reading: Reading) -> Finding:
    """The reading, or why no machine can have that number."""
    faults = rules()[reading.path].faults_of_value(reading.value) if reading.path in rules() else []
    return Missing(reading.path, "; ".join(faults)) if faults else reading
