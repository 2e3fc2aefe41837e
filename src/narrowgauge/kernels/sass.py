"""Machine code read back: functions, basic blocks, loops, and whether the loop of a question holds what it should."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from narrowgauge.kernels import toolchain
from narrowgauge.kernels.bench import InnerLoop
from narrowgauge.kernels.compile import CompileError
from narrowgauge.kernels.flow import natural_loops

_FUNCTION = re.compile(r"^\.text\.(\w+):$")
_LABEL = re.compile(r"^(\.L\w*):$")
_INSTRUCTION = re.compile(r"^/\*[0-9a-f]{4,}\*/\s+(?:\{\s*)?(?:(@!?U?P\w+)\s+)?([A-Z][\w.]*)\s*(.*?)\s*;")
_TARGET = re.compile(r"`\((\.L\w*)\)")
_BARRIER = re.compile(r"\b(B\d+)\b")
_ENDS = ("EXIT", "RET", "BRX", "JMX", "KILL")


@dataclass(frozen=True)
class Instruction:
    """One machine instruction: `@!P0 BRA.U UP1, target` has guard "@!P0", opcode "BRA.U" and the rest as operands."""

    opcode: str
    operands: str = ""
    guard: str = ""

    @property
    def mnemonic(self) -> str:
        """The opcode without its modifiers."""
        return self.opcode.partition(".")[0]


@dataclass(frozen=True)
class Block:
    """Instructions that run one after another; the only label is at the start, the only branch at the end."""

    label: str | None
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True)
class Function:
    """One kernel or device function in the order of its code."""

    name: str
    blocks: tuple[Block, ...]

    @property
    def opcodes(self) -> Counter[str]:
        """How often each opcode stands in the code."""
        return Counter(i.opcode for block in self.blocks for i in block.instructions)

    @cached_property
    def loops(self) -> tuple[tuple[Instruction, ...], ...]:
        """The instructions of every loop, without those of the loops inside it (a wait for a barrier is a loop of its own)."""
        return tuple(
            tuple(i for number in sorted(own) for i in self.blocks[number].instructions)
            for own in natural_loops(_successors(self.blocks))
        )


def disassemble(cubin: bytes) -> Mapping[str, Function]:
    """The functions of a binary by name. Raises UnsupportedError where no nvdisasm is found, CompileError if it fails."""
    tool = toolchain.nvdisasm()
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "kernel.cubin"
        path.write_bytes(cubin)
        done = subprocess.run([str(tool.path), "-c", str(path)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CompileError(f"nvdisasm cannot read the binary:\n{done.stderr}".rstrip())
    return parse(done.stdout)


def parse(listing: str) -> Mapping[str, Function]:
    """The functions of a disassembler's listing by name."""
    functions: dict[str, list[Block]] = {}
    blocks: list[Block] = []
    label: str | None = None
    pending: list[Instruction] = []

    def close(next_label: str | None) -> None:
        nonlocal label, pending
        if pending or label:
            blocks.append(Block(label, tuple(pending)))
        label, pending = next_label, []

    for line in map(str.strip, listing.splitlines()):
        if match := _FUNCTION.match(line):
            close(None)
            blocks = functions.setdefault(match.group(1), [])
        elif match := _LABEL.match(line):
            close(match.group(1))
        elif match := _INSTRUCTION.match(line):
            guard, opcode, operands = match.groups(default="")
            pending.append(Instruction(opcode, operands, guard))
            if pending[-1].mnemonic in ("BRA", "BSYNC", *_ENDS):
                close(None)
    close(None)
    return {name: Function(name, tuple(body)) for name, body in functions.items()}


def check_loop(function: Function, rule: InnerLoop) -> list[str]:
    """What is wrong with the hottest loop of a function, the one with the most counted instructions; empty if nothing is.

    An instruction belongs to the longest prefix that fits it, to a counted one before an allowed one."""
    if not function.loops:
        return ["there is no loop"]
    tallies = [_tally(loop, rule) for loop in function.loops]
    tally = max(tallies, key=lambda tally: sum(tally[prefix] for prefix in rule.counts))
    problems = []
    for prefix, wanted in rule.counts.items():
        low, high = (wanted, wanted) if isinstance(wanted, int) else wanted
        if not low <= tally[prefix] <= high:
            expected = str(low) if low == high else f"{low} to {high}"
            problems.append(f"{tally[prefix]} {prefix} in the loop, expected {expected}")
    known = {*rule.counts, *rule.allowed}
    problems += [
        f"{number} {opcode} in the loop, neither counted nor allowed" for opcode, number in tally.items() if opcode not in known
    ]
    return problems


def _tally(loop: Iterable[Instruction], rule: InnerLoop) -> Counter[str]:
    """Instructions by the prefix they belong to; those of no prefix by their opcode."""
    prefixes = sorted([*rule.counts, *rule.allowed], key=len, reverse=True)  # stable: counted before allowed
    return Counter(next((p for p in prefixes if i.opcode.startswith(p)), i.opcode) for i in loop)


def _successors(blocks: Sequence[Block]) -> list[list[int]]:
    """The blocks to which each block may pass on."""
    places: dict[str, int] = {block.label: number for number, block in enumerate(blocks) if block.label}
    joins: dict[str, int] = {}  # reconvergence barrier: the block where its BSSY says that the threads meet again
    edges: list[list[int]] = []
    for number, block in enumerate(blocks):
        for i in block.instructions:
            if i.mnemonic == "BSSY" and (barrier := _BARRIER.search(i.operands)) and (meet := _TARGET.search(i.operands)):
                joins[barrier.group(1)] = places[meet.group(1)]
        following = [number + 1] if number + 1 < len(blocks) else []
        edges.append(_after(block.instructions[-1], following, places, joins) if block.instructions else following)
    return edges


def _after(last: Instruction, following: list[int], places: Mapping[str, int], joins: Mapping[str, int]) -> list[int]:
    goal = _TARGET.search(last.operands)
    if last.mnemonic == "BRA" and goal:
        always = last.opcode == "BRA" and not last.guard and last.operands.startswith("`")
        return [places[goal.group(1)], *([] if always else following)]
    if last.mnemonic == "BSYNC" and (barrier := _BARRIER.search(last.operands)) and barrier.group(1) in joins:
        return [joins[barrier.group(1)], *(following if last.guard else [])]
    if last.mnemonic in _ENDS and not last.guard:
        return []
    return following
