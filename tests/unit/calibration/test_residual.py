"""Does the residual learn what physics leaves, within its bound, and never for a shape from itself?"""

import numpy as np
import pytest

from narrowgauge.calibration import residual as learned
from narrowgauge.calibration.fitting import FOLDS, Measured, fit_precision, folds_of
from narrowgauge.calibration.record import Residual
from narrowgauge.calibration.trees import TreeEnsemble
from narrowgauge.dataflows.family import KernelCost, Parameter

ROWS = 1000


class Toy:
    """latency = launch + size × slow; silicon adds 20 % where `odd` is 1, and 50 % for library `late`."""

    name, columns, group = "toy", ("size", "odd"), ("size",)

    def parameters(self, variant, gpu):
        return (
            Parameter("launch", 2.0, 1.0, 10.0, "us", "start"),
            Parameter("slow", 0.5, 0.01, 10.0, "us", "per size", log=True),
        )

    def cost(self, rows, variant, gpu, params):
        latency = params["launch"] + rows["size"] * params["slow"]
        return KernelCost(latency, {"launch": np.full_like(latency, params["launch"])}, {}, {})

    def features(self, rows, variant, gpu, cost):
        return {"log_size": np.log2(rows["size"]), "odd": rows["odd"]}

    def size_class(self, rows):
        return np.digitize(rows["size"], [100])


@pytest.fixture(scope="module")
def fitted():
    """A quarter of the trees that a real fit grows are plenty for a toy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learned, "SETTINGS", learned.SETTINGS | {"max_iter": 30, "max_leaf_nodes": 8})
        yield made()


def made():
    rng = np.random.default_rng(0)
    family, data, shapes = Toy(), {}, {}
    for library in ("early", "late"):
        size = np.exp(rng.uniform(0, 7, ROWS)).round(2)
        shapes[library] = {"size": size, "odd": rng.integers(0, 2, ROWS).astype(float)}
    for library, columns in shapes.items():
        silicon = (3.0 + 0.8 * columns["size"]) * np.where(columns["odd"] == 1, 1.2, 1.0) * (1.5 if library == "late" else 1.0)
        data[library] = Measured(columns, silicon * np.exp(rng.normal(0, 0.01, ROWS)), folds_of(family, columns))
    fit, held = fit_precision(family, "p", None, data)
    return fit, held, data


def test_removes_what_physics_cannot_know(fitted):
    fit, _, _ = fitted
    for library in fit.libraries.values():
        assert library.held_out["physics_mape"] > 0.07
        assert library.held_out["residual_mape"] < 0.03


def test_physics_is_fitted_per_library(fitted):
    early, late = (fitted[0].libraries[name].parameters["slow"] for name in ("early", "late"))
    assert late.value / early.value == pytest.approx(1.5, rel=0.05)
    assert early.low <= early.value <= early.high and early.unit == "us"


def test_held_out_corrections_stay_within_the_bound(fitted):
    fit, held, data = fitted
    for library, rows in held.items():
        for fold in range(FOLDS):
            correction = np.abs(np.log(rows.residual_us / rows.physics_us))[data[library].fold == fold]
            assert (
                correction.max() <= 1.2 * fit.libraries[library].residual.bound
            )  # each fold has a bound of its own, from its own errors


def test_valid_range_and_rows_are_those_of_the_data(fitted):
    fit, _, data = fitted
    one = fit.libraries["late"]
    assert one.rows == ROWS
    assert one.valid_range["size"] == (data["late"].columns["size"].min(), data["late"].columns["size"].max())


def test_intervals_come_from_rows_that_were_held_out(fitted):
    fit, held, _ = fitted
    errors = np.log(held["early"].measured_us / held["early"].residual_us)
    low, high = fit.libraries["early"].residual_intervals.overall
    assert np.mean((errors >= low) & (errors <= high)) == pytest.approx(0.9, abs=0.01)


def test_a_correction_is_clipped_at_the_bound():
    huge = TreeEnsemble(5.0, np.zeros(1, np.int32), np.array([-1], np.int32), np.zeros(1), np.zeros(1, np.int32))
    factor = learned.correction(Residual(("a",), 0.1, huge), {"a": np.zeros(3)})
    assert factor == pytest.approx(np.exp([0.1] * 3))


def test_the_bound_never_exceeds_a_factor_of_two():
    assert learned.bound_of(np.full(100, 9.0)) == pytest.approx(np.log(2))
    assert learned.bound_of(np.linspace(-0.1, 0.1, 1001)) == pytest.approx(0.098)


def test_features_keep_their_order():
    table = learned.table({"b": np.array([1, 2]), "a": np.array([3, 4])})
    assert table.tolist() == [[1, 3], [2, 4]]


def test_training_is_deterministic(monkeypatch):
    monkeypatch.setattr(learned, "SETTINGS", learned.SETTINGS | {"max_iter": 5})
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(500, 3)), rng.normal(size=500)
    assert np.array_equal(learned.train(x, y).predict(x), learned.train(x, y).predict(x))
