"""Does a campaign measure every point once, keep what it has, and go on behind whatever went wrong?"""

from pathlib import Path

import pytest
from paper_gpu import PROPERTIES, PaperGpu, Scale

from narrowgauge.errors import InputError, UnsupportedError
from narrowgauge.kernels import library as libraries
from narrowgauge.kernels.backend import DeviceLostError
from narrowgauge.kernels.bench import Check
from narrowgauge.kernels.campaign import describe, outcome, run, supported
from narrowgauge.kernels.discipline import SUITES
from narrowgauge.kernels.library import run_libraries
from narrowgauge.kernels.plan import NOMINAL, PlannedBench, plan, planned
from narrowgauge.kernels.records import RecordFile
from narrowgauge.kernels.runner import Runner
from narrowgauge.measurements import Library, Measurements, read_measurements

pytestmark = pytest.mark.usefixtures("paper_sources")


def silent(done: int, total: int, bench: str) -> None:
    pass


def opened(out: Path, gpu: PaperGpu) -> tuple[Runner, RecordFile]:
    file = RecordFile(out, describe(gpu.properties, gpu.read(), "full", "13.0"))
    return Runner(gpu, gpu, SUITES["quick"], now=gpu.now, sleep=gpu.sleep), file


def measure(out: Path, gpu: PaperGpu, *benches: Scale) -> Measurements:
    plans = [planned(bench, "full", gpu.properties.device) for bench in benches or (Scale(),)]
    run(plans, *opened(out, gpu), silent)
    return read_measurements(out)


def test_every_point_of_the_plan_is_in_the_file(tmp_path: Path) -> None:
    found = measure(tmp_path, PaperGpu())
    assert [record.axes for record in found.of("scale")] == [
        {"n": n, "data": data} for n in (64, 256) for data in ("random", "zero")
    ]
    assert found.campaigns[0].machine.gpu == PROPERTIES.name
    assert found.notes == ()


def test_what_is_measured_is_not_measured_again(tmp_path: Path) -> None:
    first = measure(tmp_path, PaperGpu())
    again = PaperGpu()
    assert measure(tmp_path, again) == first
    assert again.launches == 0


def test_after_an_interruption_the_rest_is_measured(tmp_path: Path) -> None:
    path = tmp_path / "measurements.jsonl"
    whole = measure(tmp_path, PaperGpu())
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]) + lines[3][:50])
    found = measure(tmp_path, PaperGpu())
    assert {record.key for record in found.of("scale")} == {record.key for record in whole.of("scale")}
    assert len(found.campaigns) == 2
    assert [note.where for note in found.notes] == [f"{path}:4"]


def test_a_lost_device_costs_one_point_and_the_next_process_goes_on(tmp_path: Path) -> None:
    with pytest.raises(DeviceLostError):
        measure(tmp_path, PaperGpu(lost_at=8))
    found = measure(tmp_path, PaperGpu())
    plan_of_it = planned(Scale(), "full", PROPERTIES.device)
    counts = outcome("scale", plan_of_it.source_hash, found)
    assert (counts.measured, counts.failed) == (3, 1)
    (failed,) = [record for _, record in found.records if record.failed]
    assert "illegal memory access" in str(failed.failed)


