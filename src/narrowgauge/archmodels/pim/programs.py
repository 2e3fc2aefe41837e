"""The command programs that PIM machines run (`sim.dram.programs`), and how a task spreads over channels.

All channels do the same at the same time; a task is priced by its busiest channel. What each kind of request stands for in
`bound_by` is a table here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from narrowgauge.archmodels.pim.tasks import DecodeAttention, Gemv
from narrowgauge.sim.dram import Standard
from narrowgauge.sim.dram.program import Barrier, Program
from narrowgauge.sim.dram.programs import (
    Place,
    aim_gemv,
    all_bank_gemv,
    attention,
    bundle_attention,
    bundle_gemv,
    hbm_pim_gemv,
    neupims_gemv,
)

MAC, BUFFER, REGISTER, RESULT = "pim mac", "global buffer write", "register write", "result read"
BIAS, SOFTMAX, MODE = "bias write", "softmax", "mode switch"


@dataclass(frozen=True)
class GemvProgram:
    """`build` makes the program of one channel from the standard, the task, the channels, the vectors and the bytes of an
    element. `phases`: what a kind of request stands for. `every_rank`: all ranks of a channel multiply, else one. `own_rows`: no
    two outputs of a bank share a row."""

    phases: Mapping[str, str]
    build: Callable[[Standard, Gemv, int, int, Fraction], Program]
    every_rank: bool
    own_rows: bool


@dataclass(frozen=True)
class AttentionProgram:
    """`build` makes what a channel does for one unit of work, from the standard, the task, the channels and an element's bytes.
    `units` of `parts` are spread evenly over the channels, a channel runs all parts of its units one after another; with `split`
    every channel has a share of every unit. `softmax`: the memory has a unit for it, else it is the host's work."""

    phases: Mapping[str, str]
    build: Callable[[Standard, DecodeAttention, int, Fraction], Program]
    units: Callable[[DecodeAttention], int]
    parts: Callable[[DecodeAttention], int]
    every_rank: bool = True
    softmax: bool = True
    split: bool = False


def repeated(program: Program, times: int) -> Program:
    """The program that many times, one after another."""
    return Program(f"{program.name}, {times} times", (*program.steps, Barrier()) * times)


def mac_of(program: GemvProgram | AttentionProgram) -> str:
    """The kind of request that multiplies."""
    return next(kind for kind, phase in program.phases.items() if phase == MAC)


def _hbm_pim(standard: Standard, task: Gemv, channels: int, vectors: int, element_bytes: Fraction) -> Program:
    return hbm_pim_gemv(standard, task.outputs, task.inputs, channels, vectors, element_bytes)


def _aim(standard: Standard, task: Gemv, channels: int, vectors: int, element_bytes: Fraction) -> Program:
    return repeated(aim_gemv(standard, task.outputs, task.inputs, channels, element_bytes), vectors)


def _neupims(standard: Standard, task: Gemv, channels: int, vectors: int, element_bytes: Fraction) -> Program:
    return repeated(neupims_gemv(standard, task.outputs, task.inputs, channels, element_bytes), vectors)


def _attacc(place: Place, standard: Standard, task: DecodeAttention, channels: int, element_bytes: Fraction) -> Program:
    return attention(standard, task.tokens, task.head_dim, place, element_bytes)


def _neupims_attention(standard: Standard, task: DecodeAttention, channels: int, element_bytes: Fraction) -> Program:
    """All heads of one sequence on one channel. A row of keys holds every KV head of a token, so the scores of one query head of
    each group are one GEMV of kv_heads × head_dim inputs; the values of each head are a GEMV over the tokens."""
    group = task.heads // task.kv_heads
    scores = neupims_gemv(standard, task.tokens, task.kv_heads * task.head_dim, 1, element_bytes)
    context = neupims_gemv(standard, task.head_dim, task.tokens, 1, element_bytes)
    both = (*repeated(scores, group).steps, *repeated(context, task.heads).steps)
    return Program(f"NeuPIMs attention, {task.heads} heads over {task.tokens} tokens", both)


