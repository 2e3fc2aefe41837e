"""The writing side of measurement files, and what a launch leaves behind in its `Clock` records."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from narrowgauge.errors import InputError, Problem
from narrowgauge.measurements import SUFFIX, AxisValue, Body, Campaign, Measurements, PointRecord, read_measurements

#: the layout of `Clock` in cu/bench.cuh
CLOCK = np.dtype(
    [("start_cycles", "i8"), ("stop_cycles", "i8"), ("start_ns", "u8"), ("stop_ns", "u8"), ("sm", "u4"), ("block", "u4")]
)

Key = tuple[str, tuple[tuple[str, AxisValue], ...], str]


class RecordFile:
    """One measurement file that grows by whole lines; what it holds already is not measured again.

    Raises InputError where the file is of another GPU. `notes` says what is wrong with the lines that are there."""

    def __init__(self, folder: Path, campaign: Campaign) -> None:
        self.path = folder / f"measurements{SUFFIX}"
        self._campaign = campaign
        self._started = False
        before = read_measurements(self.path) if self.path.is_file() else Measurements((), ())
        self.notes = before.notes
        self._finished: set[Key] = set()
        self._losses: Counter[tuple[str, str]] = Counter()
        for _, record in before.records:
            self._note(record)
        for earlier in before.campaigns:
            self._same_board(earlier)

    def _same_board(self, earlier: Campaign) -> None:
        was, now = earlier.machine, self._campaign.machine
        if was.gpu != now.gpu or (None not in (was.uuid_hash, now.uuid_hash) and was.uuid_hash != now.uuid_hash):
            what = f"holds measurements of {was.gpu} ({was.uuid_hash}), this is {now.gpu} ({now.uuid_hash}); give another --out"
            raise InputError([Problem(str(self.path), what)])

    def finished(self, bench: str, axes: Mapping[str, AxisValue], source_hash: str) -> bool:
        """Whether the file has an outcome of the point for this version of the kernel: measured, skipped or failed."""
        return (bench, tuple(sorted(axes.items())), source_hash) in self._finished

    def append(self, record: PointRecord) -> None:
        """Write one point; it is on the disk when this returns. The first one is preceded by the campaign."""
        if not self._started:
            self._write(self._campaign)
            self._started = True
        self._write(record)
        self._note(record)

    def losses(self, bench: str, source_hash: str) -> int:
        """How many points of this version of the kernel lost the device."""
        return self._losses[bench, source_hash]

    def _note(self, record: PointRecord) -> None:
        self._finished.add((*record.key, record.source_hash))
        self._losses[record.bench, record.source_hash] += record.lost_device

    def _write(self, line: Body) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab+") as file:
            if file.tell() and not _ends_a_line(file.fileno(), file.tell()):
                file.write(b"\n")
            file.write(line.model_dump_json().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _ends_a_line(descriptor: int, size: int) -> bool:
    return os.pread(descriptor, 1, size - 1) == b"\n"
