"""Published microbenchmark tables as a machine fit: the readings of `datasets.microbench`, and energies from board power."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from narrowgauge import units
from narrowgauge.archmodels import Machine
from narrowgauge.archmodels.machine_fit import HeldOutError, MachineFit, Reading
from narrowgauge.calibration.datasets import microbench
from narrowgauge.calibration.machine import energy
from narrowgauge.calibration.machine.energy import Anchor, Load
from narrowgauge.calibration.machine.figures import Finding, Missing
from narrowgauge.provenance import Source

if TYPE_CHECKING:
    import pandas as pd

ORIGINS = dict.fromkeys(microbench.TABLES, "RRZE-HPC/gpu-benches commit 1038c5d") | {
    microbench.CHASE: "RRZE-HPC/gpu-benches commit 1038c5d and HPMLL/NVIDIA-Hopper-Benchmark commit ded6f57"
}
_OPERATIONS_OF_FMA = 2
_PER_G = 1e9  #: operations in one Gop
_L2 = "l2_byte"


def published_fit(folder: Path, machine: Machine) -> tuple[MachineFit, tuple[Missing, ...]] | None:
    """What the published tables of a folder say of a machine, and what they do not tell; None where they do not know it.

    Raises InputError for a table that holds no row in the bands that a number is read from."""
    frames = microbench.tables(folder)
    labels = microbench.labels(frames, machine.name)
    if not labels:
        return None
    findings: list[Finding] = []
    for label in labels:
        findings += microbench.readings(frames, label, machine.resources).values()
    if microbench.POWER in frames:
        findings += _energies(frames[microbench.POWER], labels, machine)
    fit = MachineFit(
        machine=machine.name,
        architecture=machine.architecture,
        gpu=", ".join(labels),
        sources=tuple(_sources(folder, frames)),
        valid_range=_clocks(frames, labels),
        readings=tuple(f for f in findings if isinstance(f, Reading)),
        held_out=tuple(f for f in findings if isinstance(f, HeldOutError)),
    )
    return fit, tuple(f for f in findings if isinstance(f, Missing))


def _energies(frame: pd.DataFrame, labels: tuple[str, ...], machine: Machine) -> Iterator[Finding]:
    """Static power, the energy of a byte from DRAM and of an FP32 multiply-add; the byte's way from L2 to the SM is taken from
    the specification, from which these loads do not tell it apart."""
    rows = frame[frame["gpu"].isin(labels)]
    if rows.empty:
        return
    columns = (rows[name].to_numpy(float) for name in ("fl_per_byte", "power_w", "GBps", "GFps"))
    loads = [
        Load(group, power_w, _rates(gb_per_s * units.BYTES_PER_GB, gflop_per_s * _PER_G))
        for group, power_w, gb_per_s, gflop_per_s in zip(*columns, strict=True)
    ]
    anchors = [Anchor(_L2, machine.value(f"energy_pj.{_L2}"), 0.0, "the specification: no load reads L2 alone")]
    source = f"gpu-benches, {microbench.POWER}, {', '.join(labels)}"
    found = energy.solved(loads, "energies", anchors)
    if isinstance(found, Missing):
        yield found
        return
    yield energy.static_power(found, len(loads), source)
    yield from energy.energies(found, loads, "energy_pj", source)
    yield from energy.left_out(f"power, {microbench.POWER}", loads, anchors)


def _rates(bytes_per_s: float, flop_per_s: float) -> dict[str, float]:
    return {"dram_byte": bytes_per_s, _L2: bytes_per_s, "alu_fp32": flop_per_s / _OPERATIONS_OF_FMA}


def _clocks(frames: Mapping[str, pd.DataFrame], labels: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """The SM clocks of the rows that state one."""
    stated = [f["sm_mhz"][f["gpu"].isin(labels)] for f in frames.values() if "sm_mhz" in f]
    clocks = [float(clock) for column in stated for clock in column]
    return {"clock_mhz": (min(clocks), max(clocks))} if clocks else {}


def _sources(folder: Path, frames: Mapping[str, pd.DataFrame]) -> Iterator[Source]:
    for name, frame in frames.items():
        yield Source(name, hashlib.sha256((folder / name).read_bytes()).hexdigest(), len(frame), ORIGINS[name])
