"""Is a chain of mma.sync judged by what the instruction computes?"""

from collections.abc import Callable

import numpy as np
import pytest

from narrowgauge.kernels import chains, elements, fragments
from narrowgauge.kernels.bench import BENCHES, Operands, Point
from narrowgauge.kernels.benches import mma_sync
from narrowgauge.kernels.benches.mma_sync import Instruction

BENCH = BENCHES["mma-sync"]
NAMES = BENCH.axes["instruction"]


def emulation(point: Point) -> Callable[[Operands], dict[str, np.ndarray]]:
    """The instruction applied again and again in the accumulator's own arithmetic, the sparse A spread out to the full one."""
    i, ilp = Instruction.of(str(point["instruction"])), int(point["ilp"])
    length = 32 // ilp * (BENCH.iterations + 1)
    dtype = {"f16": np.float16, "f32": np.float32, "s32": np.int32}[i.accumulator]

    def run(operands: Operands) -> dict[str, np.ndarray]:
        bits = elements.BITS[i.element]
        compressed = elements.to_values(fragments.a_codes(operands.inputs["a"], bits, i.m), i.element)
        b = elements.to_values(fragments.b_codes(operands.inputs["b"], bits), i.element)
        a = np.zeros((i.m, i.k))
        a[:, chains.kept_columns(i.k, i.element, i.sparse)] = compressed
        step = np.sum(a[:, :, None] != b[None], axis=1) if i.single_bit == "xor" else a @ b
        d = fragments.accumulator_matrix(elements.accumulator_values(operands.inputs["start"], i.accumulator)).astype(dtype)
        for _ in range(length):
            d = (d + step.astype(dtype)).astype(dtype)
        group, thread = np.arange(32) // 4, np.arange(32) % 4
        lanes = [d[..., group + 8 * (e // 2), thread * 2 + (e & 1)] for e in range(i.m * i.n // 32)]
        warps = operands.outputs["out"][0][0]
        if i.accumulator == "f16":
            pairs = zip(lanes[::2], lanes[1::2], strict=True)
            lanes = [np.stack([low, high], axis=-1).copy().view(np.uint32)[..., 0] for low, high in pairs]
        words = np.stack([lane.copy().view(np.uint32) for lane in lanes], axis=1)
        return {"out": np.broadcast_to(words, (warps, *words.shape)).copy()}

    return run


@pytest.mark.parametrize("name", NAMES)
def test_the_right_sum_passes_and_a_wrong_one_fails(judged: Callable[..., None], name: str) -> None:
    point = {"instruction": name, "warps": 2, "ilp": 2}
    judged(BENCH, point, emulation(point))


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_instruction_changes_the_sum(name: str) -> None:
    """Every row of X has no zero, and S has one term in every column: no element of A B is zero."""
    i = Instruction.of(name)
    factors = chains.random_factors(i.m, i.n, i.k, i.kept, i.element, endless=False, rng=np.random.default_rng(0))
    step = chains.product(factors, i.kept, i.single_bit)
    assert np.count_nonzero(step) > 0.95 * step.size
    assert i.accumulator != "f16" or np.abs(step).max() * chains.LONGEST + 4 <= 2048


@pytest.mark.parametrize("element", ["f16", "bf16", "tf32", "e4m3", "e5m2", "s8"])
def test_an_endless_chain_adds_nothing_and_stays_exact_in_any_order(element: str) -> None:
    k = 256 // elements.BITS[element]
    kept = np.arange(k)
    factors = chains.random_factors(16, 8, k, kept, element, endless=True, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(elements.to_values(elements.to_codes(factors.b, element), element), factors.b)
    assert not chains.product(factors, kept).any()
    exact_integers = 2**13 if element in ("e4m3", "e5m2") else 2**24
    assert np.max(np.abs(factors.a) @ np.abs(factors.b)) / 2 <= exact_integers


def test_multiply_adds_count_the_dense_instruction() -> None:
    assert Instruction.of("sp_f16_f32_m16n8k32").macs == 4096
    assert mma_sync.Instruction.of("s8_s32_m8n8k16").registers == 2
