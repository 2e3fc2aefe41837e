"""What the assembler reports of every kernel: registers, shared memory, stack and spills (`-Xptxas -v`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_ENTRY = re.compile(r"Compiling entry function '(\w+)'")
_FRAME = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
_USED = re.compile(r"Used (\d+) registers")
_SHARED = re.compile(r"(\d+) bytes smem")


@dataclass(frozen=True)
class Resources:
    """Of one kernel: registers and stack per thread, static shared memory per block, bytes spilled per thread."""

    registers: int
    shared_bytes: int
    stack_bytes: int
    spill_store_bytes: int
    spill_load_bytes: int


def parse_report(report: str) -> Mapping[str, Resources]:
    """Resources by kernel name from the assembler's verbose output; functions that kernels call are left out."""
    parts = _ENTRY.split(report)[1:]
    return {name: _of_entry(name, body) for name, body in zip(parts[::2], parts[1::2], strict=True)}


def _of_entry(name: str, body: str) -> Resources:
    frame = _FRAME.search(body.split(f"Function properties for {name}\n", 1)[-1])
    used = _USED.search(body)
    if frame is None or used is None:
        raise ValueError(f"the assembler's report of '{name}' has no frame or no registers:\n{body}")
    shared = _SHARED.search(body, used.start(), body.find("\n", used.start()))
    stack, stores, loads = (int(size) for size in frame.groups())
    return Resources(int(used.group(1)), int(shared.group(1)) if shared else 0, stack, stores, loads)
