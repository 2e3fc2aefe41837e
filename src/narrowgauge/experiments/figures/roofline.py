"""Roofline: what every operator reaches, below what memory and arithmetic of the machine allow."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from narrowgauge.archmodels import Machine
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.experiments.figures.labels import place_labels
from narrowgauge.experiments.figures.plot import Plot
from narrowgauge.experiments.figures.style import (
    INK,
    PAPER,
    SMALL_PT,
    legend_above,
    marker,
    panels,
    plain_logarithmic,
    resource_colours,
)
from narrowgauge.experiments.predict_passes import FRAMEWORK_LINE, Line
from narrowgauge.experiments.predict_reasons import BINDS
from narrowgauge.experiments.predict_result import Prediction
from narrowgauge.units import HZ_PER_MHZ, US_PER_S

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TERA, GIGA = 1e12, 1e9
OPS_PER_MAC = 2
MOST_INTENSITY = 1e4  # operators that hardly touch DRAM are drawn at this edge
LEAST_INTENSITY = 0.1
LABELLED_SHARE = 0.03  # operators below this share of their pass have no label
SMALLEST, LARGEST = 18.0, 260.0  # areas of markers
HEIGHT_IN = 3.9
FP32_RESULTS = "fp32"


def roofline(prediction: Prediction, machine: Machine) -> Plot:
    """Every operator of both phases: operations per byte from DRAM against operations per second, with the interval of its time.

    An operation is half a multiply-accumulate; operators without those count the results of CUDA cores. `machine` is the one
    that the prediction is of."""
    import pandas as pd

    gpu = machine.resources
    rows = [
        _row(line, gpu, phase.latency_us.value)
        for phase in (prediction.prefill, prediction.decode)
        for line in phase.lines
        if line.operator != FRAMEWORK_LINE and _operations(line)
    ]
    return Plot(
        name="roofline",
        title="Roofline with every operator",
        caption=(
            "Sloped line: DRAM bandwidth. Flat lines: peaks of the formats that are used, and of CUDA cores. "
            "Area: share of the pass. "
            "Operators that read next to nothing from DRAM stand at the right edge; those that only move data are left out. "
            f"{machine.name}, per GPU."
        ),
        data=pd.DataFrame(rows),
        draw=partial(_draw, gpu),
    )


def _operations(line: Line) -> float:
    macs = sum(count for name, count in line.actions.items() if name.startswith("mac_"))
    return OPS_PER_MAC * macs or sum(count for name, count in line.actions.items() if name.startswith("alu_"))


def _row(line: Line, gpu: GpuResources, pass_us: float) -> dict[str, Any]:
    operations, read = _operations(line), line.actions.get("dram_byte", 0.0)
    formats = sorted(name.removeprefix("mac_") for name in line.actions if name.startswith("mac_"))
    format_name = next((name for name in formats if name in gpu.tensor_macs), "")
    reached = operations / TERA * US_PER_S
    return {
        "phase": str(line.phase),
        "operator": line.operator,
        "arithmetic": format_name or "CUDA cores",
        "operations": operations,
        "dram_bytes": read,
        "operations_per_byte": operations / read if read else np.inf,
        "tera_operations_per_s": reached / line.total_us.value,
        "tera_operations_per_s_low": reached / line.total_us.high,
        "tera_operations_per_s_high": reached / line.total_us.low,
        "peak_tera_operations_per_s": _peak(format_name, gpu),
        "share": line.total_us.value / pass_us,
        "bound_by": line.bound_by,
    }


def _peak(format_name: str, gpu: GpuResources) -> float:
    if format_name:
        return OPS_PER_MAC * gpu.tensor_macs[format_name] * gpu.sm_count * gpu.tensor_clock_mhz * HZ_PER_MHZ / TERA
    return gpu.alu_results[FP32_RESULTS] * gpu.sm_count * gpu.clock_mhz * HZ_PER_MHZ / TERA


def _draw(gpu: GpuResources, data: pd.DataFrame, width_in: float) -> Figure:
    phases = list(data["phase"].unique())
    colour_of = resource_colours(data["bound_by"])
    figure, axes = panels(len(phases), width_in, HEIGHT_IN, share_y=True)
    floor = 10 ** np.floor(np.log10(data["tera_operations_per_s_low"].min()))
    ceiling = 2.5 * data["peak_tera_operations_per_s"].max()
    for axis, phase in zip(axes, phases, strict=True):
        rows = data[data["phase"] == phase]
        _roofs(axis, gpu, rows)
        axis.set(xscale="log", yscale="log", xlim=(LEAST_INTENSITY, 2 * MOST_INTENSITY), ylim=(floor, ceiling))
        _points(axis, rows, colour_of)
        axis.set_title(phase.capitalize())
        axis.set_xlabel("operations per byte from DRAM")
        plain_logarithmic(axis.xaxis, width_in / len(phases))
        plain_logarithmic(axis.yaxis, HEIGHT_IN)
        axis.grid(True)
    axes[0].set_ylabel("Top/s")
    entries = [marker("o", colour, BINDS.get(name, name)) for name, colour in colour_of.items()]
    legend_above(figure, entries, width_in, wide_columns=5)
    return figure


def _roofs(axis: Axes, gpu: GpuResources, rows: pd.DataFrame) -> None:
    """One slope, and a ceiling for each kind of arithmetic."""
    intensity = np.geomspace(LEAST_INTENSITY, 2 * MOST_INTENSITY, 200)
    memory = gpu.dram_gb_per_s * GIGA * intensity / TERA
    for peak in sorted(set(rows["peak_tera_operations_per_s"])):
        alike = rows[rows["peak_tera_operations_per_s"] == peak]
        axis.plot(intensity, np.minimum(memory, peak), color=INK, linewidth=1.0, zorder=1)
        words = f"{', '.join(sorted(set(alike['arithmetic'])))} {peak:,.0f}"
        axis.annotate(words, (2 * MOST_INTENSITY, peak), (3, 0), textcoords="offset points", va="center", fontsize=SMALL_PT)


def _points(axis: Axes, rows: pd.DataFrame, colour_of: dict[str, str]) -> None:
    x = rows["operations_per_byte"].clip(LEAST_INTENSITY * 1.2, MOST_INTENSITY).to_numpy()
    y = rows["tera_operations_per_s"].to_numpy()
    colours = [colour_of[name] for name in rows["bound_by"]]
    low, high = rows["tera_operations_per_s_low"], rows["tera_operations_per_s_high"]
    axis.vlines(x, low, high, colors=colours, linewidth=1.2, alpha=0.7, zorder=2)
    areas = SMALLEST + (LARGEST - SMALLEST) * rows["share"]
    axis.scatter(x, y, s=areas, c=colours, edgecolors=PAPER, linewidths=0.8, zorder=3)
    large = (rows["share"] >= LABELLED_SHARE).to_numpy()
    place_labels(axis, x[large], y[large], rows["operator"][large].tolist())
