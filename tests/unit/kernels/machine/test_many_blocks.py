"""Are kernels judged whose blocks work on each other's memory, count together, come in waves, or do next to nothing?"""

from collections.abc import Callable

import numpy as np
import pytest

from narrowgauge.kernels.bench import BENCHES, Device, Operands
from narrowgauge.kernels.discovery import load_benches

load_benches()


@pytest.fixture
def device() -> Device:
    return Device("sm90", sm_count=8, l2_bytes=2**20, memory_bytes=2**30, max_shared_bytes=227 * 1024)


def test_a_walk_through_a_neighbours_memory_ends_where_it_leads(judged: Callable[..., None]) -> None:
    def emulation(operands: Operands) -> dict[str, np.ndarray]:
        here = 0
        for _ in range(32 * 33):
            here = operands.inputs["following"][here]
        return {"out": np.full(8, here, np.uint32)}

    judged(BENCHES["cluster-latency"], {"cluster": 4}, emulation)


@pytest.mark.parametrize("cluster", [2, 8])
def test_what_comes_from_a_neighbour_is_added_up(judged: Callable[..., None], cluster: int) -> None:
    """Loads of 16 bytes at 16 × (thread mod 128) + 2 KB × u from the next block, which added its rank to every word."""

    def emulation(operands: Operands) -> dict[str, np.ndarray]:
        out = np.zeros((8, 128), np.uint64)
        for block in range(8):
            memory = operands.inputs["data"] + np.uint32((block % cluster + 1) % cluster)
            for thread in range(128):
                bytes_at = [16 * (thread % 128) + 2048 * u for u in range(16)]
                out[block, thread] = 65 * sum(int(memory[at // 4 + i]) for at in bytes_at for i in range(4)) % 2**32
        return {"out": out.astype(np.uint32)}

    judged(BENCHES["cluster-bandwidth"], {"cluster": cluster, "warps": 4}, emulation)


@pytest.mark.parametrize("distinct", [1, 32, 1024])
@pytest.mark.parametrize("operation", BENCHES["atomics-global"].axes["operation"])
def test_no_addition_is_lost(judged: Callable[..., None], operation: str, distinct: int) -> None:
    """256 rounds in which all threads add one after another, in the type's own arithmetic."""
    dtype = {"u32": np.uint32, "f32": np.float32, "f16x2": np.float16}[operation.rpartition("_")[2]]

    def emulation(operands: Operands) -> dict[str, np.ndarray]:
        counters, seen = np.zeros(distinct, dtype), np.zeros(8 * 128, np.uint32)
        for _ in range(256):
            for thread in range(8 * 128):
                if operation == "atomic_fetch_u32":
                    seen[thread] += counters[thread % distinct]
                counters[thread % distinct] += dtype(1)
        if dtype is np.float16:
            counters = np.repeat(counters, 2)
        return {"out": counters.view(np.uint32), "seen": seen}

    with np.errstate(over="ignore"):
        judged(BENCHES["atomics-global"], {"operation": operation, "distinct": distinct}, emulation)


@pytest.mark.parametrize("operation", BENCHES["atomics-shared"].axes["operation"])
def test_no_addition_in_shared_memory_is_lost(judged: Callable[..., None], operation: str) -> None:
    dtype = np.uint32 if operation.endswith("u32") else np.float32
    counts = np.full((8, 4), 256 * 128 / 4, dtype).view(np.uint32)
    judged(BENCHES["atomics-shared"], {"operation": operation, "distinct": 4}, lambda _: {"out": counts})


@pytest.mark.parametrize("percent", [25, 101])
def test_every_block_counts_its_multiply_adds(judged: Callable[..., None], device: Device, percent: int) -> None:
    bench, point = BENCHES["waves"], {"resident": 2, "percent_of_wave": percent}
    assert bench.launch(point, device).grid == {25: 4, 101: 17}[percent]

    def emulation(operands: Operands) -> dict[str, np.ndarray]:
        x, y, z = operands.inputs["in"]
        for _ in range(32 * bench.iterations):
            x = x * y + z
        return {"out": np.broadcast_to(x, operands.outputs["out"][0]).copy()}

    judged(bench, point, emulation)


@pytest.mark.parametrize("resident", [1, 2, 4])
def test_as_many_blocks_fit_as_the_point_says(device: Device, resident: int) -> None:
    """An SM has a kilobyte more than the largest block, and every block takes a kilobyte more than it asks for."""
    asked = BENCHES["waves"].launch({"resident": resident, "percent_of_wave": 100}, device).shared_bytes
    assert (device.max_shared_bytes + 1024) // (asked + 1024) == resident


@pytest.mark.parametrize("bench", ["launch-stream", "launch-graph"])
def test_even_the_least_kernel_proves_that_it_ran(judged: Callable[..., None], bench: str) -> None:
    judged(BENCHES[bench], {"size_kb": 0}, lambda _: {"out": np.array([0x5EED], np.uint32)})
    judged(BENCHES[bench], {"size_kb": 64}, lambda o: {"out": o.inputs["in"] * np.float32(1.5)})
