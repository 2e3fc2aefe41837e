"""Are loops found in machine code, and is it said what a loop holds that it should not?"""

from pathlib import Path

from narrowgauge.kernels.bench import LOOP_CONTROL, InnerLoop
from narrowgauge.kernels.compile import compile_source
from narrowgauge.kernels.flow import natural_loops
from narrowgauge.kernels.sass import Instruction, check_loop, disassemble, parse

#: one loop of two FFMA, whose wait for a barrier is a loop of its own, placed after the end of the function
LISTING = """
.text.wait:
        /*0000*/                   LDC R1, c[0x0][0x28] ;
.L_x_1:
        /*0010*/                   FFMA R7, R7, R7, R7 ;
        /*0020*/                   SYNCS.PHASECHK.TRANS64.TRYWAIT P0, [UR4], R2 ;
        /*0030*/              @!P0 BRA `(.L_x_2) ;
.L_x_3:
        /*0040*/                   FFMA R8, R8, R8, R8 ;
        /*0050*/                   ISETP.NE.AND P1, PT, R5, RZ, PT ;
        /*0060*/               @P1 BRA `(.L_x_1) ;
        /*0070*/                   EXIT ;
.L_x_2:
        /*0080*/                   SYNCS.PHASECHK.TRANS64.TRYWAIT P0, [UR4], R2 ;
        /*0090*/              @!P0 BRA `(.L_x_2) ;
        /*00a0*/                   BRA `(.L_x_3) ;
.L_x_4:
        /*00b0*/                   BRA `(.L_x_4);
        /*00c0*/                   NOP;
"""
CHAIN = """\
extern "C" __global__ void chain(float* out, int n) {
    float x = out[0];
#pragma unroll 1
    for (int i = 0; i < n; ++i) {
#pragma unroll
        for (int u = 0; u < 32; ++u) asm volatile("fma.rn.f32 %0, %0, %0, %0;" : "+f"(x));
    }
    out[0] = x;
}
"""


def test_a_wait_that_stands_elsewhere_is_no_part_of_the_loop_that_waits() -> None:
    (main,) = [loop for loop in parse(LISTING)["wait"].loops if Instruction("FFMA", "R7, R7, R7, R7") in loop]
    assert [i.mnemonic for i in main] == ["FFMA", "SYNCS", "BRA", "FFMA", "ISETP", "BRA", "BRA"]


def test_guards_and_modifiers_are_read() -> None:
    (branch,) = [i for i in parse(LISTING)["wait"].blocks[1].instructions if i.guard]
    assert branch == Instruction("BRA", "`(.L_x_2)", "@!P0")


def test_the_hottest_loop_is_the_one_with_the_counted_instructions() -> None:
    assert check_loop(parse(LISTING)["wait"], InnerLoop({"FFMA": 2}, allowed=("SYNCS", *LOOP_CONTROL))) == []


def test_every_deviation_is_named() -> None:
    problems = check_loop(parse(LISTING)["wait"], InnerLoop({"FFMA": 3, "HMMA": (1, 4)}, allowed=("BRA", "ISETP")))
    assert problems == [
        "2 FFMA in the loop, expected 3",
        "0 HMMA in the loop, expected 1 to 4",
        "1 SYNCS.PHASECHK.TRANS64.TRYWAIT in the loop, neither counted nor allowed",
    ]


def test_the_longer_prefix_takes_the_instruction() -> None:
    body = parse(LISTING.replace("FFMA R8", "FFMA.FTZ R8"))["wait"]
    assert check_loop(body, InnerLoop({"FFMA": 1, "FFMA.FTZ": 1}, allowed=("SYNCS", *LOOP_CONTROL))) == []


def test_code_without_a_loop_says_so() -> None:
    assert check_loop(parse(".text.f:\n/*0000*/ EXIT ;\n")["f"], InnerLoop({"FFMA": 1})) == ["there is no loop"]


def test_nested_loops_are_told_apart() -> None:
    # 0 → 1 → 2 → 2, 2 → 1, 1 → 3
    assert sorted(natural_loops([[1], [2, 3], [2, 1], []]), key=min) == [{1}, {2}]


def test_compiled_code_is_read_back(cu: Path) -> None:
    (cu / "chain.cu").write_text(CHAIN)
    for architecture in ("sm80", "sm90"):
        functions = disassemble(compile_source("chain.cu", architecture).cubin)
        assert check_loop(functions["chain"], InnerLoop({"FFMA": 32}, LOOP_CONTROL)) == []
        assert functions["chain"].opcodes["FFMA"] == 32
