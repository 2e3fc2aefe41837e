"""What one instruction of PTX becomes on each architecture: facts that the machine models build on.

The kernels here hold one instruction each, so that every machine instruction counted belongs to it."""

from pathlib import Path

import pytest

from narrowgauge.kernels.compile import compile_source
from narrowgauge.kernels.sass import disassemble

DENSE = "{op} {{%0,%1,%2,%3}},{{%4,%5,%6,%7}},{{%8,%9}},{{%0,%1,%2,%3}};"
KERNEL = """\
extern "C" __global__ void one(const unsigned* in, {word}* out) {{
    const unsigned* a = in + 6 * threadIdx.x;
    {word} d[4];
    for (int i = 0; i < 4; ++i) d[i] = out[4 * threadIdx.x + i];
    asm volatile("{asm}"
                 : "+{c}"(d[0]), "+{c}"(d[1]), "+{c}"(d[2]), "+{c}"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(a[4]), "r"(a[5]));
    for (int i = 0; i < 4; ++i) out[4 * threadIdx.x + i] = d[i];
}}
"""
MULTIPLIERS = ("HMMA", "IMMA", "BMMA", "QMMA")
FACTS = [
    ("m16n8k16.row.col.f32.f16.f16.f32", "sm80 sm86 sm89 sm90", {"HMMA.16816.F32": 1}),
    ("m16n8k32.row.col.s32.s8.s8.s32", "sm80 sm86 sm89 sm90", {"IMMA.16832.S8.S8": 1}),
    ("m16n8k64.row.col.s32.s4.s4.s32", "sm80 sm86 sm89", {"IMMA.16864.S4.S4": 1}),
    ("m16n8k64.row.col.s32.s4.s4.s32", "sm90", {"IMMA.16832.S8.S8": 2}),  # unpacked to int8
    ("m16n8k256.row.col.s32.b1.b1.s32.and.popc", "sm80 sm86 sm89 sm90", {"BMMA.168256.AND.POPC": 1}),
    ("m16n8k256.row.col.s32.b1.b1.s32.xor.popc", "sm80 sm86 sm89", {"BMMA.168256.XOR.POPC": 1}),
    ("m16n8k256.row.col.s32.b1.b1.s32.xor.popc", "sm90", {"BMMA.168256.AND.POPC": 2}),  # (a and not b) + (b and not a)
    ("m16n8k32.row.col.f32.e4m3.e4m3.f32", "sm89", {"QMMA.16832.F32.E4M3.E4M3": 1}),
    ("m16n8k32.row.col.f32.e4m3.e4m3.f32", "sm90", {"HMMA.16816.F32": 2}),  # unpacked to f16
]


@pytest.mark.parametrize(
    ("instruction", "architecture", "expected"),
    [(name, architecture, counts) for name, architectures, counts in FACTS for architecture in architectures.split()],
)
def test_what_an_mma_sync_becomes(cu: Path, instruction: str, architecture: str, expected: dict[str, int]) -> None:
    word, letter = ("float", "f") if ".f32." in instruction else ("unsigned", "r")
    asm = DENSE.format(op=f"mma.sync.aligned.{instruction}")
    (cu / "one.cu").write_text(KERNEL.format(word=word, c=letter, asm=asm))
    code = disassemble(compile_source("one.cu", architecture).cubin)
    found = {
        opcode: number
        for function in code.values()
        for opcode, number in function.opcodes.items()
        if opcode.startswith(MULTIPLIERS)
    }
    assert found == expected
