"""The records of one GPU beside the machine that they measure: which hardware they name, and what each bench says of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from narrowgauge.archmodels import Machine, load_gpu
from narrowgauge.calibration.datasets.originals import DEVICES
from narrowgauge.errors import InputError, Problem
from narrowgauge.measurements import SUFFIX, MachineRecord, Measurements, PointRecord, read_measurements
from narrowgauge.provenance import Source

ORIGIN = "narrowgauge measure"


@dataclass(frozen=True)
class Board:
    """One GPU: its machine, what its driver said, and its points. `hardware` is the name or the YAML file of the machine."""

    hardware: str
    machine: Machine
    record: MachineRecord
    found: Measurements
    sources: tuple[Source, ...]

    def of(self, bench: str) -> tuple[PointRecord, ...]:
        """The trusted points of a bench."""
        return self.found.of(bench)

    def origin(self, bench: str) -> str:
        """Where a reading of a bench comes from."""
        versions = {record.source_hash for record in self.of(bench)}
        return f"{ORIGIN}, {bench} of source {', '.join(versions)} on {self.record.gpu}"

    def why_not(self, bench: str) -> str:
        """Why a bench has no trusted point."""
        records = [record for _, record in self.found.records if record.bench == bench]
        if not records:
            return "not in the records"
        reasons = Counter(record.skipped or record.failed or "its result was wrong" for record in records)
        return "; ".join(f"{count} points: {reason}" for reason, count in reasons.items())


def read_board(path: Path, hardware: str | None) -> Board:
    """The records of a file or folder on the hardware that they name, or on the one that is given by name or YAML file.

    Raises InputError for records of several GPUs, of a GPU without specification, and for hardware that is not what was
    measured."""
    found = read_measurements(path)
    boards = {campaign.machine.gpu: campaign.machine for campaign in found.campaigns}
    if len(boards) != 1:
        what = f"records of several GPUs: {', '.join(boards)}; keep each in a folder of its own" if boards else "holds no point"
        raise InputError([Problem(str(path), what)])
    record = next(iter(boards.values()))
    name = hardware or _hardware_of(record.gpu, path)
    machine = load_gpu(name)
    problems = list(_differences(machine, record))
    if problems:
        raise InputError(problems)
    return Board(name, machine, record, found, tuple(_sources(path)))


def _hardware_of(gpu: str, path: Path) -> str:
    name = DEVICES.get(gpu.lower().removeprefix("nvidia ").strip())
    if name is None:
        skeletons = sorted(path.glob("*.yaml")) if path.is_dir() else []
        start = skeletons[0] if skeletons else "FILE.yaml"
        start_here = f"`narrowgauge measure` wrote one to start from: complete it and give --on {start}"
        raise InputError([Problem(str(path), f"no specification describes '{gpu}'; {start_here}")])
    return name


def _differences(machine: Machine, record: MachineRecord) -> Iterator[Problem]:
    """What tells that a machine is not the one that was measured."""
    if machine.architecture != record.architecture:
        yield Problem(machine.name, f"is {machine.architecture}; the records are of {record.gpu}, {record.architecture}")
    sms = int(machine.value("chip.sm_count"))
    if sms != record.sm_count:
        yield Problem(machine.name, f"has {sms} SMs; the records are of {record.gpu} with {record.sm_count}")


def _sources(path: Path) -> Iterator[Source]:
    for file in sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]:
        content = file.read_bytes()
        yield Source(file.name, hashlib.sha256(content).hexdigest(), len(content.splitlines()), ORIGIN)
