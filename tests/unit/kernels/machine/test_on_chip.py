"""Are accesses to shared memory and L1, and walks through memory, judged by what they load and store?"""

from collections.abc import Callable

import numpy as np
import pytest

from narrowgauge.kernels.bench import BENCHES, Bench, Device, Operands, Point
from narrowgauge.kernels.discovery import load_benches

load_benches()

PASSES = 65


def load_sums(operands: Operands, width: int, second_start: int) -> np.ndarray:
    """Lane by lane, byte by byte: the words of 16 steps of 1 KB, passes beginning in turn at 0 and at `second_start`."""
    memory = operands.inputs["data"].view(np.uint8)
    sums = []
    for offset in operands.inputs["offsets"]:
        total = 0
        for number in range(PASSES):
            start = int(offset) + (second_start if number % 2 else 0)
            for step in range(16):
                at = start + 1024 * step
                total += sum(int.from_bytes(memory[at + 4 * i : at + 4 * i + 4].tobytes(), "little") for i in range(width // 4))
        sums.append(total % 2**32)
    return np.array(sums, np.uint32)


@pytest.mark.parametrize("width", [4, 8, 16])
@pytest.mark.parametrize("kind", ["shared_load", "l1_load"])
def test_loads_are_added_up(judged: Callable[..., None], kind: str, width: int) -> None:
    bench = BENCHES["shared-bandwidth" if kind == "shared_load" else "l1-bandwidth"]
    point = {"access": f"{kind}_{width}", "warps": 2}
    judged(bench, point, lambda o: {"out": np.tile(load_sums(o, width, 1024 if kind == "l1_load" else 0), (2, 2))})


@pytest.mark.parametrize("stride", BENCHES["shared-bank-conflicts"].axes["stride_words"])
def test_loads_that_meet_in_banks_are_added_up(judged: Callable[..., None], stride: int) -> None:
    point = {"access": "shared_load_4", "stride_words": stride, "warps": 1}
    judged(BENCHES["shared-bank-conflicts"], point, lambda o: {"out": np.tile(load_sums(o, 4, 0), (2, 1))})


@pytest.mark.parametrize("width", [4, 8, 16])
def test_stores_leave_the_last_pass(judged: Callable[..., None], width: int) -> None:
    def emulation(operands: Operands) -> dict[str, np.ndarray]:
        data = operands.inputs["data"]
        memory = data.copy()
        for lane in range(32):
            for step in range(16):
                for i in range(width // 4):
                    memory[(lane * width + 1024 * step) // 4 + i] = data[width // 4 * lane + i] + np.uint32(PASSES)
        return {"out": np.tile(memory, (2, 1))}

    judged(BENCHES["shared-bandwidth"], {"access": f"shared_store_{width}", "warps": 2}, emulation)


@pytest.mark.parametrize("form", ["x1", "x2", "x4", "x4_trans"])
def test_ldmatrix_hands_out_rows_or_columns(judged: Callable[..., None], form: str) -> None:
    """Lane l holds of each 8 × 8 matrix the elements (l / 4, 2 (l mod 4)) and the next one, transposed the mirrored ones."""

    def emulation(operands: Operands) -> dict[str, np.ndarray]:
        halves, offsets = operands.inputs["data"].view(np.uint16), operands.inputs["offsets"]
        sums = []
        for lane in range(32):
            total = 0
            for step in range(16):
                for matrix in range(int(form[1])):
                    rows = [int(offsets[8 * matrix + row]) // 2 + 512 * step for row in range(8)]
                    row, column = lane // 4, 2 * (lane % 4)
                    if form.endswith("trans"):
                        low, high = halves[rows[column] + row], halves[rows[column + 1] + row]
                    else:
                        low, high = halves[rows[row] + column], halves[rows[row] + column + 1]
                    total += int(low) + 65536 * int(high)
            sums.append(PASSES * total % 2**32)
        return {"out": np.tile(np.array(sums, np.uint32), (2, 1))}

    judged(BENCHES["ldmatrix"], {"access": f"ldmatrix_{form}", "warps": 1}, emulation)


@pytest.mark.parametrize(
    ("bench", "point"),
    [
        (BENCHES["memory-latency"], {"through": "l1", "working_set_kb": 16}),
        (BENCHES["memory-latency"], {"through": "l2", "working_set_kb": 512}),
        (BENCHES["l2-latency-by-place"], {"line": 3}),
    ],
)
def test_a_walk_ends_where_its_pointers_lead(judged: Callable[..., None], device: Device, bench: Bench, point: Point) -> None:
    """Pointers as the prologue makes them, from byte offsets that follow `first`."""

    def emulation(operands: Operands) -> dict[str, np.ndarray]:
        arguments = bench.launch(point, device).arguments
        first, slots, stride, warm_steps, iterations = (a for a in arguments if not isinstance(a, str))
        base = 0x7F0000000000 + first
        ring = operands.inputs["ring"]
        pointers = {base + i * stride + 8: base + int(ring[(first + i * stride) // 8]) + 8 for i in range(slots)}
        address = base + 8
        for _ in range(warm_steps + 32 * (iterations + 1)):
            address = pointers[address]
        return {"out": np.full(operands.outputs["out"][0], address - 8 - base, np.uint32)}

    judged(bench, point, emulation)


def test_a_ring_passes_every_slot_before_it_closes() -> None:
    bench, device = BENCHES["memory-latency"], Device("sm90", 2, 2**20, 2**30, 2**17)
    ring = bench.operands({"through": "l2", "working_set_kb": 64}, device, np.random.default_rng(0)).inputs["ring"][::16] // 128
    here, seen = 0, set()
    while here not in seen:
        seen.add(here)
        here = int(ring[here])
    assert here == 0 and len(seen) == 512


def test_a_walk_through_shared_memory_ends_where_its_pointers_lead(judged: Callable[..., None]) -> None:
    def emulation(operands: Operands) -> dict[str, np.ndarray]:
        here = 0
        for _ in range(32 * PASSES):
            here = int(operands.inputs["following"][here])
        return {"out": np.array([here], np.uint32)}

    judged(BENCHES["shared-latency"], {"words": 1024}, emulation)


def test_a_set_that_does_not_fit_is_skipped_with_its_size() -> None:
    small = Device("sm90", 2, 2**20, 2**28, 2**17)
    reason = BENCHES["memory-latency"].skip({"through": "l2", "working_set_kb": 524288}, small)
    assert reason is not None and "512 MB" in reason
