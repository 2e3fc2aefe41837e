"""What an operator costs in the PIM memory of a machine, by its command program; or why it cannot run there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from narrowgauge.archmodels import Npu, System
from narrowgauge.archmodels.heterogeneous.schema import Experts
from narrowgauge.archmodels.pim import DecodeAttention, Gemv, Service, Task, service
from narrowgauge.errors import NarrowgaugeError, UnsupportedError
from narrowgauge.experiments.fidelity import Fidelity
from narrowgauge.experiments.hetero.plan import HOST, LINK, PIM, Way, device_line
from narrowgauge.experiments.predict_reasons import MODELLED
from narrowgauge.units import BITS_PER_BYTE
from narrowgauge.workloads import Attention, Gemm, GroupedGemm, Operator, Phase

CONTEXTS = 4  # of attention that are run on the bank model: time grows with the tokens, in small steps


INCOMPLETE = "energy incomplete"
OVERLAPPED = 8.0  # times the host's latency that work beside the host may take and still be worth a trial


@dataclass(frozen=True)
class Part:
    """A share of an operator's work: a task, and how many times."""

    task: Task
    times: float


def pim_way(system: System, phase: Phase, ops: Sequence[Operator], host_us: float, fidelity: Fidelity) -> Way | str:
    """An operator, as the mean over `ops`, which differ in their context alone; or the reason why it cannot run in the memory,
    empty for operators without a matrix product. What cannot beat the `host_us` of the host even at the full rate of the
    multipliers is not run on the bank model."""
    op = ops[0]
    if not isinstance(op, Gemm | GroupedGemm | Attention):
        return ""
    least_us = op.macs / system.pim.macs_per_us
    if least_us > _worth(system, phase, op) * host_us:
        return f"takes {least_us:.0f} us at the full rate of {system.pim.name}, {host_us:.0f} us on the host"
    try:
        products = (one for one in ops if isinstance(one, Gemm | GroupedGemm | Attention))
        parts = [part for one in products for part in _parts(system, one)]
        priced = [(part.times / len(ops), service(system.pim, part.task)) for part in parts]
        softmax = _softmax(system, phase, ops) if isinstance(op, Attention) else ()
    except NarrowgaugeError as reason:
        return str(reason)
    bound = fidelity is Fidelity.BOUND
    heaviest = max((found for _, found in priced), key=lambda found: found.latency_us)
    line = device_line(
        phase=phase,
        operator=op.name,
        device=PIM,
        count=op.count,
        latency_us=sum(share * (found.bound_us if bound else found.latency_us) for share, found in priced),
        interval=0.0 if bound else system.pim.quantities["interval"].value,
        bound_by=max(heaviest.busy_us, key=lambda what: heaviest.busy_us[what]),
        source=_source(system, heaviest),
        relation=MODELLED,
        energy_mj=sum(share * found.energy_mj for share, found in priced),
        actions=_commands(priced),
    )
    return (*_link(system, phase, ops), (line,), *softmax)


def _worth(system: System, phase: Phase, op: Operator) -> float:
    """How much longer than on the host an operator may take: no longer where nothing runs beside it."""
    if phase is Phase.PREFILL:
        return 1.0
    if isinstance(op, GroupedGemm) and system.experts is Experts.DIVIDED:
        return OVERLAPPED * op.groups
    return OVERLAPPED if system.sub_batches > 1 else 1.0


def _parts(system: System, op: Gemm | GroupedGemm | Attention) -> list[Part]:
    """Raises UnsupportedError for work that no command program does."""
    match op:
        case Gemm():
            return [Part(Gemv(op.n, op.k, op.m, _format(op.scheme.weight.format.name, op.scheme.activation.format.name)), 1.0)]
        case GroupedGemm():
            name = _format(op.scheme.weight.format.name, op.scheme.activation.format.name)
            low = max(math.floor(op.m), 1)
            above = max(op.m - low, 0.0)  # groups of a mean height between two whole ones
            heights = ((low, 1.0 - above), (low + 1, above))
            return [Part(Gemv(op.n, op.k, vectors, name), op.groups * share) for vectors, share in heights if share]
        case Attention() if op.query_len == 1 and op.head_dim == op.value_dim and not op.shared_kv:
            name = _format(op.kv.format.name, op.query.format.name)
            return [Part(DecodeAttention(op.batch, op.num_heads, op.num_kv_heads, op.head_dim, op.visible_tokens, name), 1.0)]
        case _:
            raise UnsupportedError(f"{system.pim.name} has no program for prefill or a latent cache")


def _format(stored: str, other: str) -> str:
    if stored != other:
        raise UnsupportedError(f"PIM units multiply operands of one format, not {stored} with {other}")
    return stored


def _softmax(system: System, phase: Phase, ops: Sequence[Operator]) -> Way:
    """The host's part between scores and context, where the memory has no softmax unit: before its next work, on its own."""
    program = system.pim.attention
    if program is None or program.softmax:
        return ()
    if not isinstance(system.host, Npu):
        raise UnsupportedError(f"{system.pim.name} has no softmax unit, and no kernel of {system.host.name} does softmax alone")
    npu, count = system.host, len(ops)
    works = [npu.vector(op.batch * op.num_heads * op.visible_tokens, "softmax", 0.0) for op in ops if isinstance(op, Attention)]
    line = device_line(
        phase=phase,
        operator=f"{ops[0].name}.softmax",
        device=HOST,
        count=ops[0].count,
        latency_us=sum(work.latency_us for work in works) / count,
        interval=npu.value("interval"),
        bound_by="simd",
        source=f"{npu.name}: SIMD units",
        relation=MODELLED,
        energy_mj=0.0,
        actions={},
    )
    return ((line,),)


def _link(system: System, phase: Phase, ops: Sequence[Operator]) -> Way:
    """Activations to separate memory and back, with the new keys and values of attention."""
    op, moved = ops[0], ops[0].activation_bytes
    if isinstance(op, Attention):
        moved += op.batch * op.num_kv_heads * (op.kv.bits_per_head(op.head_dim) * 2) / BITS_PER_BYTE
    latency = system.link_us(float(moved))
    if not latency:
        return ()
    line = device_line(
        phase=phase,
        operator=f"{op.name}.link",
        device=LINK,
        count=op.count,
        latency_us=latency,
        interval=0.0,
        bound_by="link",
        source=f"{system.name}: link of the specification",
        relation=MODELLED,
        energy_mj=0.0,
        actions={"link_byte": float(moved)},
    )
    return ((line,),)


def _source(system: System, found: Service) -> str:
    lacks = f"; {INCOMPLETE}, {'; '.join(found.energy_lacks)}" if found.energy_lacks else ""
    return f"{system.pim.name}: command program on the bank model of {system.pim.standard.name}{lacks}"


def _commands(priced: Sequence[tuple[float, Service]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for share, one in priced:
        for name, number in one.commands.items():
            found[name] = found.get(name, 0.0) + share * number
    return found
