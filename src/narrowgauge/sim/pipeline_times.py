"""The closed form's answer in the form of the event engines."""

from __future__ import annotations

import numpy as np

from narrowgauge.sim.graph import NONE
from narrowgauge.sim.pipeline import TilePipeline
from narrowgauge.sim.table import TaskTable
from narrowgauge.sim.times import Times


def pipeline_times(pipeline: TilePipeline, table: TaskTable) -> Times:
    """Times in the rows of `table`, which is the table of `pipeline.to_graph()`. Turns are dependencies, so nobody ever waits for
    a unit or buffer after being ready."""
    start, end = (np.empty(len(table), dtype=np.int64) for _ in range(2))
    for column, events in zip((start, end), pipeline.events(), strict=True):
        column[table.row_of_handle] = events.T.ravel()
    nobody = np.full(len(table), NONE, dtype=np.int64)
    return Times(start, start, start, end, nobody, nobody)
