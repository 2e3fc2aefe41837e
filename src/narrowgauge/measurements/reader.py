"""Reads measurement files: every line that can be read counts, and what cannot is named."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError

from narrowgauge.errors import InputError, Problem
from narrowgauge.measurements.record import Campaign, PointRecord
from narrowgauge.measurements.schema import SCHEMA, upgrade

if TYPE_CHECKING:
    import pandas as pd

SUFFIX = ".jsonl"


@dataclass(frozen=True)
class Measurements:
    """All points of a file or folder with the campaign that each belongs to, and what is wrong with the file."""

    records: tuple[tuple[Campaign, PointRecord], ...]
    notes: tuple[Problem, ...]

    @property
    def campaigns(self) -> tuple[Campaign, ...]:
        """The campaigns that measured something, in their order."""
        return tuple({id(campaign): campaign for campaign, _ in self.records}.values())

    def of(self, bench: str) -> tuple[PointRecord, ...]:
        """The trusted points of a bench, of the source that was measured last; of two records of one point the later one."""
        records = [record for _, record in self.records if record.bench == bench and record.trusted]
        latest = {record.key: record for record in records if record.source_hash == records[-1].source_hash}
        return tuple(latest.values())

    @property
    def benches(self) -> tuple[str, ...]:
        """Names of the benches that have a trusted point."""
        return tuple(dict.fromkeys(record.bench for _, record in self.records if record.trusted))

    def frame(self, bench: str) -> pd.DataFrame:
        """One row per point of a bench: its axes and work counts, then median and `_mad` of `elapsed_us`, `cycles` and
        `clock_mhz`, `sample_count`, and `power_w`, NaN where a point has none."""
        import pandas as pd

        return pd.DataFrame([_row(record) for record in self.of(bench)])


def _row(record: PointRecord) -> dict[str, Any]:
    row: dict[str, Any] = {**record.axes, **{k: v for k, v in record.work.items() if k not in record.axes}}
    for column in ("elapsed_us", "cycles", "clock_mhz"):
        found = record.summary(column)
        row |= {column: found.median if found else np.nan, f"{column}_mad": found.mad if found else np.nan}
    row["sample_count"] = max(len(record.samples.elapsed_us), len(record.samples.cycles)) - len(record.samples.discarded)
    row["power_w"] = record.power.power_w if record.power else np.nan
    return row


_LINE: TypeAdapter[Campaign | PointRecord] = TypeAdapter(Annotated[Campaign | PointRecord, Field(discriminator="type")])


def read_measurements(path: Path) -> Measurements:
    """The records of a file, or of all `*.jsonl` of a folder. A damaged line costs that line alone and is named in `notes`.

    Raises InputError where there is no file, a file is of a newer schema, or a point stands before any campaign."""
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise InputError([Problem(str(path), f"no measurement file (*{SUFFIX}); `narrowgauge measure -o DIR` writes one")])
    records: list[tuple[Campaign, PointRecord]] = []
    notes: list[Problem] = []
    for file in files:
        records += _read_file(file, notes)
    notes += _mixed_sources([record for _, record in records])
    return Measurements(tuple(records), tuple(notes))


def _read_file(file: Path, notes: list[Problem]) -> Iterator[tuple[Campaign, PointRecord]]:
    campaign: Campaign | None = None
    version = SCHEMA
    content = file.read_bytes()
    lines = content.splitlines()
    for number, raw in enumerate(lines, 1):
        where = f"{file}:{number}"
        try:
            data = json.loads(raw)
            version = _version(data, version, where)
            line = _LINE.validate_python(upgrade(data, version))
        except (ValueError, RecursionError) as error:  # the first of json and, as a subclass, of pydantic
            cut = number == len(lines) and not content.endswith(b"\n")
            notes.append(Problem(where, _CUT if cut else f"damaged: {_words(error)}; this line is left out, all others count"))
            continue
        if isinstance(line, Campaign):
            campaign = line
        elif campaign is None:
            raise InputError([Problem(where, "a point stands before the line that describes its campaign and machine")])
        else:
            yield campaign, line


_CUT = "cut off, the run was interrupted; this line is left out, all others count, and `measure` measures its point again"


def _version(data: Any, current: int, where: str) -> int:
    """The schema version that holds from this line on."""
    if not isinstance(data, dict):
        raise ValueError("is no JSON object")
    found = data.get("schema_version", current)
    if isinstance(found, int) and found > SCHEMA:
        raise InputError([Problem(where, f"schema version {found} is newer than this narrowgauge, which reads 0 to {SCHEMA}")])
    return found if isinstance(found, int) else current


def _words(error: Exception) -> str:
    """What pydantic or json found, on one line."""
    if isinstance(error, ValidationError):
        faults = error.errors(include_url=False)
        return "; ".join(f"{'.'.join(map(str, fault['loc'][1:]))}: {fault['msg']}" for fault in faults)
    return str(error)


def _mixed_sources(records: list[PointRecord]) -> Iterator[Problem]:
    """Benches whose points were measured with different kernels."""
    for bench in dict.fromkeys(record.bench for record in records):
        hashes = Counter(record.source_hash for record in records if record.bench == bench)
        if len(hashes) > 1:
            last = [record.source_hash for record in records if record.bench == bench][-1]
            listed = ", ".join(f"{count} of source {name}" for name, count in hashes.items())
            yield Problem(bench, f"points of different kernels under one name: {listed}; those of the last one, {last}, are used")