def test_a_bench_that_keeps_losing_the_device_is_left_alone(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(DeviceLostError):
            measure(tmp_path, PaperGpu(lost_at=0))
    gpu = PaperGpu(lost_at=0)
    found = measure(tmp_path, gpu)
    assert gpu.launches == 0
    words = [record.failed for _, record in found.records]
    assert words[2:] == ["not launched: 2 points of this bench lost the device"] * 2


def test_a_fault_of_a_bench_costs_its_points_alone(tmp_path: Path) -> None:
    class Broken(Scale):
        def check(self, *arguments: object) -> Check:
            raise KeyError("out")

    found = measure(tmp_path, PaperGpu(), Broken(name="broken"), Scale())
    assert len(found.of("scale")) == 4
    assert {record.failed for _, record in found.records if record.bench == "broken"} == {"KeyError: 'out'"}


def test_outcomes_are_counted(tmp_path: Path) -> None:
    def wrong_when_large(grid: int, x, out, *rest) -> None:
        import numpy as np

        factor = 3 if x.size > 256 else 2
        out.data[:] = (factor * x.data.view(np.float32)).view(np.uint8)

    bench = Scale(refused=64)
    found = measure(tmp_path, PaperGpu(kernel=wrong_when_large), bench)
    counts = outcome("scale", planned(bench, "full", PROPERTIES.device).source_hash, found)
    assert (counts.measured, counts.skipped, counts.failed, counts.wrong) == (1, 2, 0, 1)  # three times zero is zero


def test_the_plan_counts_points_skips_and_seconds() -> None:
    full = planned(Scale(refused=64), "full", PROPERTIES.device)
    quick = planned(Scale(refused=64), "quick", PROPERTIES.device)
    assert (full.asked, full.skips) == (2, {"this size is not asked here": 2})
    assert (quick.asked, quick.skips) == (2, {})
    assert full.seconds > quick.seconds > 0


def test_another_module_or_source_is_another_version(paper_sources: Path) -> None:
    def version() -> PlannedBench:
        return planned(Scale(), "quick", PROPERTIES.device)

    before = version().source_hash
    source = paper_sources / "scale.cu"
    text = source.read_text()
    source.write_text(text + "\n")
    try:
        assert version().source_hash != before
    finally:
        source.write_text(text)


@pytest.mark.parametrize(
    ("suite", "only", "words"),
    [("quick", ["no-such-bench"], "unknown bench 'no-such-bench'"), ("long", [], "unknown 'long'; allowed: quick, full")],
)
def test_an_unknown_bench_or_suite_is_an_input_error(suite: str, only: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        plan(suite, NOMINAL["sm90"], only)


def test_a_gpu_without_kernels_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedError, match="NVIDIA Paper 90 is sm120; the kernels are written for sm80, sm86, sm89, sm90"):
        supported(PaperGpu(properties=PROPERTIES.__class__(**{**vars(PROPERTIES), "architecture": "sm120"})).properties)


class PaperSampler:
    """A library call of 50 µs."""

    launches = 10

    def __init__(self, gpu: PaperGpu, right: bool) -> None:
        self.gpu, self.right = gpu, right

    def sample(self) -> float:
        self.gpu._pass(self.launches * 50e-6, 300.0)
        return 50.0

    def check(self) -> Check:
        return Check(0.0 if self.right else 1.0, 0.5, "paper")

    def close(self) -> None:
        self.gpu.events.append("closed")


class PaperLibrary:
    """A library that refuses INT8, breaks on FP8 with zeros, and computes attention wrongly."""

    library = Library(name="paper", version="1.0")

    def __init__(self, gpu: PaperGpu) -> None:
        self.gpu = gpu

    def refuses(self, kind: str, axes: libraries.Axes) -> str | None:
        return "no INT8 here" if axes.get("scheme") == "int8" else None

    def prepare(self, kind: str, axes: libraries.Axes, batch_us: float) -> PaperSampler:
        if axes.get("scheme") == "fp8-static" and axes["data"] == "zero":
            raise RuntimeError("no kernel image")
        return PaperSampler(self.gpu, kind == "gemm")


@pytest.mark.parametrize("suite", ["quick", "full"])
def test_library_rows_share_the_file_and_its_rules(tmp_path: Path, suite: str) -> None:
    gpu = PaperGpu()
    runner, file = opened(tmp_path, gpu)
    run_libraries(suite, runner, file, 0, silent, PaperLibrary(gpu))
    found = read_measurements(tmp_path)
    rows = {bench.name: len(bench.rows) for bench in libraries.benches(suite)}
    assert sum(rows.values()) == len(found.records)
    assert all(record.elapsed_us.median == 50 and record.library == PaperLibrary.library for record in found.of("library-gemm"))
    assert outcome("library-attention", None, found).wrong == rows["library-attention"]
    gemms = outcome("library-gemm", None, found)
    assert gemms.skipped > 0 and gemms.failed == 1
    assert {"m", "n", "k", "scheme", "macs", "elapsed_us"} <= set(found.frame("library-gemm").columns)
    if suite == "full":
        assert found.of("library-gemm-power")[0].power.power_w == pytest.approx(300, rel=0.01)
    run_libraries(suite, runner, file, 0, silent, PaperLibrary(gpu))
    assert len(read_measurements(tmp_path).records) == len(found.records)


def test_library_rows_are_read_as_calibration_data() -> None:
    from narrowgauge.formats import parse_scheme

    for bench in libraries.benches("full"):
        for row in bench.rows:
            assert {"m", "n", "k"} <= set(row) or {"batch_size", "isl", "step", "num_heads", "head_dim"} <= set(row)
            assert "scheme" not in row or parse_scheme(str(row["scheme"]))
