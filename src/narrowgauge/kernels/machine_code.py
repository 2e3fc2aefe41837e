"""Whether every kernel of a bench is, in machine code, what its question is about: the account that a dry run prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from narrowgauge.kernels.bench import Bench
from narrowgauge.kernels.compile import compile_source
from narrowgauge.kernels.sass import check_loop, disassemble


@dataclass(frozen=True)
class Account:
    """One bench on one architecture."""

    entries: int
    judged: int  #: entries with a rule for their inner loop
    problems: Mapping[str, tuple[str, ...]]  #: by entry; spills count as problems


def account(bench: Bench, architecture: str) -> Account:
    """Compile a bench, disassemble it and judge its inner loops. Raises CompileError or UnsupportedError."""
    binary = compile_source(bench.source, architecture)
    names = bench.entries(architecture)
    rules = {name: rule for name in names if (rule := bench.inner_loop(name, architecture))}
    code = disassemble(binary.cubin) if rules else {}
    problems = {name: check_loop(code[name], rule) for name, rule in rules.items()}
    for name in names:
        spilled = binary.resources[name].spill_store_bytes
        if spilled:
            problems.setdefault(name, []).append(f"{spilled} bytes of registers spilled")
    found = {name: tuple(what) for name, what in problems.items() if what}
    return Account(len(names), len(rules), found)
