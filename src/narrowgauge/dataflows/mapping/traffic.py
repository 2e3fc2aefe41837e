"""How many bytes cross between levels: the reuse analysis of a loop nest with one tile of each operand per buffer.

A tile stays as long as only loops advance that do not index it (Eyeriss, Chen et al., ISCA 2016; Timeloop, Parashar et al.,
ISPASS 2019). An operand therefore crosses into a level once for each iteration of its free dimension that lies outside the
innermost loop which does index it; loops of one iteration are transparent. Edge tiles are as small as they are. The count is
exact where every tile is cut evenly, and where there is one buffer; with uneven cuts of several levels a loop may have one
iteration at the edge alone, which is not counted as transparent: the result is then an upper bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from narrowgauge.dataflows.mapping.mapping import Ints, Order
from narrowgauge.dataflows.mapping.problem import DIMENSIONS, FREE, OPERANDS, Product, Target
from narrowgauge.units import BITS_PER_BYTE

Floats = npt.NDArray[np.float64]
INDEX = {d: i for i, d in enumerate(DIMENSIONS)}


@dataclass(frozen=True)
class Crossing:
    """Bytes of one operand between two neighbouring levels of its path, a column of candidates each. `inner` may be the unit."""

    operand: str
    outer: int
    inner: int
    into: Floats  # read from the outer, written to the inner one
    back: Floats  # the other way: outputs

    @property
    def total(self) -> Floats:
        """Both ways."""
        return self.into + self.back


def tile_counts(sizes_in_quanta: Sequence[int], fans: Ints) -> Ints:
    """Tiles of every level over the whole product, shape (candidates, levels + 1, 3), from fans (candidates, levels, 3)."""
    counts = np.empty((fans.shape[0], fans.shape[1] + 1, 3), np.int64)
    counts[:, -1] = sizes_in_quanta
    for level in reversed(range(fans.shape[1])):
        counts[:, level] = -(-counts[:, level + 1] // fans[:, level])
    return counts


def visits(operand: str, level: int, orders: Sequence[Order], fans: Ints, counts: Ints) -> Ints:
    """How often each element of an operand crosses into a level."""
    free = INDEX[FREE[operand]]
    result = np.ones(len(fans), np.int64)
    open_ = np.ones(len(fans), bool)  # no loop that indexes the operand found yet, going outwards
    for nest in reversed(range(level)):
        order = orders[nest]
        for position in reversed(range(len(order))):
            if order[position] == FREE[operand]:
                continue
            found = open_ & (fans[:, nest, INDEX[order[position]]] > 1)
            outside = order.index(FREE[operand]) < position
            result[found] = counts[found, nest + 1 if outside else nest, free]
            open_ &= ~found
    return result


def crossings(product: Product, target: Target, orders: Sequence[Order], fans: Ints, counts: Ints) -> list[Crossing]:
    """Every crossing of every operand, from the outermost level inwards.

    An output leaves each level as often as it visits it, a partial sum each time but the last, and comes back each time but the
    first."""
    found: list[Crossing] = []
    for operand in OPERANDS:
        path = target.path(operand)
        elements = product.elements(operand)
        for outer, inner in pairwise(path):
            times = visits(operand, inner, orders, fans, counts).astype(float)
            if operand == "c":
                repeated = elements * (times - 1.0) * (product.partial_bits / BITS_PER_BYTE)
                back = repeated + elements * product.c_bits / BITS_PER_BYTE
                found.append(Crossing(operand, outer, inner, repeated, back))
            else:
                into = elements * times * product.held_bytes(operand)
                found.append(Crossing(operand, outer, inner, into, np.zeros(len(fans))))
    return found