def _bundle(standard: Standard, task: Gemv, channels: int, vectors: int, element_bytes: Fraction) -> Program:
    return bundle_gemv(standard, task.outputs, task.inputs, channels, vectors, element_bytes)


def _all_bank(standard: Standard, task: Gemv, channels: int, vectors: int, element_bytes: Fraction) -> Program:
    return all_bank_gemv(standard, task.outputs, task.inputs, channels, vectors, element_bytes)


def _bundle_attention(standard: Standard, task: DecodeAttention, channels: int, element_bytes: Fraction) -> Program:
    """One KV head on a channel; the query heads of its group share what is read."""
    return bundle_attention(standard, task.tokens, task.head_dim, task.heads // task.kv_heads, element_bytes)


def _aim_attention(standard: Standard, task: DecodeAttention, channels: int, element_bytes: Fraction) -> Program:
    """One sequence over all channels (PIM-GPT, section on mapping): tokens are divided over the channels for the scores, heads
    for the context. A row of keys holds every KV head of a token."""
    group = task.heads // task.kv_heads
    scores = aim_gemv(standard, -(-task.tokens // channels), task.kv_heads * task.head_dim, 1, element_bytes)
    context = aim_gemv(standard, task.head_dim, task.tokens, 1, element_bytes)
    both = (*repeated(scores, group).steps, *repeated(context, -(-task.heads // channels)).steps)
    return Program(f"AiM attention, {task.heads} heads over {task.tokens} tokens", both)


def _kv_heads(task: DecodeAttention) -> int:
    return task.batch * task.kv_heads


def _group(task: DecodeAttention) -> int:
    return task.heads // task.kv_heads


def _attacc_at(place: Place, mac: str) -> AttentionProgram:
    """Keys and values of a KV head lie in one channel, so the query heads of a group run there one after another."""
    phases = {mac: MAC, "write-global": BUFFER, "move-to-softmax": RESULT, "move-to-global": BUFFER, "softmax": SOFTMAX}
    return AttentionProgram(phases, partial(_attacc, place), units=_kv_heads, parts=_group)


_NEUPIMS = {"comp": MAC, "gwrite": BUFFER, "read-result": RESULT}

_BUNDLE = {"read-bundle": MAC}
_ALL_BANK = {"mac-all": MAC, "write-global": BUFFER, "move-to-softmax": RESULT}
_HBM_PIM = {"read-half": MAC, "write-half": REGISTER, "read": MODE, "write": MODE}
_AIM = {"mac-all": MAC, "write-global": BUFFER, "write-bias": BIAS, "read-mac": RESULT}

GEMV: Mapping[str, GemvProgram] = {
    "hbm-pim": GemvProgram(_HBM_PIM, _hbm_pim, every_rank=False, own_rows=False),
    "aim": GemvProgram(_AIM, _aim, every_rank=True, own_rows=True),
    "neupims": GemvProgram(_NEUPIMS, _neupims, every_rank=True, own_rows=True),
    "logic-die": GemvProgram(_BUNDLE, _bundle, every_rank=True, own_rows=False),
    "all-bank": GemvProgram(_ALL_BANK, _all_bank, every_rank=True, own_rows=False),
}

ATTENTION: Mapping[str, AttentionProgram] = {
    "attacc-bank": _attacc_at(Place.BANK, "mac-all"),
    "attacc-bank-group": _attacc_at(Place.BANK_GROUP, "mac-same"),
    "attacc-buffer": _attacc_at(Place.BUFFER, "mac-pseudo"),
    "neupims": AttentionProgram(_NEUPIMS, _neupims_attention, units=lambda task: task.batch, parts=lambda task: 1, softmax=False),
    "aim": AttentionProgram(_AIM, _aim_attention, units=lambda task: task.batch, parts=lambda task: 1, softmax=False, split=True),
    "logic-die": AttentionProgram(_BUNDLE, _bundle_attention, units=_kv_heads, parts=lambda task: 1),
}
