"""What a launch costs: kernels of at most 64 KB, back to back in a stream and from a graph (as gpu-benches measures them)."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from narrowgauge.calibration.machine.board import Board
from narrowgauge.calibration.machine.figures import Finding, held_out, launch_us, noise_of, reading

STREAM, GRAPH = "launch-stream", "launch-graph"
#: the published kernels of 4096 to 8192 elements move this much
SMALL_KB = 64


def readings(board: Board) -> Iterator[Finding]:
    """Microseconds of one launch of many; each size predicted by the others."""
    for bench, path in ((STREAM, "launch.stream_us"), (GRAPH, "launch.graph_us")):
        small = [f for record in board.of(bench) if int(record.axes["size_kb"]) <= SMALL_KB and (f := launch_us(record))]
        if not small:
            continue
        yield from reading(path, small, "us", board.origin(bench))
        errors = [median(f.value for f in small if f is not one) / one.value - 1 for one in small] if len(small) > 1 else []
        yield from held_out(bench, errors, len(errors), noise_of(small))
