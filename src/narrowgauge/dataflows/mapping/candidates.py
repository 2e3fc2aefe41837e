"""Which tilings a search tries: one per distinct number of tiles, since of two tiles that cut a dimension into equally many
pieces the smaller needs less memory and moves no byte more. Nothing is lost by this; only where the tilings are too many are they
thinned, to sizes in nearly constant ratios."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product as combinations_of

import numpy as np

from narrowgauge.dataflows.mapping.mapping import Ints

Chains = list[tuple[int, ...]]
FEWEST = 2  # tile sizes of a dimension that thinning leaves: one piece, and all


def cuts(pieces: int, most: int | None = None) -> list[int]:
    """The smallest tile (in pieces) for each number of tiles that `pieces` can be cut into, at most `most` of them."""
    root = math.isqrt(pieces)
    small = {math.ceil(pieces / count) for count in range(1, root + 1)}
    sizes = sorted(small | {size for size in range(1, root + 2) if math.ceil(pieces / math.ceil(pieces / size)) == size})
    if most is None or len(sizes) <= most:
        return sizes
    wanted = np.geomspace(1, pieces, most)
    return sorted({sizes[int(np.argmin(np.abs(np.log(np.array(sizes) / w))))] for w in wanted})


def chains(quanta: int, buffers: int, most: int | None = None) -> Chains:
    """Fans of one dimension from the outermost level to the innermost: (buffers + 1) factors that cover `quanta`."""
    if buffers == 0:
        return [(quanta,)]
    return [(*outer, size) for size in cuts(quanta, most) for outer in chains(-(-quanta // size), buffers - 1, most)]


def thinned(quanta: Sequence[int], buffers: int, most_rows: int) -> tuple[list[Chains], bool]:
    """The chains of each dimension, thinned until their combinations are at most `most_rows`; and whether all are there."""
    most: int | None = None
    if math.prod(_length(count, buffers, None) for count in quanta) > most_rows:
        most = max(len(cuts(count)) for count in quanta)
        while most > FEWEST and math.prod(_length(count, buffers, most) for count in quanta) > most_rows:
            most -= max(1, most // 8)
    return [chains(count, buffers, most) for count in quanta], most is None


def tilings(per_dimension: Sequence[Chains]) -> Ints:
    """Fans of every combination, shape (rows, levels, 3)."""
    columns = [np.array(found, np.int64) for found in per_dimension]
    rows = np.indices([len(column) for column in columns]).reshape(len(columns), -1)
    return np.stack([column[index] for column, index in zip(columns, rows, strict=True)], axis=-1)


def _length(quanta: int, buffers: int, most: int | None) -> int:
    if buffers == 0:
        return 1
    return sum(_length(-(-quanta // size), buffers - 1, most) for size in cuts(quanta, most))


#: one order per dimension that can be innermost: what lies further out decides nothing (see the property test)
STATIONARY_ORDERS = (("n", "k", "m"), ("m", "k", "n"), ("m", "n", "k"))


def order_choices(levels: int) -> list[tuple[tuple[str, str, str], ...]]:
    """Loop orders of every level."""
    return list(combinations_of(STATIONARY_ORDERS, repeat=levels))
