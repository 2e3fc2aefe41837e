"""CUDA cores: results per SM and cycle by instruction class, and the latency of every step.

A step of `cuda-core` is 32 results per warp, a packed half2 step 64. The class of a step follows the throughput table of the
CUDA C++ Programming Guide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from narrowgauge.calibration.machine import saturation
from narrowgauge.calibration.machine.board import Board
from narrowgauge.calibration.machine.figures import Figure, Finding, Missing, cycles_each, plateau, rate, reading
from narrowgauge.measurements import PointRecord

BENCH = "cuda-core"
RATES, LATENCIES = "alu_results_per_sm_cycle", "alu_latency_cycles"
UNIT = "result/SM/cycle"
LANES = 32
#: class of the specification: the steps whose results it counts; several must agree, or the interval is wide
CLASSES: Mapping[str, tuple[str, ...]] = {
    "fp32": ("ffma",),
    "fp16x": ("hfma2_f16",),
    "int32_add": ("iadd3",),
    "int32_mad": ("imad",),
    "lop3": ("lop3",),
    "shift": ("shf",),
    "prmt": ("prmt",),
    "cvt_other": ("i2f_s32_f32", "i2f_s8_f32", "f2i_f32_s32"),
    "sfu": ("mufu_ex2",),
    "shfl": ("shfl",),
    "popc": ("popc",),
}
#: results of one step and lane, where they are not one
PACKED: Mapping[str, int] = {"hfma2_f16": 2, "hfma2_bf16": 2, "hadd2_f16": 2}


def class_of(step: str) -> str | None:
    """The class of the specification that a step belongs to."""
    return next((name for name, steps in CLASSES.items() if step in steps), None)


def results(record: PointRecord) -> float:
    """Results of one SM in the timed region."""
    per_lane = PACKED.get(str(record.axes["step"]), 1)
    return record.work["instructions"] * record.work["warps_per_sm"] * LANES * per_lane


def readings(board: Board) -> Iterator[Finding]:
    """Rates of the classes, rates of the steps that no class stands for, latencies, and the curve's held-out error."""
    curves: dict[str, list[Figure]] = {}
    for record in board.of(BENCH):
        figure = rate(record, results(record))
        if figure is not None:
            curves.setdefault(str(record.axes["step"]), []).append(figure)
        yield from _latency(board, record)
    if not curves:
        return
    for name, steps in CLASSES.items():
        path = f"{RATES}.{name}"
        top = [figure for step in steps if step in curves for figure in plateau(curves[step])]
        yield from reading(path, top, UNIT, board.origin(BENCH), ", ".join(step for step in steps if step in curves))
        if not top:
            yield Missing(path, f"no trusted point of {', '.join(steps)}")
    for path in board.machine.specification.quantities:
        if path.startswith(f"{RATES}.") and path.removeprefix(f"{RATES}.") not in CLASSES:
            yield Missing(path, f"no step of {BENCH} is of this class")
    for step in (step for step in curves if class_of(step) is None):
        yield from reading(f"{RATES}.{step}", plateau(curves[step]), UNIT, board.origin(BENCH))
    yield from saturation.judged(BENCH, list(curves.values()), _lanes_on_their_way)


def _lanes_on_their_way(figure: Figure) -> float:
    return float(figure.axes["warps"]) * float(figure.axes["ilp"])


def _latency(board: Board, record: PointRecord) -> Iterator[Finding]:
    """Cycles of one step of a chain: of one warp with one chain."""
    if (record.axes["warps"], record.axes["ilp"]) == (1, 1):
        figure = cycles_each(record, record.work["instructions"])
        path = f"{LATENCIES}.{record.axes['step']}"
        yield from reading(path, [figure] if figure else [], "cycle", board.origin(BENCH))
