"""Tensor cores: multiply-adds per SM and cycle by operand format, the share that mma.sync reaches, latencies.

The rate of a format is the plateau of its fastest dense instruction: of wgmma where it exists, else of mma.sync. A format that
the specification has no unit for is not added: its instruction may be emulated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from narrowgauge.calibration.machine import saturation
from narrowgauge.calibration.machine.board import Board
from narrowgauge.calibration.machine.figures import Figure, Finding, Missing, cycles_each, plateau, rate, reading
from narrowgauge.dataflows.gemm_profiles import has_wgmma
from narrowgauge.measurements import PointRecord

MMA, WGMMA, WAITED = "mma-sync", "wgmma", "wgmma-latency"
RATES, LATENCIES = "tensor_macs_per_sm_cycle", "tensor_latency_cycles"
UNIT = "MAC/SM/cycle"
#: operand and accumulator of an instruction: field of the specification
FORMATS = {
    ("f16", "f32"): "fp16", ("bf16", "f32"): "bf16", ("tf32", "f32"): "tf32", ("s8", "s32"): "int8", ("s4", "s32"): "int4",
    ("e4m3", "f32"): "fp8", ("e5m2", "f32"): "fp8", ("b1and", "s32"): "b1", ("b1xor", "s32"): "b1",
    ("f16", "f16"): "fp16_f16acc", ("e4m3", "f16"): "fp8_f16acc",
}  # fmt: skip
_NAME = re.compile(r"(?P<element>[a-z0-9]+)_(?P<accumulator>[a-z0-9]+)(_.*)?")

Curves = Mapping[str, list[Figure]]


def format_of(instruction: str) -> str | None:
    """The field of an instruction such as `f16_f32_m16n8k16`; None for sparse ones and for what no field stands for."""
    match = _NAME.fullmatch(instruction)
    return FORMATS.get((match["element"], match["accumulator"])) if match else None


def readings(board: Board) -> Iterator[Finding]:
    """Rates, mma.sync's share of them, latencies, and the held-out error of the curve of throughput."""
    warp, group = _curves(board, MMA), _curves(board, WGMMA)
    native, bench = (group, WGMMA) if has_wgmma(board.machine.architecture) else (warp, MMA)
    yield from _rates(board, native, bench)
    if native is group:
        yield from _share(board, warp, group)
    yield from _latencies(board)
    if warp:
        yield from saturation.judged(MMA, list(warp.values()), _macs_on_their_way)


def _curves(board: Board, bench: str) -> dict[str, list[Figure]]:
    """Multiply-adds per SM and cycle of every setting, by instruction; a width of wgmma is a setting."""
    found: dict[str, list[Figure]] = {}
    for record in board.of(bench):
        figure = rate(record, record.work["macs_per_sm"])
        if figure is not None:
            found.setdefault(str(record.axes["instruction"]), []).append(_with_macs(figure, record))
    return found


def _with_macs(figure: Figure, record: PointRecord) -> Figure:
    """The figure with the multiply-adds of one instruction among its axes: concurrency is counted in them."""
    macs = record.work["macs_per_sm"] / record.work["instructions"] / record.work["warps_per_sm"]
    return Figure({**figure.axes, "macs": int(macs)}, figure.value, figure.error, figure.noise)


def _macs_on_their_way(figure: Figure) -> float:
    return float(figure.axes["warps"]) * float(figure.axes["ilp"]) * float(figure.axes["macs"])


def _rates(board: Board, curves: Curves, bench: str) -> Iterator[Finding]:
    fastest = _fastest(curves)
    for field, (instruction, top) in fastest.items():
        path = f"{RATES}.{field}"
        if path in board.machine.quantities:
            yield from reading(path, top, UNIT, board.origin(bench), instruction)
        else:
            does = f"{instruction} does {top[0].value:.4g} {UNIT}"
            yield Missing(path, f"{does}, the specification has no such unit and a fit adds none: it may be emulated")
    for path in board.machine.specification.quantities:
        if curves and path.startswith(f"{RATES}.") and path.removeprefix(f"{RATES}.") not in fastest:
            yield Missing(path, f"no trusted point of {bench} with these operands")


def _fastest(curves: Curves) -> dict[str, tuple[str, list[Figure]]]:
    """Field: its fastest instruction with the points of its plateau."""
    found: dict[str, tuple[str, list[Figure]]] = {}
    for instruction, figures in sorted(curves.items(), key=lambda item: max(figure.value for figure in item[1])):
        field = format_of(instruction)
        if field is not None:
            found[field] = instruction, plateau(figures)
    return found


def _share(board: Board, warp: Curves, group: Curves) -> Iterator[Finding]:
    """mma.sync against wgmma, over the formats that both were measured with."""
    path = "sm.mma_sync_fraction"
    slow, fast = _fastest(warp), _fastest(group)
    shares = {field: slow[field][1][0].value / fast[field][1][0].value for field in slow if field in fast}
    if not shares:
        yield Missing(path, f"no format was measured with both {MMA} and {WGMMA}")
    figures = [Figure({"format": field}, min(1.0, share), 0.0, 0.0) for field, share in shares.items()]
    yield from reading(path, figures, "ratio", board.origin(MMA), f"of {', '.join(shares)}")


def _latencies(board: Board) -> Iterator[Finding]:
    """Cycles of one instruction whose result the next one needs: of one warp with one chain, and of wgmma with a wait."""
    for bench in (MMA, WAITED):
        chains = [r for r in board.of(bench) if bench == WAITED or (r.axes["warps"], r.axes["ilp"]) == (1, 1)]
        for record in chains:
            figure = cycles_each(record, record.work["instructions"])
            path = f"{LATENCIES}.{record.axes['instruction']}"
            yield from reading(path, [figure] if figure else [], "cycle", board.origin(bench))
