"""What the operators of a pass cost on the host of a machine: a calibrated GPU, or an NPU."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from narrowgauge.archmodels import Machine, Npu
from narrowgauge.archmodels.npu import Work
from narrowgauge.errors import UnsupportedError
from narrowgauge.experiments.hetero.plan import HOST, device_line
from narrowgauge.experiments.predict_calls import decode_calls, prefill_calls
from narrowgauge.experiments.predict_passes import Line, assemble
from narrowgauge.experiments.predict_pricing import price_calls
from narrowgauge.experiments.predict_reasons import MODELLED
from narrowgauge.experiments.predict_request import Request, SystemRequest
from narrowgauge.units import BITS_PER_BYTE
from narrowgauge.workloads import (
    AllGather,
    AllReduce,
    Attention,
    Elementwise,
    Gemm,
    Graph,
    GroupedGemm,
    Kind,
    Operator,
    Phase,
)

NORMS = (Kind.RMSNORM, Kind.ADD_RMSNORM, Kind.LAYERNORM)
RULES = "tiles through systolic arrays, memory by the bank model"


def gpu_lines(request: SystemRequest, gpu: Machine, phase: Phase) -> list[Line]:
    """Lines of a GPU as `predict` has them, without its static energy, which is that of the pass. Raises UnsupportedError for a
    scheme that the GPU cannot run."""
    asked = {name: value for name, value in vars(request).items() if name != "machine"}
    own = Request(**asked, machine=gpu)
    calls = prefill_calls(own) if phase is Phase.PREFILL else decode_calls(own)
    prices = price_calls((weighted.call for weighted in calls), gpu, own.fidelity, own.physics_only)
    found = assemble(phase, 1, calls, prices, gpu, own.framework, own.batch * own.model.vocab)
    return [_dynamic(replace(line, device=HOST), found.static_w) for line in found.lines]


def _dynamic(line: Line, static_w: float) -> Line:
    return replace(line, energy_mj=line.energy_mj - static_w * line.total_us.value * 1e-3)  # W × us = 1e-3 mJ


def npu_lines(npu: Npu, graphs: Sequence[Graph]) -> list[Line]:
    """Lines of an NPU, attention as the mean over the graphs, which differ in their context alone. Operators between devices have
    none where the specification knows no link. Raises UnsupportedError for formats that its arrays do not multiply."""
    return [line for ops in zip(*(graph.operators for graph in graphs), strict=True) if (line := _npu_line(npu, graphs[0], ops))]


def _npu_line(npu: Npu, graph: Graph, ops: Sequence[Operator]) -> Line | None:
    works = [work for op in ops if (work := _work(npu, op)) is not None]
    if not works:
        return None
    middle, op = works[len(works) // 2], ops[0]

    def mean(name: str) -> float:
        return float(sum(getattr(work, name) for work in works)) / len(works)

    tile = {} if middle.tile is None else {f"tile_{name}": float(getattr(middle.tile, name)) for name in "mnk"}
    return device_line(
        phase=graph.phase,
        operator=op.name,
        device=HOST,
        count=op.count,
        latency_us=mean("latency_us"),
        interval=npu.value("interval"),
        bound_by=middle.bound_by,
        source=f"{npu.name}: {RULES}",
        relation=MODELLED,
        energy_mj=mean("energy_mj"),
        actions={
            "mac": mean("macs"),
            "dram_byte": mean("dram_bytes"),
            "array_cycle": sum(work.array_us for work in works) / len(works) * npu.value("clock_mhz"),
        },
        choice=tile,
    )


def _work(npu: Npu, op: Operator) -> Work | None:
    match op:
        case Gemm():
            _check(npu, op.name, op.scheme.weight.bits, op.scheme.activation.bits)
            return npu.gemm(op.m, op.n, op.k)
        case GroupedGemm():
            _check(npu, op.name, op.scheme.weight.bits, op.scheme.activation.bits)
            return npu.gemm(max(math.ceil(op.m), 1), op.n, op.k, max(round(op.groups), 1))
        case Attention():
            _check(npu, op.name, op.kv.bits, op.query.bits)
            queries = op.num_heads // op.num_kv_heads * op.query_len
            moved = op.kv_bytes + op.activation_bytes
            return npu.attention(op.batch * op.num_kv_heads, queries, op.visible_tokens, op.head_dim, op.value_dim, moved)
        case Elementwise():
            elements = op.rows * max(op.width, op.second_width)
            return npu.vector(elements, "norm" if op.kind in NORMS else "other", op.bytes_read + op.bytes_written)
        case AllReduce() | AllGather():
            return _collective(npu, op)


def _collective(npu: Npu, op: AllReduce | AllGather) -> Work | None:
    """A ring: every byte of the payload crosses a link once, that of a sum twice, but for a device's own part."""
    if "link_gb_per_s" not in npu.quantities:
        return None
    crossings = 2 if isinstance(op, AllReduce) else 1
    sent = crossings * op.bytes * (op.ranks - 1) / op.ranks
    latency = sent / npu.value("link_gb_per_s") * 1e-3  # GB/s = 1e3 B/us
    return Work(latency, {"link": latency}, None, 0.0, 0.0, 0.0)


def _check(npu: Npu, operator: str, *bits: int) -> None:
    own = npu.element_bytes * BITS_PER_BYTE
    if any(width != own for width in bits):
        raise UnsupportedError(f"{npu.name} multiplies operands of {own:g} bits, {operator} has {' and '.join(map(str, bits))}")
