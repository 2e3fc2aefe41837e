"""Are asynchronous copies judged by what they bring, and walks through copies by where they end?"""

from collections.abc import Callable

import numpy as np
import pytest

from narrowgauge.kernels.bench import BENCHES, Device, Operands
from narrowgauge.kernels.discovery import load_benches

load_benches()


@pytest.mark.parametrize("stages", [1, 8])
def test_copies_of_every_thread_are_added_up(judged: Callable[..., None], device: Device, stages: int) -> None:
    """Thread t brings vectors t, t + T, t + 2T, ..."""
    point = {"stages": stages, "blocks_per_sm": 2}
    launch = BENCHES["async-copy"].launch(point, device)
    rounds, threads = launch.arguments[-1], launch.grid * launch.block
    assert rounds % (stages + 1) == 0

    def emulation(operands: Operands) -> dict[str, np.ndarray]:
        vectors = operands.inputs["data"].reshape(-1, 4).astype(np.uint64).sum(axis=1)
        assert len(vectors) == rounds * threads
        return {"out": np.array([vectors[t::threads].sum() for t in range(threads)]).astype(np.uint32)}

    judged(BENCHES["async-copy"], point, emulation)


@pytest.mark.parametrize("chunk_bytes", [1024, 16384])
@pytest.mark.parametrize("copy", ["tma_bulk", "tma_tensor"])
def test_chunks_of_every_block_are_added_up(judged: Callable[..., None], device: Device, copy: str, chunk_bytes: int) -> None:
    """Block b fetches chunks b, b + B, ...; its thread t reads vectors t, t + 128, ... of each. A box lies row by row."""
    point = {"copy": copy, "chunk_bytes": chunk_bytes, "stages": 2, "blocks_per_sm": 1}
    launch = BENCHES["tma"].launch(point, device)
    chunks = launch.arguments[3]
    assert chunks % (launch.grid * point["stages"]) == 0

    def emulation(operands: Operands) -> dict[str, np.ndarray]:
        data = operands.inputs["data"].astype(np.uint64)
        out = np.zeros((launch.grid, 128), np.uint64)
        for chunk in range(chunks):
            if copy == "tma_bulk":
                words = data.reshape(-1)[chunk * chunk_bytes // 4 :][: chunk_bytes // 4]
            else:
                columns, rows, across = launch.arguments[6:]
                x, y = chunk % across * columns, chunk // across * rows
                words = data[y : y + rows, x : x + columns].reshape(-1)
                assert words.size == chunk_bytes // 4
            for first in range(0, chunk_bytes // 16, 128):
                some = words.reshape(-1, 4)[first : first + 128].sum(axis=1)
                out[chunk % launch.grid, : len(some)] += some
        return {"out": out.astype(np.uint32)}

    judged(BENCHES["tma"], point, emulation)


def test_a_walk_through_copies_ends_where_its_lines_lead(judged: Callable[..., None]) -> None:
    def emulation(operands: Operands) -> dict[str, np.ndarray]:
        first = operands.inputs["data"][:, 0]
        here = 0
        for _ in range(1024):
            here = first[here]
        touched = np.array([first[t::128].astype(np.uint64).sum() for t in range(128)]).astype(np.uint32)
        return {"out": np.array([here], np.uint32), "touched": touched}

    judged(BENCHES["tma-latency"], {"working_set_kb": 2048}, emulation)


def test_copies_that_do_not_fit_an_sm_are_skipped_with_their_size() -> None:
    ada = Device("sm89", 2, 2**20, 2**30, 99 * 1024)
    reason = BENCHES["async-copy"].skip({"stages": 8, "blocks_per_sm": 4}, ada)
    assert reason is not None and "KB" in reason
    assert BENCHES["async-copy"].skip({"stages": 8, "blocks_per_sm": 2}, ada) is None
