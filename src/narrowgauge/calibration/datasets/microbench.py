"""Machine-level numbers from the microbenchmarks of RRZE-HPC/gpu-benches and HPMLL/NVIDIA-Hopper-Benchmark.

Each function reads one table of one GPU (by its label in the data) and returns medians with the range of 5 to 95 % of the
rows, as readings like those of narrowgauge's own records. What has a path in the specification is laid over a machine; the DRAM
shares have none, they are what streams reach of the pins, against which fitted shares of kernels are judged. Board power
against GB/s and FLOP/s is solved for energies in `calibration.machine.energy`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from narrowgauge import units
from narrowgauge.archmodels.machine_fit import Reading
from narrowgauge.dataflows.family import Array
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.errors import InputError, Problem, nearest

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

#: labels of the data for hardware that has a specification
HARDWARE = {
    "a100_80": "a100-sxm-80gb",
    "a100_40": "a100-sxm-40gb",
    "alex_a100_40": "a100-sxm-40gb",
    "h100_pcie": "h100-pcie",
    "h200": "h200-sxm",
    "h800_pcie": "h800-pcie",
    "rtx4090": "rtx-4090",
}
CHASE, CACHE, STREAM, LAUNCHES, POWER = (
    "pointer_chase_latency.csv",
    "cache_bandwidth.csv",
    "dram_stream_bandwidth.csv",
    "small_kernels.parquet",
    "roofline_power_fp32fma.csv",
)
TABLES = (CHASE, CACHE, STREAM, LAUNCHES, POWER)
#: a working set rests in the L2 from this multiple of an SM's L1 up to this share of the L2, the partition near the SM
ABOVE_L1, WITHIN_NEAR_L2 = 2.0, 0.25
#: and in the L2 as a whole, for bandwidth, between these shares of it; beyond this multiple it rests in DRAM
WITHIN_L2, BEYOND_L2 = (0.1, 0.6), 3.0
FULL_OCCUPANCY_PCT = 90
#: kernels of at most this many elements take the time of a launch
LAUNCH_ELEMENTS = 8192
LOW, HIGH = 0.05, 0.95


def _reading(path: str, values: Array, unit: str, source: str, label: str) -> Reading:
    if not len(values):
        raise InputError([Problem(source, f"no row of '{label}' tells {path}")])
    low, middle, high = (float(np.quantile(values, q)) for q in (LOW, 0.5, HIGH))
    where, note = f"{source}, {label}", "interval: 5 to 95 % of the rows"
    return Reading(path=path, value=middle, low=low, high=high, unit=unit, points=len(values), source=where, note=note)


def _of(frame: pd.DataFrame, column: str, label: str, source: str) -> pd.DataFrame:
    if label not in set(frame[column]):
        raise InputError([Problem(source, f"no rows of '{label}'; {nearest(label, sorted(set(frame[column])))}")])
    return frame[frame[column] == label]


def pointer_chase(frame: pd.DataFrame, label: str, gpu: GpuResources) -> tuple[Reading, Reading]:
    """Latency of a hit in the near partition of the L2, and of DRAM (misses of the TLB included), in cycles."""
    rows = _of(frame, "gpu", label, CHASE)
    rows = rows[~rows["source"].str.contains("tma")]  # bulk copies take another way
    size, l2_kb = rows["data_kB"], gpu.l2_bytes / units.BYTES_PER_KB
    origin = f"{rows['source'].iloc[0]}, {CHASE}"
    near = size.between(ABOVE_L1 * gpu.smem_kb_per_sm, WITHIN_NEAR_L2 * l2_kb)
    return (
        _reading("l2.latency_near_cycles", rows["latency_cycles"][near].to_numpy(), "cycle", origin, label),
        _reading("dram.latency_cycles", rows["latency_cycles"][size > BEYOND_L2 * l2_kb].to_numpy(), "cycle", origin, label),
    )


def l2_bandwidth(frame: pd.DataFrame, label: str, gpu: GpuResources) -> Reading:
    """Bytes per SM and cycle (at the boost clock) that all SMs together read from the L2."""
    rows = _of(frame[frame["bench"] == "gpu-l2-cache"], "gpu", label, CACHE)
    low, high = (share * gpu.l2_bytes / units.BYTES_PER_KB for share in WITHIN_L2)
    gb_per_s = rows["eff_bw_GBps"][rows["data_set_kB"].between(low, high)].to_numpy(float)
    per_cycle = gb_per_s * units.BYTES_PER_GB / units.US_PER_S / (gpu.sm_count * gpu.cycles_per_us)
    return _reading("l2.bytes_per_sm_cycle", per_cycle, "B/SM/cycle", f"gpu-benches, {CACHE}", label)


def dram_streams(frame: pd.DataFrame, label: str, gpu: GpuResources) -> tuple[Reading, Reading]:
    """Shares of the pin bandwidth that reading and copying reach on full SMs."""
    rows = _of(frame, "gpu", label, STREAM)
    full = rows[rows["occ_pct"] >= FULL_OCCUPANCY_PCT]
    read, copy = (full[name].to_numpy(float) / gpu.dram_gb_per_s for name in ("read_GBps", "scale_GBps"))
    origin = f"gpu-benches, {STREAM}"
    return _reading("dram.read_share", read, "ratio", origin, label), _reading("dram.copy_share", copy, "ratio", origin, label)


def launches(frame: pd.DataFrame, label: str) -> tuple[Reading, Reading]:
    """Time of one small kernel among many, launched into a stream and inside a CUDA graph."""

    def small(name: str) -> Array:
        rows = _of(frame, "file", name, LAUNCHES)
        rows = rows[rows["n_elems"] <= LAUNCH_ELEMENTS]
        return rows.groupby("n_elems")["time_us_est"].median().to_numpy(float)  # over block sizes

    origin = f"gpu-benches, {LAUNCHES}"
    return (
        _reading("launch.stream_us", small(f"{label}.txt"), "us", origin, label),
        _reading("launch.graph_us", small(f"{label}_graph.txt"), "us", origin, label),
    )


def tables(folder: Path) -> Mapping[str, pd.DataFrame]:
    """The tables that a folder holds, by file name."""
    import pandas as pd

    there = [name for name in TABLES if (folder / name).is_file()]
    return {name: pd.read_parquet(folder / name) if name == LAUNCHES else pd.read_csv(folder / name) for name in there}


def labels(frames: Mapping[str, pd.DataFrame], hardware: str) -> tuple[str, ...]:
    """The labels in the tables that stand for a machine."""
    return tuple(label for label, name in HARDWARE.items() if name == hardware and any(_knows(frames, label)))


def _knows(frames: Mapping[str, pd.DataFrame], label: str) -> Iterator[bool]:
    for name, frame in frames.items():
        if name == LAUNCHES:
            yield f"{label}_graph.txt" in set(frame["file"])
        else:
            rows = frame[frame["bench"] == "gpu-l2-cache"] if name == CACHE else frame
            yield label in set(rows["gpu"])


def readings(frames: Mapping[str, pd.DataFrame], label: str, gpu: GpuResources) -> dict[str, Reading]:
    """Every number by path that the tables tell of one GPU; tables without rows of that GPU tell nothing.

    Raises InputError if none of them knows the label."""
    there = {name for name, frame in frames.items() if any(_knows({name: frame}, label))}
    if not there:
        raise InputError([Problem(label, f"no microbenchmark of it; {nearest(label, HARDWARE)}")])
    found: list[Reading] = []
    if CHASE in there:
        found += pointer_chase(frames[CHASE], label, gpu)
    if CACHE in there:
        found.append(l2_bandwidth(frames[CACHE], label, gpu))
    if STREAM in there:
        found += dram_streams(frames[STREAM], label, gpu)
    if LAUNCHES in there:
        found += launches(frames[LAUNCHES], label)
    return {reading.path: reading for reading in found}
