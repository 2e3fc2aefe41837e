"""Shared memory, L1, L2 and DRAM: bytes per cycle and latencies, by where the working set rests.

The bands of working sets are those of the published tables (`datasets.microbench`), so that both tell the same thing. The near
partition of the L2 is what one SM sees of a small working set; the far one is the SM that waits longest for a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from statistics import median

from narrowgauge import units
from narrowgauge.calibration.datasets.microbench import ABOVE_L1, BEYOND_L2, WITHIN_L2, WITHIN_NEAR_L2
from narrowgauge.calibration.machine import saturation
from narrowgauge.calibration.machine.board import Board
from narrowgauge.calibration.machine.figures import (
    Figure,
    Finding,
    Missing,
    cycles_each,
    held_out,
    launch_us,
    noise_of,
    plateau,
    rate,
    reading,
)
from narrowgauge.measurements import PointRecord

SHARED, L1, LDMATRIX = "shared-bandwidth", "l1-bandwidth", "ldmatrix"
CHASE, PLACES, SHARED_CHASE, STREAM = "memory-latency", "l2-latency-by-place", "shared-latency", "memory-stream"
ON_CHIP = "B/SM/cycle"

#: bench: path, and how the names of the accesses begin that count
_BANDWIDTHS = {
    SHARED: ("sm.smem_bytes_per_cycle", "shared_load"),
    L1: ("l1.bytes_per_cycle", "l1_load"),
    LDMATRIX: ("sm.ldmatrix_bytes_per_cycle", "ldmatrix"),
}


def on_chip(board: Board) -> Iterator[Finding]:
    """Bytes per SM and cycle of shared memory, L1 and ldmatrix, and the held-out error of their curves over warps."""
    for bench, (path, access) in _BANDWIDTHS.items():
        curves: dict[str, list[Figure]] = {}
        for record in board.of(bench):
            figure = rate(record, record.work["bytes_per_sm"])
            if figure is not None and str(record.axes["access"]).startswith(access):
                curves.setdefault(str(record.axes["access"]), []).append(figure)
        top = plateau(figure for figures in curves.values() for figure in figures)
        note = ", ".join(dict.fromkeys(str(figure.axes["access"]) for figure in top))
        if top:
            yield from reading(path, top, ON_CHIP, board.origin(bench), note)
            yield from saturation.judged(bench, list(curves.values()), lambda figure: float(figure.axes["warps"]))


def latencies(board: Board) -> Iterator[Finding]:
    """Cycles of a dependent load from shared memory, L1, the near and the far L2, and DRAM."""
    yield from reading("sm.smem_latency_cycles", _chases(board, SHARED_CHASE), "cycle", board.origin(SHARED_CHASE))
    if board.of(CHASE):
        yield from _levels(board)
    places = [figure for record in board.of(PLACES) if (figure := _slowest(record))]
    yield from reading("l2.latency_far_cycles", places, "cycle", board.origin(PLACES))


def _levels(board: Board) -> Iterator[Finding]:
    """The levels that working sets of a chase rest in, each set predicted by the others of its level."""
    l1_kb, l2_kb = board.machine.value("sm.smem_kb"), board.record.l2_bytes / units.BYTES_PER_KB
    near = ABOVE_L1 * l1_kb, WITHIN_NEAR_L2 * l2_kb
    bands = (
        ("l1.latency_cycles", "l1", 0.0, l1_kb / ABOVE_L1),
        ("l2.latency_near_cycles", "l2", *near),
        ("dram.latency_cycles", "l2", BEYOND_L2 * l2_kb, float("inf")),
    )
    chases, errors, groups = _chases(board, CHASE), [], 0
    for path, through, low, high in bands:
        inside = [f for f in chases if f.axes["through"] == through and low <= float(f.axes["working_set_kb"]) <= high]
        yield from reading(path, inside, "cycle", board.origin(CHASE))
        if not inside:
            yield Missing(path, f"no working set of {CHASE} between {low:.0f} and {high:.0f} KB")
        found = list(_left_out(inside, lambda figure: float(figure.axes["working_set_kb"])))
        errors += found
        groups += len(found)
    yield from held_out(CHASE, errors, groups, noise_of(chases))


def bandwidths(board: Board) -> Iterator[Finding]:
    """Bytes per SM and cycle of the L2; shares of the pins' bandwidth that reads, writes and copies of DRAM reach."""
    streams = [(record, figure) for record in board.of(STREAM) if (figure := _gb_per_s(record))]
    if not streams:
        return
    low, high = (100 * share for share in WITHIN_L2)
    per_cycle = [
        figure.times(units.BYTES_PER_GB / units.US_PER_S / (board.record.sm_count * clock.median))
        for record, figure in streams
        if (clock := record.clock_mhz) and record.axes["access"] == "stream_read" and low <= _percent(figure) <= high
    ]
    errors = list(_left_out(per_cycle, _percent))
    path = "l2.bytes_per_sm_cycle"
    yield from reading(path, per_cycle, ON_CHIP, board.origin(STREAM))
    if not per_cycle:
        yield Missing(path, f"no stream_read of {low:.0f} to {high:.0f} % of the L2 with a clock")
    pins = board.machine.value("dram.bandwidth_gb_per_s")
    for access in ("read", "write", "copy"):
        beyond = [
            figure.times(1 / pins)
            for _, figure in streams
            if figure.axes["access"] == f"stream_{access}" and _percent(figure) >= 100 * BEYOND_L2
        ]
        yield from reading(f"dram.{access}_share", beyond, "ratio", board.origin(STREAM))
        errors += _left_out(beyond, _percent)
    yield from held_out(STREAM, errors, len(errors), noise_of(figure for _, figure in streams))


def _chases(board: Board, bench: str) -> list[Figure]:
    return [figure for record in board.of(bench) if (figure := cycles_each(record, record.work["loads"]))]


def _slowest(record: PointRecord) -> Figure | None:
    """Cycles per load of the SM that waited longest."""
    figure, slowest = cycles_each(record, record.work["loads"]), record.summary("cycles_max")
    if figure is None or slowest is None:
        return None
    return Figure(figure.axes, slowest.median / record.work["loads"], slowest.noise, figure.noise)


def _gb_per_s(record: PointRecord) -> Figure | None:
    figure = launch_us(record)
    if figure is None:
        return None
    bytes_per_us = record.work["bytes"] / figure.value
    return Figure(figure.axes, bytes_per_us * units.US_PER_S / units.BYTES_PER_GB, figure.error, figure.noise)


def _percent(figure: Figure) -> float:
    return float(figure.axes["percent_of_l2"])


def _left_out(figures: Iterable[Figure], size: Callable[[Figure], float]) -> Iterator[float]:
    """Relative errors of the figures of each size, predicted by the median of the other sizes."""
    found = list(figures)
    for one in found:
        others = [figure.value for figure in found if size(figure) != size(one)]
        if others:
            yield median(others) / one.value - 1
