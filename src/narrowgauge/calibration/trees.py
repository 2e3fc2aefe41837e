"""Gradient-boosted trees as plain arrays: scikit-learn grows them, this file evaluates them, JSON stores them.

Evaluating needs neither scikit-learn nor its object format, which keeps a prediction from a cold process short. In JSON an array is
its little-endian bytes, deflated, in base64: {"dtype", "data"}.
"""

from __future__ import annotations

import base64
import zlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

LEAF = -1
FEW_ROWS = 512  # below this the compiler costs more than it saves


@dataclass(frozen=True)
class TreeEnsemble:
    """Sum of regression trees. Node i tests `x[feature[i]] <= value[i]` and goes to `child[i]`, else to `child[i] + 1`;
    a leaf has feature -1 and holds its contribution in `value`. `roots` are the trees' first nodes."""

    baseline: float
    roots: Ints
    feature: Ints
    value: Floats
    child: Ints

    @classmethod
    def from_sklearn(cls, model: Any) -> TreeEnsemble:
        """The trees of a fitted HistGradientBoostingRegressor with a symmetric loss (baseline plus a sum of leaves)."""
        roots: list[int] = []
        feature: list[int] = []
        value: list[float] = []
        child: list[int] = []

        def reserve() -> int:
            feature.append(LEAF)
            value.append(0.0)
            child.append(0)
            return len(feature) - 1

        for (predictor,) in model._predictors:
            nodes = predictor.nodes
            roots.append(reserve())
            queue = deque([(0, roots[-1])])
            while queue:
                node, at = queue.popleft()
                if nodes[node]["is_leaf"]:
                    value[at] = float(nodes[node]["value"])
                    continue
                left, right = reserve(), reserve()
                feature[at], value[at], child[at] = int(nodes[node]["feature_idx"]), float(nodes[node]["num_threshold"]), left
                queue += [(int(nodes[node]["left"]), left), (int(nodes[node]["right"]), right)]
        rounded = _single_above(np.array(value))
        base = float(np.ravel(model._baseline_prediction)[0])
        return cls(base, np.array(roots, np.int32), np.array(feature, np.int32), rounded, np.array(child, np.int32))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TreeEnsemble:
        """Inverse of `to_json`."""
        roots, feature, value, child = (_unpacked(data[name]) for name in ("roots", "feature", "value", "child"))
        return cls(float(data["baseline"]), roots.astype(np.int32), feature.astype(np.int32), value.astype(float), child.astype(np.int32))

    def to_json(self) -> dict[str, Any]:
        """Packed arrays; thresholds and leaves in single precision."""
        return {
            "baseline": self.baseline,
            "roots": _packed(self.roots),
            "feature": _packed(self.feature.astype(np.int8)),
            "value": _packed(self.value.astype(np.float32)),
            "child": _packed(self.child),
        }

    def predict(self, x: Floats) -> Floats:
        """Sum of the trees for every row of `x`, shape (rows, features)."""
        if len(x) > FEW_ROWS:
            compiled: Floats = _compiled_walk()(x, self.roots, self.feature, self.value, self.child)
            return self.baseline + compiled
        node = np.broadcast_to(self.roots, (len(x), len(self.roots)))
        rows = np.arange(len(x))[:, None]
        while True:
            feature = self.feature[node]
            inner = feature >= 0
            if not inner.any():
                return np.asarray(self.baseline + self.value[node].sum(axis=1))
            right = x[rows, np.maximum(feature, 0)] > self.value[node]
            node = np.where(inner, self.child[node] + right, node)


def _single_above(values: Floats) -> Floats:
    """The smallest single-precision number not below each value: data may equal a threshold, and then go left."""
    single = values.astype(np.float32)
    return np.where(single < values, np.nextafter(single, np.float32(np.inf)), single).astype(float)


def _packed(array: npt.NDArray[Any]) -> dict[str, str]:
    little = array.astype(array.dtype.newbyteorder("<"))
    return {"dtype": array.dtype.name, "data": base64.b64encode(zlib.compress(little.tobytes(), level=9)).decode("ascii")}


def _unpacked(data: Mapping[str, str]) -> npt.NDArray[Any]:
    return np.frombuffer(zlib.decompress(base64.b64decode(data["data"])), np.dtype(data["dtype"]).newbyteorder("<"))


def _walk(x: Any, roots: Any, feature: Any, value: Any, child: Any) -> Any:
    total = np.zeros(x.shape[0])
    for i in range(x.shape[0]):
        for root in roots:
            node = root
            while feature[node] >= 0:
                node = child[node] + (x[i, feature[node]] > value[node])
            total[i] += value[node]
    return total


@lru_cache(maxsize=1)
def _compiled_walk() -> Any:
    import numba

    return numba.njit(cache=True)(_walk)
