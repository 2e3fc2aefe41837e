"""Power: the board at rest, static power, and energy per action from sustained loads, with random and with zero operands.

The energy of a multiply-add, a result or a byte is that of the whole kernel around it (fetch, registers, operands from shared
memory), at the board's input. Where no kind of load ran at two rates, static power is taken as that of the board at rest
behind the load, which is a lower bound: the energies are upper bounds then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median

from narrowgauge.archmodels.machine_fit import Reading
from narrowgauge.calibration.datasets.microbench import BEYOND_L2
from narrowgauge.calibration.machine import alu, energy, tensor
from narrowgauge.calibration.machine.board import Board
from narrowgauge.calibration.machine.energy import STATIC, Anchor, Load
from narrowgauge.calibration.machine.figures import CONFIDENCE, MAD_TO_SIGMA, Finding, Missing
from narrowgauge.dataflows.gemm_profiles import has_wgmma
from narrowgauge.measurements import PointRecord, PowerWindow

MMA, WGMMA, CORES = "power-mma-sync", "power-wgmma", "power-cuda-core"
SHARED, MEMORY = "power-shared-memory", "power-memory"
BENCHES = (MMA, WGMMA, CORES, SHARED, MEMORY)
ENERGIES, ZERO = "energy_pj", "energy_pj_zero_data"
_L2 = "l2_byte"
WITH_RANDOM = "static power of the loads with random operands"
AT_REST = "no kind of load at two rates: taken as the board at rest behind the load, a lower bound"


def readings(board: Board) -> Iterator[Finding]:
    """Idle and static power and the energies with random operands; then, with that static power, those with zero operands."""
    points = [(bench, record, record.power) for bench in BENCHES for record in board.of(bench) if record.power]
    if not points:
        return
    idle = [watts for _, _, window in points if (watts := window.idle_before_w) is not None]
    yield from _at_rest(board, idle)
    behind = [watts for _, _, window in points if (watts := window.idle_after_w) is not None]
    anchors = [*_static_at_rest(behind), *_specified_l2(board)]
    loads = {data: list(_loads(board, points, data)) for data in ("random", "zero")}
    source = f"{board.origin(points[0][0])} and the other power benches"
    found = energy.solved(loads["random"], "energies with random operands", anchors)
    if isinstance(found, Missing):
        yield found
        return
    static = energy.static_power(found, len(loads["random"]), source)
    yield static
    yield from energy.energies(found, loads["random"], ENERGIES, source)
    yield from energy.left_out("power", loads["random"], anchors)
    known = Anchor(STATIC, static.value, (static.high - static.low) / (2 * CONFIDENCE), WITH_RANDOM)
    zero = energy.solved(loads["zero"], "energies with operands of zero", anchors, [known])
    yield from [zero] if isinstance(zero, Missing) else energy.energies(zero, loads["zero"], ZERO, source)


def actions(board: Board, bench: str, record: PointRecord) -> Mapping[str, float]:
    """Actions of one launch by the names of the specification's energies; empty where it has none for them."""
    axes, work, sms = record.axes, record.work, board.record.sm_count
    match bench:
        case "power-mma-sync" | "power-wgmma":
            field = tensor.format_of(str(axes["instruction"]))
            emulated = "mma_sync_" if has_wgmma(board.machine.architecture) and bench == MMA else ""
            return {f"{emulated}mac_{field}": work["macs"]} if field else {}
        case "power-cuda-core":
            name = alu.class_of(str(axes["step"]))
            return {f"alu_{name}": alu.results(record) * sms} if name else {}
        case "power-shared-memory":
            return {"smem_byte": work["bytes_per_sm"] * sms}
        case _:
            from_dram = int(axes["percent_of_l2"]) >= 100 * BEYOND_L2
            return {_L2: work["bytes"]} | ({"dram_byte": work["bytes"]} if from_dram else {})


def _loads(board: Board, points: list[tuple[str, PointRecord, PowerWindow]], data: str) -> Iterator[Load]:
    for bench, record, window in points:
        done = actions(board, bench, record)
        if done and record.axes.get("data", "random") == data:
            per_second = window.launches / window.seconds
            group = bench, tuple(sorted((k, v) for k, v in record.axes.items() if k != "data"))
            yield Load(group, window.power_w, {action: count * per_second for action, count in done.items()})


def _at_rest(board: Board, idle: list[float]) -> Iterator[Finding]:
    path = "power.idle_w"
    if idle:
        source = board.origin(next(bench for bench in BENCHES if board.of(bench)))
        note = "context open, before each load"
        yield Reading(
            path=path, value=median(idle), low=min(idle), high=max(idle), unit="W", points=len(idle), source=source, note=note
        )
    else:
        yield Missing(path, "no energy counter was read at rest")


def _specified_l2(board: Board) -> Iterator[Anchor]:
    """The energy of a byte from L2, which reading DRAM alone does not tell from the byte's way into L2."""
    if f"{ENERGIES}.{_L2}" in board.machine.quantities:
        yield Anchor(_L2, board.machine.value(f"{ENERGIES}.{_L2}"), 0.0, "the specification: no load reads L2 alone")


def _static_at_rest(behind: list[float]) -> Iterator[Anchor]:
    if behind:
        middle = median(behind)
        spread = MAD_TO_SIGMA * median(abs(watts - middle) for watts in behind)
        yield Anchor(STATIC, middle, spread, AT_REST)
