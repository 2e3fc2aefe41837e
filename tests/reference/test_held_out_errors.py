"""Are the shipped fits as good as promised: what they record of rows that they never saw, and what they say of the data today?"""

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from narrowgauge.archmodels import load_machine
from narrowgauge.calibration.calibrated import price
from narrowgauge.calibration.campaign import tasks
from narrowgauge.calibration.datasets.catalogue import DATA_SETS
from narrowgauge.calibration.fitting import mape
from narrowgauge.calibration.record import shipped
from narrowgauge.calibration.report import bounds, shortest_us
from narrowgauge.dataflows.family import Variant

DATA = Path(__file__).parents[2].parent / "shared" / "data"
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason="needs the measured data sets in ../shared/data"),
]
#: promises that are not kept yet
MISSED = {("h100-sxm", "gemm", "bf16"): "with the residual 3.7 % where 3 % was promised: SGLang's and vLLM's kernels"}
FITS = sorted({(entry.machine, family) for entry in DATA_SETS for family in entry.families})
SETS = [(machine, family, precision) for machine, family in FITS for precision in shipped(machine, family).precisions]
FEW = 200  # rows above the shortest latency that is scored; fewer say little of a share
#: sets whose errors are recorded over the rows that are scored: all of them
RECORDED = [
    pytest.param(*one, marks=pytest.mark.xfail(reason=MISSED[one]) if one in MISSED else ())
    for one in SETS
    if shortest_us(*one[1:]) == 0
]


@lru_cache(maxsize=1)
def measured():
    return {(task.machine, task.family, task.precision): task.libraries for task in tasks(DATA, DATA_SETS)}


@lru_cache(maxsize=64)
def predicted(machine, family, precision):
    """Measured, with the residual, physics alone, and whether the interval holds it, of all libraries together."""
    parts = []
    for library, rows in measured()[machine, family, precision].items():
        us, priced = rows.latency_us, price(load_machine(machine), family, Variant(precision, library), rows.columns)
        scored = us > shortest_us(family, precision)
        inside = (priced.latency_us_low <= us) & (us <= priced.latency_us_high)
        parts.append([column[scored] for column in (us, priced.latency_us, priced.cost.latency_us, inside)])
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


@pytest.mark.parametrize(("machine", "family"), FITS)
def test_the_fits_are_of_these_files(machine, family):
    for source in shipped(machine, family).sources:
        assert source.sha256 == hashlib.sha256((DATA / source.name).read_bytes()).hexdigest(), source.name


def test_every_measured_precision_has_a_fit():
    assert set(measured()) == set(SETS)


@pytest.mark.parametrize(("machine", "family", "precision"), RECORDED)
def test_recorded_held_out_errors_keep_the_promise(machine, family, precision):
    libraries = shipped(machine, family).precisions[precision].libraries.values()
    rows = [library.rows for library in libraries]
    for name, bound in zip(("physics_mape", "residual_mape"), bounds(machine, family, precision), strict=True):
        assert np.average([library.held_out[name] for library in libraries], weights=rows) <= bound, name


@pytest.mark.parametrize(("machine", "family", "precision"), SETS)
def test_predictions_are_no_worse_than_the_promise(machine, family, precision):
    us, with_residual, physics, _ = predicted(machine, family, precision)
    physics_bound, residual_bound = bounds(machine, family, precision)
    assert mape(physics, us) <= physics_bound
    assert mape(with_residual, us) <= residual_bound


@pytest.mark.parametrize(("machine", "family", "precision"), SETS)
def test_the_residual_improves_on_physics(machine, family, precision):
    us, with_residual, physics, _ = predicted(machine, family, precision)
    assert mape(with_residual, us) < mape(physics, us)


@pytest.mark.parametrize(("machine", "family", "precision"), SETS)
def test_intervals_hold_nine_rows_in_ten(machine, family, precision):
    """At least: these rows were in the fit, and the intervals are those of rows that were not."""
    us, *_, inside = predicted(machine, family, precision)
    assert len(us) < FEW or inside.mean() > 0.87
