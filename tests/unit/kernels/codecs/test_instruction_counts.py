"""Does the machine code of every codec hold the instructions of its idiom, on every architecture, and no others?

These counts are the evidence for what `dataflows/conversion.py` assumes that a weight costs."""

import re
from collections import Counter

import pytest

from narrowgauge.errors import UnsupportedError
from narrowgauge.kernels.benches.dequant_registers import DequantRegisters
from narrowgauge.kernels.codecs import CODECS
from narrowgauge.kernels.compile import TARGETS, compile_source
from narrowgauge.kernels.sass import Function, Instruction, disassemble

_LITERAL = re.compile(r"^[-+|~!]*(U?RZ|U?PT|0x[0-9a-f]+|[\d.]+(e[-+]\d+)?|INF|QNAN|c\[.*)\|?$")
_BY_NAME = {"LOP3": "lop3", "PRMT": "prmt", "LDS": "lds", "SHFL": "shfl", "F2FP": "convert", "FADD": "fadd", "SHF": "shift"}
_HALF2 = ("HFMA2", "HADD2", "HMUL2")
_OTHER = ("IADD3", "VIADD", "UIADD3", "MOV", "ISETP", "BRA", "NOP", "LEA")  # sums of the harness, loop control, moves
#: PRMT also makes one constant from another
_SLACK = {"prmt": 2}


def kind(instruction: Instruction) -> str | None:
    """The class that an instruction counts for, or None for control, moves and constants."""
    sources = [operand.strip() for operand in instruction.operands.split(",")][1:]
    if sources and all(_LITERAL.match(source) for source in sources):
        return None
    if instruction.opcode.startswith("IMAD."):
        return "shift" if instruction.opcode.startswith("IMAD.SHL") else None
    if instruction.mnemonic in _HALF2:
        return "half2"
    if instruction.mnemonic in _OTHER:
        return None
    return "imad" if instruction.mnemonic == "IMAD" else _BY_NAME.get(instruction.mnemonic, instruction.opcode)


def loop_counts(function: Function) -> Counter[str]:
    return Counter(name for instruction in max(function.loops, key=len) if (name := kind(instruction)))


@pytest.fixture(scope="module", params=TARGETS)
def functions(request: pytest.FixtureRequest) -> tuple[str, dict[str, Function]]:
    try:
        return request.param, dict(disassemble(compile_source("dequant_registers.cu", request.param).cubin))
    except UnsupportedError as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("codec", CODECS)
def test_the_loop_of_a_codec_holds_its_idiom(functions: tuple[str, dict[str, Function]], codec: str) -> None:
    architecture, found = functions
    entry = f"dequant_registers_{CODECS[codec].name}"
    if entry not in DequantRegisters().entries(architecture):
        assert entry not in found
        return
    counts = loop_counts(found[entry])
    calls = max(1, 16 // CODECS[codec].registers)
    expected = {name: count * calls for name, count in CODECS[codec].work.items() if name != "iadd"}
    for name in {*counts, *expected}:
        assert 0 <= counts[name] - expected.get(name, 0) <= _SLACK.get(name, 0), (name, dict(counts))
