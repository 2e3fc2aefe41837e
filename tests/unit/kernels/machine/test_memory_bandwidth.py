"""Are sums and copies of streams judged word by word?"""

from collections.abc import Callable

import numpy as np
import pytest

from narrowgauge.kernels.bench import BENCHES, Device, Operands
from narrowgauge.kernels.benches.memory_bandwidth import scrambled


def emulation(bench: str, point: dict, device: Device) -> Callable[[Operands], dict[str, np.ndarray]]:
    """Thread by thread over the elements t, t + T, ... of the launch."""
    launch = BENCHES[bench].launch(point, device)
    count, passes, *more = (a for a in launch.arguments if isinstance(a, int))
    threads = launch.grid * launch.block

    def run(operands: Operands) -> dict[str, np.ndarray]:
        k = np.arange(count)
        if launch.entry == "stream_copy":
            return {"out": operands.inputs["data"].reshape(-1, 4).copy()}
        if launch.entry == "stream_write":
            last = passes - 1
            return {"out": np.stack([k, k ^ 0xFFFFFFFF, k * 0 + last, k ^ last], axis=-1).astype(np.uint32)}
        data = operands.inputs["data"]
        if launch.entry == "strided_read":
            brought = data[k * more[0]].astype(np.uint64)
        else:
            place = k
            if launch.entry == "random_read":
                log, bits = more
                segment = scrambled((k >> log).astype(np.uint32), bits).astype(np.int64)
                place = (segment << log) + k % (1 << log)
                assert len(np.unique(place)) == len(k)
            brought = data.reshape(-1, 4)[place].astype(np.uint64).sum(axis=1)
        sums = np.zeros(threads, np.uint64)
        np.add.at(sums, k % threads, brought * passes)
        return {"out": sums.astype(np.uint32)}

    return run


@pytest.mark.parametrize(
    ("bench", "point"),
    [
        ("memory-stream", {"access": "stream_read", "percent_of_l2": 100}),
        ("memory-stream", {"access": "stream_write", "percent_of_l2": 30}),
        ("memory-stream", {"access": "stream_copy", "percent_of_l2": 30}),
        ("memory-random", {"access": "random_read", "segment_bytes": 64, "percent_of_l2": 200}),
        ("memory-random", {"access": "random_read", "segment_bytes": 512, "percent_of_l2": 30}),
        ("memory-strided", {"access": "strided_read", "stride_bytes": 128, "percent_of_l2": 800}),
    ],
)
def test_sums_and_copies_are_judged(judged: Callable[..., None], device: Device, bench: str, point: dict) -> None:
    judged(BENCHES[bench], point, emulation(bench, point, device))


@pytest.mark.parametrize("bits", [3, 10, 17])
def test_scrambling_is_a_permutation(bits: int) -> None:
    assert len(np.unique(scrambled(np.arange(1 << bits, dtype=np.uint32), bits))) == 1 << bits


def test_a_strided_read_counts_whole_sectors(device: Device) -> None:
    counts = [
        BENCHES["memory-strided"].work({"access": "strided_read", "stride_bytes": s, "percent_of_l2": 800}, device)
        for s in (4, 32, 128)
    ]
    assert [c["sector_bytes"] / c["bytes"] for c in counts] == [1, 8, 8]
