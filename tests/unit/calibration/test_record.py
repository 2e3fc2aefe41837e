"""Does a fit survive its file, and is a file that is not one refused with its name and the reason?"""

import json
from dataclasses import replace

import numpy as np
import pytest

from narrowgauge.calibration import record
from narrowgauge.calibration.intervals import Intervals
from narrowgauge.calibration.trees import TreeEnsemble
from narrowgauge.errors import InputError


@pytest.fixture
def fit():
    """One split at 0.5 between corrections of -1 % and +2 %."""
    stump = TreeEnsemble(
        0.25,
        *(np.array(v, t) for v, t in (([0], np.int32), ([0, -1, -1], np.int32))),
        *(np.array([0.5, -0.01, 0.02]), np.array([1, 0, 0], np.int32)),
    )
    library = record.LibraryFit(
        rows=1234,
        parameters={"launch_us": record.FittedValue(2.5, 2.4, 2.6, "us")},
        valid_range={"m": (1.0, 4096.0)},
        held_out={"physics_mape": 0.05, "residual_mape": 0.03},
        physics_intervals=Intervals((-0.1, 0.1), {}),
        residual_intervals=Intervals((-0.05, 0.05), {7: (-0.01, 0.02)}),
        residual=record.Residual(("log_m", "log_n"), 0.3, stump),
    )
    precisions = {"bf16": record.PrecisionFit({"trtllm": library})}
    return record.Fit("a100-sxm-80gb", "sm80", "gemm", (record.Source("data.parquet", "0" * 64, 1234, "somewhere"),), precisions)


def test_survives_its_file(fit, tmp_path):
    path = record.save(fit, tmp_path)
    assert path.name == "a100-sxm-80gb.gemm.json"
    again = record.load(path)
    assert (again.machine, again.architecture, again.family, again.sources) == ("a100-sxm-80gb", "sm80", "gemm", fit.sources)
    one, other = (found.precisions["bf16"].libraries["trtllm"] for found in (again, fit))
    assert replace(one, residual=other.residual) == other
    assert (one.residual.features, one.residual.bound) == (("log_m", "log_n"), 0.3)
    x = np.array([[0.4, 0.0], [0.5, 0.0], [0.6, 0.0]])
    assert one.residual.trees.predict(x) == pytest.approx([0.24, 0.24, 0.27])


def test_the_file_is_plain_json_without_code(fit, tmp_path):
    data = json.loads(record.save(fit, tmp_path).read_text(encoding="utf-8"))
    assert data["schema"] == record.SCHEMA
    assert set(data) == {"schema", "machine", "architecture", "family", "sources", "precisions"}


def test_saving_twice_writes_the_same_bytes(fit, tmp_path):
    first = record.save(fit, tmp_path).read_bytes()
    assert record.save(record.load(tmp_path / fit.file_name), tmp_path).read_bytes() == first


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: len(text) // 2], "JSONDecodeError"),
        (lambda text: "[1, 2]", "TypeError"),
        (lambda text: "{}", "KeyError: 'schema'"),
        (lambda text: text.replace('"schema":1', '"schema":99'), "fit schema 99 is not known; this version reads 1"),
        (lambda text: text.replace('"residual":{"features"', '"residuum":{"features"'), "KeyError: 'residual'"),
        (lambda text: text.replace('"data":"', '"data":"AAAA'), "not a fit file of schema 1"),
        (lambda text: text.replace('"overall":[-0.1,0.1]', '"overall":7'), "not a fit file of schema 1"),
    ],
    ids=["truncated", "a list", "empty", "newer", "misspelt", "damaged trees", "a number for a list"],
)
def test_a_damaged_file_is_refused_by_name(fit, tmp_path, damage, message):
    path = record.save(fit, tmp_path)
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(InputError) as refusal:
        record.load(path)
    assert str(path) in str(refusal.value) and message in str(refusal.value)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "a100-sxm-80gb.gemm.json"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match="not a fit file"):
        record.load(path)


def test_shipped_fits_load_and_are_small():
    folder = record.resources.files("narrowgauge.calibration") / "fits"
    sizes = {p.name: len(p.read_bytes()) for p in folder.iterdir() if p.name.endswith(".json")}
    assert sum(sizes.values()) < 10e6
    for family in ("gemm", "attention-prefill", "attention-decode", "elementwise"):
        for machine in record.shipped_machines(family):
            found = record.shipped(machine, family)
            assert (found.machine, found.family) == (machine, family)
            assert all(len(source.sha256) == 64 and source.rows > 0 and source.origin for source in found.sources)


def test_a_machine_without_a_fit_has_none():
    assert record.shipped("rtx-4070", "gemm") is None
