"""Do readers of records and published targets speak of benches, axes and counts that exist?"""

import pytest

from narrowgauge.archmodels import load_gpu, machine_names
from narrowgauge.archmodels.schema import rules
from narrowgauge.calibration.machine import alu, tensor
from narrowgauge.calibration.machine.extract import EXTRACTORS
from narrowgauge.calibration.machine.targets import Target, targets
from narrowgauge.kernels.bench import points
from narrowgauge.kernels.discovery import load_benches
from narrowgauge.kernels.plan import NOMINAL

BENCHES = load_benches()


@pytest.mark.parametrize("bench", [b for extractor in EXTRACTORS for b in (*extractor.benches, *extractor.hopper)])
def test_every_reader_reads_a_bench(bench: str) -> None:
    assert bench in BENCHES


def test_no_bench_has_two_readers() -> None:
    read = [b for extractor in EXTRACTORS for b in (*extractor.benches, *extractor.hopper)]
    assert len(read) == len(set(read))


@pytest.mark.parametrize("target", targets(), ids=lambda t: " ".join(map(str, (t.hardware[0], t.bench, *t.axes.values()))))
def test_every_published_value_has_its_point_and_count(target: Target) -> None:
    bench = BENCHES[target.bench]
    assert dict(target.axes) in [dict(point) for point in points(bench, "full")]
    assert set(target.hardware) <= set(machine_names())
    device = NOMINAL[load_gpu(target.hardware[0]).architecture]
    assert bench.skip(target.axes, device) is None
    assert target.figure.split()[1] in bench.work(target.axes, device)


def test_classes_of_instructions_are_steps_of_the_bench_and_fields_of_the_schema() -> None:
    assert {step for steps in alu.CLASSES.values() for step in steps} <= set(BENCHES[alu.BENCH].axes["step"])
    assert {f"{alu.RATES}.{name}" for name in alu.CLASSES} <= set(rules())


@pytest.mark.parametrize("bench", [tensor.MMA, tensor.WGMMA])
def test_dense_instructions_have_a_field(bench: str) -> None:
    dense = [str(i) for i in BENCHES[bench].axes["instruction"] if not str(i).startswith("sp_")]
    assert all(f"{tensor.RATES}.{tensor.format_of(name)}" in rules() for name in dense)
