"""What a lookup unit computes: products by tables, bit by bit, exact or with quantised tables.

Weights are codes q of b bits that stand for q - zero. Reinterpreted (equation 2 of arXiv 2408.06003), 2q - (2^b - 1) has digits
±1, so that one symmetric table serves every bit. The last digit of a group selects the sign, and the others, inverted offline
where it is negative, the entry (equations 5 and 6).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from narrowgauge.errors import InputError, Problem

Array = npt.NDArray[Any]


def symmetric_tables(activations: Array, k: int) -> Array:
    """Tables of 2^(k-1) signed sums: activations of shape (…, K) become (…, K / k, entries), the last sign always +.

    Raises InputError where k does not divide K."""
    if activations.shape[-1] % k:
        raise InputError([Problem("k", f"given {k}, which does not divide {activations.shape[-1]} activations")])
    index = np.arange(1 << (k - 1))
    signs = 2 * (index[:, None] >> np.arange(k - 1) & 1) - 1
    signs = np.concatenate([signs, np.ones((len(index), 1), dtype=signs.dtype)], axis=1)
    return np.asarray(activations.reshape(*activations.shape[:-1], -1, k) @ signs.T)


def quantised(tables: Array, bits: int = 8) -> Array:
    """Tables as integers of `bits` under a scale of their own, and back."""
    largest = np.abs(tables).max(axis=-1, keepdims=True)
    scale = np.where(largest > 0, largest, 1) / ((1 << (bits - 1)) - 1)
    return np.asarray(np.rint(tables / scale) * scale)


def lookup_product(tables: Array, codes: Array, bits: int, zero: float) -> Array:
    """activations (m, K) · (codes - zero) (n, K)ᵀ from tables of the activations (m, K / k, entries).

    Raises InputError where codes do not fit `bits` or the tables."""
    _check(tables, codes, bits)
    k = codes.shape[1] // tables.shape[1]
    digits = codes.reshape(codes.shape[0], -1, k)
    groups = np.arange(tables.shape[1])
    total = np.zeros((tables.shape[0], codes.shape[0]))
    for bit in range(bits):
        plane = digits >> bit & 1
        positive = plane[..., -1] == 1
        stored = np.where(positive[..., None], plane[..., :-1], 1 - plane[..., :-1])
        index = (stored << np.arange(k - 1)).sum(axis=-1)
        found = tables[:, groups, index] * np.where(positive, 1, -1)
        total += found.sum(axis=-1) * (1 << bit)
    sums = tables[..., -1].sum(axis=-1)  # the entry of all + signs: what the zero point multiplies
    shift = 2 * zero + 1 - (1 << bits)
    return np.asarray((total - shift * sums[:, None]) / 2)


def _check(tables: Array, codes: Array, bits: int) -> None:
    problems = []
    if codes.size and not 0 <= codes.min() <= codes.max() < 1 << bits:
        problems.append(Problem("codes", f"given {codes.min()} to {codes.max()}, allowed: 0 to {(1 << bits) - 1}"))
    entries = 1 << max(codes.shape[1] // tables.shape[1] - 1, 0)
    if codes.shape[1] % tables.shape[1] or tables.shape[2] != entries:
        problems.append(
            Problem("tables", f"{tables.shape[1]} tables of {tables.shape[2]} do not stand for {codes.shape[1]} activations")
        )
    if problems:
        raise InputError(problems)
