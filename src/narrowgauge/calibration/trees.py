"""Gradient-boosted trees as plain arrays: scikit-learn grows them, this file evaluates them, JSON stores them.

Evaluating needs neither scikit-learn nor its object format, which keeps a prediction from a cold process short. In JSON an
array is its little-endian bytes, deflated, in base64: {"dtype", "data"}.
"""

from __future__ import annotations

import base64
import zlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

LEAF = -1
FEW_ROWS = 512  # below this loading the compiler costs more than it saves
BLOCK = 64  # rows that walk side by side; they and one tree fit into the L1 cache


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
        return cls(
            float(data["baseline"]), roots.astype(np.int32), feature.astype(np.int32), value.astype(float), child.astype(np.int32)
        )

    def to_json(self) -> dict[str, Any]:
        """Packed arrays; thresholds and leaves in single precision."""
        return {
            "baseline": self.baseline,
            "roots": _packed(self.roots),
            "feature": _packed(self.feature.astype(np.int8)),
            "value": _packed(self.value.astype(np.float32)),
            "child": _packed(self.child),
        }

    @cached_property
    def _steps(self) -> _Steps:
        inner = self.feature >= 0
        child = np.where(inner, self.child, np.arange(len(inner)))
        depths = []
        for root in self.roots:
            level, depth = np.array([root]), 0
            while len(level := level[inner[level]]):
                level, depth = np.concatenate([child[level], child[level] + 1]), depth + 1
            depths.append(depth)
        return _Steps(
            roots=self.roots.astype(np.uint32),
            depths=np.array(depths, np.int64),
            feature=np.where(inner, self.feature, 0).astype(np.uint32),
            threshold=np.where(inner, self.value, np.inf),
            child=child.astype(np.uint32),
            leaf=np.where(inner, 0.0, self.value),
        )

    def predict(self, x: Floats) -> Floats:
        """Sum of the trees for every row of `x`, shape (rows, features)."""
        steps = self._steps
        if len(x) > FEW_ROWS or _compiled_walk.cache_info().currsize:
            compiled: Floats = _compiled_walk()(x, *steps)
            return self.baseline + compiled
        columns, rows = x.T, np.arange(len(x))
        node = np.broadcast_to(steps.roots[:, None], (len(steps.roots), len(x)))
        for _ in range(max(steps.depths, default=0)):
            node = steps.child[node] + (columns[steps.feature[node], rows] > steps.threshold[node])
        return np.asarray(self.baseline + np.cumsum(steps.leaf[node], axis=0)[-1])


class _Steps(NamedTuple):
    """The trees for a walk without branches: as many steps as the tree is deep, in which a leaf leads to itself."""

    roots: npt.NDArray[np.uint32]
    depths: npt.NDArray[np.int64]
    feature: npt.NDArray[np.uint32]
    threshold: Floats
    child: npt.NDArray[np.uint32]
    leaf: Floats


def _single_above(values: Floats) -> Floats:
    """The smallest single-precision number not below each value: data may equal a threshold, and then go left."""
    single = values.astype(np.float32)
    return np.where(single < values, np.nextafter(single, np.float32(np.inf)), single).astype(float)


def _packed(array: npt.NDArray[Any]) -> dict[str, str]:
    little = array.astype(array.dtype.newbyteorder("<"))
    return {"dtype": array.dtype.name, "data": base64.b64encode(zlib.compress(little.tobytes(), level=9)).decode("ascii")}


def _unpacked(data: Mapping[str, str]) -> npt.NDArray[Any]:
    return np.frombuffer(zlib.decompress(base64.b64decode(data["data"])), np.dtype(data["dtype"]).newbyteorder("<"))


def _walk(x: Any, roots: Any, depths: Any, feature: Any, threshold: Any, child: Any, leaf: Any) -> Any:
    """Rows go through each tree side by side, so that the waits of one row's step are hidden behind the others'."""
    total = np.empty(x.shape[0])
    node, place = np.empty(BLOCK, np.uint32), np.arange(BLOCK).astype(np.uint32)
    column = feature * np.uint32(BLOCK)
    block, sums = np.zeros(x.shape[1] * BLOCK), np.empty(BLOCK)
    for first in range(0, x.shape[0], BLOCK):
        count = min(BLOCK, x.shape[0] - first)
        for i in range(count):
            for f in range(x.shape[1]):
                block[f * BLOCK + i] = x[first + i, f]
        sums[:] = 0.0
        for tree in range(roots.shape[0]):
            node[:] = roots[tree]
            for _ in range(depths[tree]):
                for i in range(BLOCK):
                    at = node[i]
                    node[i] = child[at] + np.uint32(block[column[at] + place[i]] > threshold[at])
            for i in range(BLOCK):
                sums[i] += leaf[node[i]]
        total[first : first + count] = sums[:count]
    return total


@lru_cache(maxsize=1)
def _compiled_walk() -> Any:
    import numba

    return numba.njit(cache=True)(_walk)
