"""What a task costs on a PIM machine, by running its command program on the bank model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from narrowgauge.archmodels.frozen import FrozenMap
from narrowgauge.archmodels.pim.machine import PimMachine
from narrowgauge.archmodels.pim.outcome import Outcome, extended, run
from narrowgauge.archmodels.pim.programs import AttentionProgram, GemvProgram, repeated
from narrowgauge.archmodels.pim.tasks import DecodeAttention, Gemv, Task
from narrowgauge.errors import CapacityError, UnsupportedError
from narrowgauge.sim.dram.energy import Energy, energy_of
from narrowgauge.sim.dram.standard import Effect
from narrowgauge.units import BITS_PER_BYTE, BYTES_PER_GB, MJ_PER_J, PJ_PER_J, PS_PER_US

#: requests of a program up to which it is run whole: about a tenth of a second, and tens of refresh intervals
REQUESTS = 32_768
#: multiple of tokens between runs that attention of a long cache is extended from: whole rows of every machine
TOKENS = 1024
REMEMBERED = 4096  # tasks


@dataclass(frozen=True)
class Service:
    """Latency of a task, no less than `bound_us` (every multiply-accumulate at full rate); where the time went; commands of all
    channels; energy (NaN where none is known) and what it leaves out; `extended` where a long run was not run whole."""

    latency_us: float
    bound_us: float
    busy_us: FrozenMap[float]
    commands: FrozenMap[int]
    energy_mj: float
    energy_lacks: tuple[str, ...]
    extended: bool


@lru_cache(maxsize=REMEMBERED)
def service(machine: PimMachine, task: Task) -> Service:
    """Price a task. Raises UnsupportedError for what the machine has no program or no multiplier for, CapacityError for what its
    banks cannot hold, InputError for sizes below 1."""
    bits = machine.format_bits
    if task.number_format not in bits:
        raise UnsupportedError(f"the units of {machine.name} multiply {', '.join(bits)}, not {task.number_format}")
    element_bytes = Fraction(bits[task.number_format], BITS_PER_BYTE)
    match task:
        case Gemv() if machine.gemv is not None:
            return _gemv(machine, machine.gemv, task, element_bytes)
        case DecodeAttention() if machine.attention is not None:
            return _attention(machine, machine.attention, task, element_bytes)
        case Gemv():
            raise UnsupportedError(f"{machine.name} computes attention; it has no command program for a weight matrix")
        case DecodeAttention():
            raise UnsupportedError(f"{machine.name} multiplies weight matrices; it has no softmax and no program for attention")


def _gemv(machine: PimMachine, program: GemvProgram, task: Gemv, element_bytes: Fraction) -> Service:
    standard = machine.standard
    row = task.inputs * element_bytes
    page = standard.organisation.page_bytes
    _check_capacity(machine, "weights", task.outputs * (math.ceil(row / page) * page if program.own_rows else row))

    def at(vectors: int) -> Outcome:
        return run(standard, program.build(standard, task, machine.channels, vectors, element_bytes), program.phases)

    requests = len(program.build(standard, task, machine.channels, 1, element_bytes))
    together = standard.pim.get("vectors", 1)
    outcome, line = extended(at, task.vectors, max(REQUESTS // requests, 2) * together, together)
    return _summary(machine, outcome, machine.channels, line)


def _attention(machine: PimMachine, program: AttentionProgram, task: DecodeAttention, element_bytes: Fraction) -> Service:
    standard, units, parts = machine.standard, program.units(task), program.parts(task)
    cache = 2 * task.batch * task.kv_heads * task.head_dim * task.tokens * element_bytes
    rounds = (units if program.split else -(-units // machine.channels)) * parts
    busy = Fraction(machine.channels) if program.split else Fraction(units * parts, rounds)
    _check_capacity(machine, "keys and values", cache * machine.channels / busy)

    def at_tokens(tokens: int) -> Outcome:
        part = DecodeAttention(task.batch, task.heads, task.kv_heads, task.head_dim, tokens, task.number_format)
        return run(standard, program.build(standard, part, machine.channels, element_bytes), program.phases)

    unit = program.build(standard, task, machine.channels, element_bytes) if task.tokens <= TOKENS else None
    requests = _requests(machine, program, task) if unit is None else len(unit)
    if requests > REQUESTS:
        one, line = extended(at_tokens, task.tokens, max(task.tokens * REQUESTS // requests, 2 * TOKENS), TOKENS)
        outcome = _nothing(one).beyond(one, rounds)
    else:
        whole = unit or program.build(standard, task, machine.channels, element_bytes)
        times = max(REQUESTS // requests, 2)
        outcome, line = extended(lambda count: run(standard, repeated(whole, count), program.phases), rounds, times)
    return _summary(machine, outcome, busy, line)


def _requests(machine: PimMachine, program: AttentionProgram, task: DecodeAttention) -> int:
    """Requests of a unit of many tokens, from those of one with few."""
    few = DecodeAttention(task.batch, task.heads, task.kv_heads, task.head_dim, TOKENS, task.number_format)
    element_bytes = Fraction(machine.format_bits[task.number_format], BITS_PER_BYTE)
    return len(program.build(machine.standard, few, machine.channels, element_bytes)) * -(-task.tokens // TOKENS)


def _nothing(like: Outcome) -> Outcome:
    return Outcome(0.0, dict.fromkeys(like.counts, 0.0), 0.0, dict.fromkeys(like.waits, 0.0))


def _check_capacity(machine: PimMachine, what: str, stored_bytes: Fraction | int) -> None:
    have = machine.channels * machine.standard.organisation.channel_bytes
    if stored_bytes > have:
        gigabytes = float(stored_bytes) / BYTES_PER_GB
        raise CapacityError(f"{what} take {gigabytes:,.1f} GB, the banks of {machine.name} hold {have / BYTES_PER_GB:,.1f} GB")


def _summary(machine: PimMachine, outcome: Outcome, busy_channels: Fraction | int, line: bool) -> Service:
    """From the busiest channel to the machine: `busy_channels` is the mean number of them at work. Refresh goes on in all."""
    standard = machine.standard
    us_per_cycle = standard.tck_ps / PS_PER_US
    everywhere = {name: standard.commands[name].effect is Effect.REFRESH for name in outcome.counts}
    counts = {
        name: round(count * float(machine.channels if everywhere[name] else busy_channels))
        for name, count in outcome.counts.items()
    }
    energy = _energy(machine, counts, outcome, float(busy_channels))
    total = energy.total_pj
    macs = outcome.counts.get(machine.mac_command, 0)
    return Service(
        latency_us=outcome.cycles * us_per_cycle,
        bound_us=max(macs / machine.macs_at_once - 1, 0) * machine.mac_pace.latency_cycles * us_per_cycle,
        busy_us=FrozenMap({phase: cycles * us_per_cycle for phase, cycles in outcome.waits.items()}),
        commands=FrozenMap(counts),
        energy_mj=math.nan if total is None else total * MJ_PER_J / PJ_PER_J,
        energy_lacks=energy.unavailable,
        extended=line,
    )


def _energy(machine: PimMachine, counts: Mapping[str, int], outcome: Outcome, busy_channels: float) -> Energy:
    org = machine.standard.organisation
    ranks = org.pseudo_channels * org.ranks * machine.channels
    active = outcome.active_cycles * busy_channels
    return energy_of(machine.standard, counts, round(active), round(outcome.cycles * ranks - active))
