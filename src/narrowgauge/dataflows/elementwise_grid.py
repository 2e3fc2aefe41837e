"""CTAs, waves and steps that an elementwise kernel takes on a GPU, and the bytes that it moves: exact counts, nothing fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narrowgauge.dataflows.elementwise_ops import Launch, Operation, Shape
from narrowgauge.dataflows.family import Array, Columns
from narrowgauge.dataflows.resources import GpuResources

WARP = 32


def column(rows: Columns, name: str, default: float = 0.0) -> Array:
    """A column as floating point; `default` where the table has no such column."""
    return np.asarray(rows[name], float) if name in rows else np.full(len(rows["rows"]), default)


@dataclass(frozen=True)
class Traffic:
    """Columns of what rows move: elements, bytes read and bytes written, once each."""

    elements: Array
    read: Array
    written: Array

    @property
    def total(self) -> Array:
        """Bytes read and written."""
        return self.read + self.written


def traffic(rows: Columns, op: Operation) -> Traffic:
    """Exact products of the operation's bytes per element with rows × (`width`, `second_width`)."""
    tokens, width, second = column(rows, "rows"), column(rows, "width"), column(rows, "second_width")
    return Traffic(
        tokens * (width + second),
        tokens * (width * op.read + second * op.second_read),
        tokens * (width * op.write + second * op.second_write),
    )


@dataclass(frozen=True)
class Grid:
    """Columns: CTAs, waves of the GPU that they fill, steps that one CTA walks, elements and accesses of the busiest SM."""

    ctas: Array
    waves: Array
    steps: Array
    elements_per_sm: Array
    accesses_per_sm: Array


def resident_ctas(threads: Array, gpu: GpuResources) -> Array:
    """CTAs of that many threads which an SM holds at once."""
    return np.asarray(np.clip(gpu.max_warps * WARP // np.maximum(threads, WARP), 1, gpu.max_ctas))


def grid(rows: Columns, op: Operation, form: Launch, gpu: GpuResources) -> Grid:
    """Cuts a table of rows into CTAs. A CTA that owns a row walks over it in steps of its threads; a flat grid has one step."""
    lanes = form.access_bytes / op.element
    tokens, width, second = column(rows, "rows"), column(rows, "width"), column(rows, "second_width")
    if form.shape is Shape.ROW:
        first, rest = (np.ceil(elements / (op.pair * lanes)) for elements in (width, second * (op.second_read > 0)))
        threads = np.minimum(np.ceil(np.maximum(first, 1) / WARP) * WARP, form.threads)
        steps = np.ceil(first / threads) + np.ceil(rest / threads)
        ctas = tokens
        share = np.ceil(ctas / gpu.sm_count) / np.maximum(ctas, 1)
    else:
        threads = np.full(len(tokens), float(form.threads))
        ctas = np.ceil(tokens * (width + second) / (form.threads * lanes))
        steps = np.ones(len(tokens))
        share = np.full(len(tokens), 1 / gpu.sm_count)
    elements = tokens * (width + second) * share
    return Grid(ctas, np.ceil(ctas / (gpu.sm_count * resident_ctas(threads, gpu))), steps, elements, elements / lanes)
