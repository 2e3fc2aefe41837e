"""The learned residual: what physics leaves of log(measured / predicted) in one library's kernels of one precision, bounded.

Shapes that are left out together (`KernelFamily.group`) never meet in training and test. The bound is a quantile of the
physics' own held-out error, so that the residual can correct the physics but never replace it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from narrowgauge.calibration.record import Residual
from narrowgauge.calibration.trees import TreeEnsemble

Floats = npt.NDArray[np.float64]

BOUND_QUANTILE = 0.98
LARGEST_BOUND = np.log(2.0)
#: of HistGradientBoostingRegressor; chosen once on bf16 GEMMs by grouped cross-validation, the same for every family
SETTINGS = {
    "loss": "absolute_error",  # what is reported is a mean absolute error, and measurements have outliers
    "max_iter": 120,
    "learning_rate": 0.2,
    "max_leaf_nodes": 127,
    "max_depth": 12,  # deeper trees cost a third of the pricing speed and 0.03 % of error
    "min_samples_leaf": 12,
    "l2_regularization": 1.0,
}


def table(features: Mapping[str, npt.NDArray[Any]]) -> Floats:
    """Feature matrix: the features in order, a row each."""
    return np.stack([np.asarray(column, float) for column in features.values()]).T.copy()


def train(x: Floats, target: Floats, seed: int = 0) -> TreeEnsemble:
    """Boosted trees for the target; deterministic for a seed."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(**SETTINGS, early_stopping=False, random_state=seed)
    return TreeEnsemble.from_sklearn(model.fit(x, target))


def bound_of(physics_log_errors: Floats) -> float:
    """Largest correction that the residual may make, as a logarithm."""
    return float(min(LARGEST_BOUND, np.quantile(np.abs(physics_log_errors), BOUND_QUANTILE)))


def correction(residual: Residual, features: Mapping[str, npt.NDArray[Any]]) -> Floats:
    """Factor by which the residual multiplies the physics' latency."""
    learned = residual.trees.predict(table(features))
    return np.asarray(np.exp(np.clip(learned, -residual.bound, residual.bound)))
