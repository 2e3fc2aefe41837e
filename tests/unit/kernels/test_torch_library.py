"""Are library calls rotated, replayed, poisoned and checked? A paper torch stands in: tensors are arrays, a graph is a list."""

import contextlib
from types import SimpleNamespace

import numpy as np
import pytest

from narrowgauge.kernels.backend import DeviceLostError, LaunchRefusedError
from narrowgauge.kernels.bench import Check
from narrowgauge.kernels.torch_library import TorchLibrary, TorchSampler

CALL_US = 50.0


class PaperTensor:
    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def is_floating_point(self) -> bool:
        return self.values.dtype.kind == "f"

    def fill_(self, value: float) -> None:
        self.values[:] = value


class PaperTorch:
    """Counts the microseconds of calls; `graph` records the calls that are made inside it."""

    __version__ = "2.0"
    version = SimpleNamespace(cuda="13.0")

    def __init__(self) -> None:
        self.now_us = 0.0
        self.captured: list[str] | None = None
        self.emptied = False
        torch = self

        class Event:
            def __init__(self, enable_timing: bool) -> None:
                self.at_us = 0.0

            def record(self) -> None:
                self.at_us = torch.now_us

            def synchronize(self) -> None:
                pass

            def elapsed_time(self, other: "Event") -> float:
                return (other.at_us - self.at_us) / 1e3

        class CUDAGraph:
            def __init__(self) -> None:
                self.calls: list[str] = []
                self.error: RuntimeError | None = None

            def replay(self) -> None:
                if self.error:
                    raise self.error
                torch.now_us += CALL_US * len(self.calls)

        @contextlib.contextmanager
        def graph(target: CUDAGraph):
            torch.captured = target.calls
            yield
            torch.captured = None

        stream = SimpleNamespace(wait_stream=lambda other: None)
        self.cuda = SimpleNamespace(
            Event=Event,
            CUDAGraph=CUDAGraph,
            graph=graph,
            Stream=lambda: stream,
            current_stream=lambda: stream,
            stream=lambda side: contextlib.nullcontext(),
            empty_cache=lambda: setattr(self, "emptied", True),
        )

    def call(self, name: str):
        def run() -> PaperTensor:
            if self.captured is None:
                self.now_us += CALL_US
            else:
                self.captured.append(name)
            return PaperTensor(np.zeros(4, np.float32))

        return run


def sampler(torch: PaperTorch, batch_us: float = 500.0) -> TorchSampler:
    def check(result: PaperTensor) -> Check:
        return Check(float(result.values[0]), 0.0, "paper")

    return TorchSampler(torch, [torch.call("a"), torch.call("b"), torch.call("c")], check, batch_us)


def test_a_graph_rotates_through_the_copies_for_as_long_as_a_batch() -> None:
    made = sampler(PaperTorch())
    assert made.launches == 10
    assert made._graph.calls == ["a", "b", "c"] * 3 + ["a"]
    assert made.sample() == pytest.approx(CALL_US)


def test_the_result_is_poisoned_before_each_batch() -> None:
    made = sampler(PaperTorch())
    made.sample()  # the paper graph writes nothing
    assert np.isnan(made.check().error) and not made.check().ok


@pytest.mark.parametrize(
    ("words", "kind"),
    [("CUDA error: an illegal memory access was encountered", DeviceLostError), ("cuBLAS: not supported", LaunchRefusedError)],
)
def test_a_fault_loses_the_device_and_a_refusal_does_not(words: str, kind: type[Exception]) -> None:
    made = sampler(PaperTorch())
    made._graph.error = RuntimeError(f"{words}\nmore")
    with pytest.raises(kind, match=words):
        made.sample()


def test_memory_is_given_back() -> None:
    torch = PaperTorch()
    sampler(torch).close()
    assert torch.emptied


@pytest.mark.parametrize(
    ("capability", "axes", "words"),
    [
        ((8, 0), {"scheme": "fp8-static", "m": 64}, "FP8 products need sm_89"),
        ((9, 0), {"scheme": "int8", "m": 16}, "torch multiplies INT8 from 17 rows on"),
        ((9, 0), {"scheme": "fp8-static", "m": 1}, None),
        ((8, 0), {"scheme": "int8", "m": 64}, None),
        ((8, 0), {"attn_dtype": "bf16"}, None),
    ],
)
def test_what_the_library_cannot_do_is_refused_with_a_reason(capability: tuple[int, int], axes: dict, words: str | None) -> None:
    library = TorchLibrary(PaperTorch(), "cuda:0", capability, 2**20)
    assert library.refuses("gemm", axes) == words
    assert library.library.version == "2.0 cuda 13.0"
