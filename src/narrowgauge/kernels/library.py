"""What the vendor's libraries reach on this machine: dense products (cuBLAS, cuBLASLt) and attention, through torch.

Rows have the columns of the calibration data sets: m, n, k, scheme; batch_size, isl, num_heads, num_key_value_heads, head_dim,
attn_dtype, step. A row is one call of the library: nothing is quantised in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Protocol

from narrowgauge.errors import NarrowgaugeError, UnsupportedError
from narrowgauge.kernels import sources
from narrowgauge.kernels.backend import DeviceLostError, OutOfMemoryError
from narrowgauge.kernels.bench import Check, Timing
from narrowgauge.kernels.campaign import Progress
from narrowgauge.kernels.records import RecordFile
from narrowgauge.kernels.runner import Runner, check_record
from narrowgauge.kernels.timings import Sampler
from narrowgauge.measurements import AxisValue, Library, PointRecord

Axes = Mapping[str, AxisValue]

#: n and k of the layers of Llama 3 8B (query-key-value, output, gate-up, down) and a large square one
LAYERS = ((6144, 4096), (4096, 4096), (28672, 4096), (4096, 14336), (8192, 8192))
#: enough that each scheme has the 40 rows that a fit of kernels needs, also INT8, which torch refuses up to 16 rows
TOKENS = (1, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
SCHEMES = ("bf16", "fp8-static", "int8")
#: where operand data changes power, and through the clock the time
LARGE = ((8192, 8192, 8192),)
#: batch, tokens, query heads, key-value heads, head size of prefill; batch and cached tokens of decode
PREFILL = tuple((batch, isl, 32, 8, 128) for batch, isl in ((1, 512), (1, 2048), (1, 8192), (8, 2048)))
DECODE = tuple((batch, step, 32, 8, 128) for batch, step in ((1, 1024), (1, 8192), (16, 1024), (16, 8192), (64, 2048)))


class CallSampler(Sampler, Protocol):
    """Samples of a library call, and the check of its result."""

    def check(self) -> Check:
        """The last result against a product in higher precision."""
        ...


class LibraryBackend(Protocol):
    """A library on the device that is measured."""

    library: Library

    def refuses(self, kind: str, axes: Axes) -> str | None:
        """Why the library cannot do a row, or None."""
        ...

    def prepare(self, kind: str, axes: Axes, batch_us: float) -> CallSampler:
        """Operands in rotating copies that exceed the L2, warm calls, and a sampler of batches of about `batch_us`."""
        ...


@dataclass(frozen=True)
class LibraryBench:
    """One kind of row."""

    name: str
    question: str
    kind: str  #: "gemm" or "attention"
    timing: Timing
    rows: tuple[Axes, ...]


def benches(suite: str) -> tuple[LibraryBench, ...]:
    """The rows of a suite; quick asks every other layer and number of tokens, and no power."""
    step = 2 if suite == "quick" else 1
    ask = "How long does {} of the vendor's library take?"
    found = (
        LibraryBench("library-gemm", ask.format("a dense product"), "gemm", Timing.GRAPH, tuple(_gemms(step))),
        LibraryBench("library-attention", ask.format("attention"), "attention", Timing.GRAPH, tuple(_attentions(step))),
    )
    power = "What does the board draw during dense products, with random and with zero operands?"
    rows = tuple(_gemm(m, n, k, scheme, data) for (m, n, k), scheme, data in product(LARGE, SCHEMES, ("random", "zero")))
    return found if suite == "quick" else (*found, LibraryBench("library-gemm-power", power, "gemm", Timing.POWER, rows))


def _gemm(m: int, n: int, k: int, scheme: str, data: str) -> Axes:
    return {"m": m, "n": n, "k": k, "scheme": scheme, "data": data}


def _gemms(step: int) -> Iterator[Axes]:
    for (n, k), m, scheme in product(LAYERS[::step], TOKENS[::step], SCHEMES):
        yield _gemm(m, n, k, scheme, "random")
    for (m, n, k), scheme, data in product(LARGE, SCHEMES, ("random", "zero")):
        yield _gemm(m, n, k, scheme, data)


def _attentions(step: int) -> Iterator[Axes]:
    names = ("batch_size", "isl", "step", "num_heads", "num_key_value_heads", "head_dim")
    rows = [(b, isl, 0, h, kv, d) for b, isl, h, kv, d in PREFILL[::step]]
    rows += [(b, 1, cached, h, kv, d) for b, cached, h, kv, d in DECODE[::step]]
    for row in rows:
        yield {**dict(zip(names, row, strict=True)), "attn_dtype": "bf16", "data": "random"}


def run_libraries(
    suite: str, runner: Runner, file: RecordFile, ordinal: int, progress: Progress, backend: LibraryBackend | None = None
) -> None:
    """Measure every row that the file has no outcome of; nothing where torch is not there."""
    if backend is None:
        from narrowgauge.kernels.torch_library import open_torch

        backend = open_torch(ordinal)
    if backend is None:
        return
    version = sources.text_hash(backend.library.version)  # a row depends on the library and on nothing of ours
    rows = [(bench, axes) for bench in benches(suite) for axes in bench.rows]
    for done, (bench, axes) in enumerate(rows):
        progress(done, len(rows), bench.name)
        if not file.finished(bench.name, axes, version):
            _measure(bench, axes, version, backend, runner, file)
    progress(len(rows), len(rows), "")


def _measure(bench: LibraryBench, axes: Axes, version: str, library: LibraryBackend, runner: Runner, file: RecordFile) -> None:
    named: dict[str, object] = {"bench": bench.name, "question": bench.question, "timing": str(bench.timing), "axes": dict(axes)}
    named |= {"source_hash": version, "library": library.library}
    refused = library.refuses(bench.kind, axes)
    if refused is not None:
        file.append(PointRecord.model_validate({**named, "skipped": refused}))
        return
    try:
        found = _timed(bench, axes, library, runner)
    except (OutOfMemoryError, UnsupportedError) as error:
        file.append(PointRecord.model_validate({**named, "skipped": str(error)}))
        return
    except Exception as error:  # a row that a library cannot do may not cost the others their measurements
        words = str(error) if isinstance(error, NarrowgaugeError) else f"{type(error).__name__}: {error}"
        lost = isinstance(error, DeviceLostError)
        file.append(PointRecord.model_validate({**named, "failed": words, "lost_device": lost}))
        if lost:
            raise
        return
    file.append(PointRecord.model_validate({**named, **found, "work": _work(bench.kind, axes)}))


def _timed(bench: LibraryBench, axes: Axes, library: LibraryBackend, runner: Runner) -> Mapping[str, object]:
    taker = library.prepare(bench.kind, axes, runner.discipline.batch_us[bench.timing])
    try:
        found = runner.timed(taker, bench.timing)
        return {**found, "check": check_record(taker.check())}
    finally:
        taker.close()


def _work(kind: str, axes: Axes) -> dict[str, float]:
    """Multiply-adds of a row; a causal mask halves those of prefill."""
    n = {name: int(value) for name, value in axes.items() if isinstance(value, int)}
    if kind == "gemm":
        return {"macs": float(n["m"] * n["n"] * n["k"])}
    pairs = n["isl"] * (n["isl"] + 1) / 2 + n["isl"] * n["step"]
    return {"macs": 2.0 * n["batch_size"] * n["num_heads"] * n["head_dim"] * pairs}
