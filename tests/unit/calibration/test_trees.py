"""Do our tree arrays say what scikit-learn's model says, before and after a trip through JSON, in both evaluators?"""

import json

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from narrowgauge.calibration import trees


@pytest.fixture(scope="module", params=["continuous", "values that equal thresholds"])
def model_and_data(request):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3000, 5))
    x = x if request.param == "continuous" else np.round(x, 2)
    y = np.sin(3 * x[:, 0]) + x[:, 1] * x[:, 2]
    model = HistGradientBoostingRegressor(loss="absolute_error", max_iter=20, max_leaf_nodes=31, early_stopping=False)
    return model.fit(x, y), x


def test_agrees_with_scikit_learn(model_and_data):
    model, x = model_and_data
    ours = trees.TreeEnsemble.from_sklearn(model).predict(x)
    assert np.allclose(ours, model.predict(x), rtol=0, atol=1e-5)


def test_survives_json(model_and_data):
    model, x = model_and_data
    ensemble = trees.TreeEnsemble.from_sklearn(model)
    again = trees.TreeEnsemble.from_json(json.loads(json.dumps(ensemble.to_json())))
    assert np.array_equal(again.predict(x), ensemble.predict(x))


def test_few_rows_and_many_rows_take_the_same_way(model_and_data):
    model, x = model_and_data
    ensemble = trees.TreeEnsemble.from_sklearn(model)
    assert len(x) > trees.FEW_ROWS
    compiled = ensemble.predict(x)
    trees._compiled_walk.cache_clear()  # or it would serve few rows as well
    for rows in (1, 2, 100):
        assert np.array_equal(ensemble.predict(x[:rows]), compiled[:rows])
