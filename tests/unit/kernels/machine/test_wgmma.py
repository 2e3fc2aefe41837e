"""Is a chain of wgmma judged by what the instruction computes?"""

from collections.abc import Callable

import numpy as np
import pytest

from narrowgauge.kernels import chains, elements, fragments
from narrowgauge.kernels.bench import BENCHES, Operands, Point
from narrowgauge.kernels.benches.wgmma import Instruction

BENCH = BENCHES["wgmma"]


def emulation(point: Point) -> Callable[[Operands], dict[str, np.ndarray]]:
    """Thread by thread, from the manual's figure of the accumulator: D[16 w + g + 8 h, 8 j + 2 t + c]."""
    i = Instruction(*str(point["instruction"]).split("_"), int(point["n"]))
    dtype = {"f16": np.float16, "f32": np.float32, "s32": np.int32}[i.accumulator]
    bits = elements.BITS[i.element]

    def run(operands: Operands) -> dict[str, np.ndarray]:
        packed = operands.inputs["a"]
        if point["source"] == "registers":
            a = np.vstack([fragments.a_codes(warp, bits, 16) for warp in packed])
        else:
            a = fragments.core_codes(packed, bits)
        a = elements.to_values(a, i.element)
        b = elements.to_values(fragments.core_codes(operands.inputs["b"], bits).T, i.element)
        start = elements.accumulator_values(operands.inputs["start"].reshape(1, 128), i.accumulator)[0]
        total = chains.LONGEST * (a @ b)
        thread = np.arange(128)
        row, column = 16 * (thread // 32) + thread % 32 // 4, 2 * (thread % 4)
        values = np.stack(
            [start + total[row + 8 * h, 8 * j + column + c] for j in range(i.n // 8) for h in range(2) for c in range(2)]
        ).astype(dtype)
        if i.accumulator == "f16":
            values = np.stack([values[::2], values[1::2]], axis=-1).copy()
        words = values.view(np.uint32).reshape(-1, 128)
        groups = operands.outputs["out"][0][0]
        return {"out": np.broadcast_to(words, (groups, *words.shape)).copy()}

    return run


@pytest.mark.parametrize("source", BENCH.axes["source"])
@pytest.mark.parametrize("n", [8, 64])
@pytest.mark.parametrize("instruction", BENCH.axes["instruction"])
def test_the_right_sum_passes_and_a_wrong_one_fails(judged: Callable[..., None], instruction: str, n: int, source: str) -> None:
    point = {"instruction": instruction, "n": n, "source": source, "warpgroups": 2}
    judged(BENCH, point, emulation(point))


def test_every_instruction_spans_32_bytes_of_k() -> None:
    assert [Instruction(element, "f32", 256).k for element in ("tf32", "bf16", "e4m3")] == [8, 16, 32]
    assert Instruction("f16", "f32", 256).macs == 64 * 256 * 16
    assert Instruction("f16", "f16", 256).registers == 64
