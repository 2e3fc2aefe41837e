"""What must hold for every bench on every architecture, as far as it can be known without a GPU.

One test per property; a bench that is added is covered without a line here."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from narrowgauge.kernels.bench import Array, Bench, Device, Operands, Point, points
from narrowgauge.kernels.compile import TARGETS, Binary, compile_source
from narrowgauge.kernels.discovery import load_benches
from narrowgauge.kernels.sass import Function, check_loop, disassemble
from narrowgauge.kernels.signature import argument_problems, parameter_sizes
from narrowgauge.registry import canonical

BENCHES = load_benches()
SHARED_KB = {
    "sm80": 163,
    "sm86": 99,
    "sm89": 99,
    "sm90": 227,
}  # largest block, CUDA C++ programming guide, table of compute capabilities
FULL_POINTS, QUICK_POINTS = 3500, 500
REGISTERS_OF_AN_SM = 65536

each_bench = pytest.mark.parametrize("bench", BENCHES.values(), ids=list(BENCHES))
each_architecture = pytest.mark.parametrize("architecture", TARGETS)


def small(architecture: str) -> Device:
    """A device on which operands that grow with the device stay small."""
    return Device(architecture, 4, 2**20, 2**28, SHARED_KB[architecture] * 1024)


@cache
def binary(source: str, architecture: str) -> Binary:
    return compile_source(source, architecture)


@cache
def functions(source: str, architecture: str) -> dict[str, Function]:
    return dict(disassemble(binary(source, architecture).cubin))


def asked(bench: Bench, device: Device) -> list[Point]:
    return [point for point in points(bench, "full") if bench.skip(point, device) is None]


def one_per_entry(bench: Bench, device: Device) -> Iterator[Point]:
    """The first point of every entry."""
    seen: set[str] = set()
    for point in asked(bench, device):
        entry = bench.launch(point, device).entry
        if entry not in seen:
            seen.add(entry)
            yield point


def poisoned(operands: Operands) -> dict[str, Array]:
    """Outputs as a kernel that wrote nothing leaves them."""

    def poison(shape: tuple[int, ...], dtype: np.dtype) -> Array:
        return np.frombuffer(b"\xff" * (int(np.prod(shape)) * dtype.itemsize), dtype).reshape(shape)

    return {name: poison(shape, np.dtype(dtype)) for name, (shape, dtype) in operands.outputs.items()}


def test_a_full_campaign_takes_minutes() -> None:
    full, quick = (sum(len(list(points(bench, suite))) for bench in BENCHES.values()) for suite in ("full", "quick"))
    assert full <= FULL_POINTS
    assert quick <= QUICK_POINTS


@each_bench
def test_a_bench_is_one_question_with_named_axes(bench: Bench) -> None:
    assert BENCHES[bench.name] is bench
    assert bench.name == canonical(bench.name)
    assert bench.question.endswith("?")
    assert set(bench.quick) <= set(bench.axes)
    assert all(set(values) <= set(bench.axes[axis]) for axis, values in bench.quick.items())
    assert all(len(set(values)) == len(values) > 0 for values in bench.axes.values())


@each_architecture
@each_bench
def test_axes_and_counts_have_names_of_their_own(bench: Bench, architecture: str) -> None:
    statistics = {f"{column}{end}" for column in ("elapsed_us", "cycles", "clock_mhz") for end in ("", "_mad")}
    device = small(architecture)
    counts = {name for point in asked(bench, device) for name in bench.work(point, device)}
    assert not (set(bench.axes) | counts) & (statistics | {"sample_count", "power_w"})


@each_architecture
@each_bench
def test_the_source_compiles_to_the_declared_entries(bench: Bench, architecture: str) -> None:
    assert set(bench.entries(architecture)) <= set(binary(bench.source, architecture).resources)


@each_architecture
def test_every_compiled_kernel_is_an_entry_of_some_bench(architecture: str) -> None:
    for source in {bench.source for bench in BENCHES.values()}:
        claimed = {entry for bench in BENCHES.values() if bench.source == source for entry in bench.entries(architecture)}
        assert set(binary(source, architecture).resources) <= claimed, source


@each_architecture
@each_bench
def test_the_inner_loop_holds_what_the_question_is_about(bench: Bench, architecture: str) -> None:
    code = functions(bench.source, architecture)
    rules = {entry: bench.inner_loop(entry, architecture) for entry in bench.entries(architecture)}
    problems = {entry: found for entry, rule in rules.items() if rule and (found := check_loop(code[entry], rule))}
    assert problems == {}


@each_architecture
@each_bench
def test_no_kernel_spills_or_keeps_arrays_in_local_memory(bench: Bench, architecture: str) -> None:
    used = {entry: binary(bench.source, architecture).resources[entry] for entry in bench.entries(architecture)}
    assert {entry: r for entry, r in used.items() if r.spill_store_bytes or r.spill_load_bytes or r.stack_bytes} == {}


@each_architecture
@each_bench
def test_a_point_is_asked_or_skipped_for_a_reason(bench: Bench, architecture: str) -> None:
    device = small(architecture)
    reasons = [bench.skip(point, device) for point in points(bench, "full")]
    assert all(reason is None or len(reason) > 10 for reason in reasons)


@each_architecture
@each_bench
def test_every_point_that_is_asked_has_an_entry(bench: Bench, architecture: str) -> None:
    device = small(architecture)
    assert {bench.launch(point, device).entry for point in asked(bench, device)} <= set(bench.entries(architecture))


@each_bench
def test_every_entry_is_asked_on_some_architecture(bench: Bench) -> None:
    """An entry may be there for its machine code alone where an architecture emulates it, but not everywhere."""
    known = {entry for architecture in TARGETS for entry in bench.entries(architecture)}
    launched = {bench.launch(point, device).entry for device in map(small, TARGETS) for point in asked(bench, device)}
    assert known == launched


@each_architecture
@each_bench
def test_launches_fit_the_device(bench: Bench, architecture: str) -> None:
    device = small(architecture)
    for point in asked(bench, device):
        launch = bench.launch(point, device)
        used = binary(bench.source, architecture).resources[launch.entry]
        assert 1 <= launch.block <= 1024 and launch.grid >= 1 and launch.grid % launch.cluster == 0, point
        assert launch.block * used.registers <= REGISTERS_OF_AN_SM, point
        assert launch.shared_bytes + used.shared_bytes <= device.max_shared_bytes, point


@each_architecture
@each_bench
def test_work_is_counted(bench: Bench, architecture: str) -> None:
    device = small(architecture)
    for point in asked(bench, device):
        counts = bench.work(point, device)
        assert counts and all(np.isfinite(value) and value > 0 for value in counts.values()), point


@each_architecture
@each_bench
def test_arguments_are_what_the_kernel_takes(bench: Bench, architecture: str) -> None:
    device, sizes = small(architecture), parameter_sizes(binary(bench.source, architecture).cubin)
    for point in one_per_entry(bench, device):
        operands, launch = bench.operands(point, device, np.random.default_rng(0)), bench.launch(point, device)
        assert argument_problems(launch, operands, sizes[launch.entry]) == [], point


@each_architecture
@each_bench
def test_operands_can_be_uploaded(bench: Bench, architecture: str) -> None:
    device = small(architecture)
    for point in one_per_entry(bench, device):
        operands = bench.operands(point, device, np.random.default_rng(0))
        assert all(array.flags.c_contiguous and array.size for array in operands.inputs.values()), point
        assert all(np.prod(shape) > 0 for shape, _ in operands.outputs.values()), point
        assert set(operands.rotate) <= set(operands.inputs), point


@each_architecture
@each_bench
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning", "ignore:overflow encountered:RuntimeWarning")
def test_a_kernel_that_writes_nothing_fails_its_check(bench: Bench, architecture: str) -> None:
    device = small(architecture)
    for point in one_per_entry(bench, device):
        operands = bench.operands(point, device, np.random.default_rng(0))
        if operands.outputs:
            assert not bench.check(point, device, operands.inputs, poisoned(operands)).ok, point
