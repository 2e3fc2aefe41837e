"""Does W4A16 stop paying off on the A100 at the batch at which it was measured to?"""

from pathlib import Path

import numpy as np
import pytest

from narrowgauge.archmodels import load_machine
from narrowgauge.calibration.calibrated import price
from narrowgauge.calibration.report import bounds
from narrowgauge.dataflows.family import Variant

DATA = Path(__file__).parents[2].parent / "shared" / "data"
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason="needs the measured data sets in ../shared/data"),
]


@pytest.fixture(scope="module")
def measured():
    """Latency by batch of square weights, in columns bf16 and w4a16."""
    import pandas as pd

    rows = pd.read_parquet(DATA / "gemm_a100_sxm.parquet")
    rows = rows[(rows["framework"] == "trtllm") & rows["scheme"].isin(["bf16", "w4a16"]) & (rows["n"] == rows["k"])]
    return lambda size: rows[rows["n"] == size].pivot_table(index="m", columns="scheme", values="latency_us").dropna()


def crossover(narrow, wide):
    """Position on the grid of the first batch at which the narrow weights are no longer faster."""
    return int(np.argmax(np.asarray(narrow) >= np.asarray(wide)))


def predicted(grid, size, scheme, physics_only):
    m = grid.index.to_numpy(float)
    columns = {"m": m, "n": np.full(len(m), float(size)), "k": np.full(len(m), float(size))}
    return price(load_machine("a100-sxm-80gb"), "gemm", Variant(scheme, "trtllm"), columns, physics_only).latency_us


@pytest.mark.parametrize("physics_only", [True, False], ids=["physics", "with residual"])
@pytest.mark.parametrize(("size", "batch"), [(4096, 8), (8192, 192)])
def test_crossover_within_one_step_of_the_measured_grid(measured, size, batch, physics_only):
    grid = measured(size)
    there = crossover(grid["w4a16"], grid["bf16"])
    assert grid.index[there] == batch
    narrow, wide = (predicted(grid, size, scheme, physics_only) for scheme in ("w4a16", "bf16"))
    assert abs(crossover(narrow, wide) - there) <= 1


@pytest.mark.parametrize("physics_only", [True, False], ids=["physics", "with residual"])
def test_the_gain_of_decoding_is_as_large_as_measured(measured, physics_only):
    """One token through 8192 × 8192: 37.9 against 88.0 us, 0.43. The ratio may be off by the promised errors of both kernels."""
    promised = sum(bounds("a100-sxm-80gb", "gemm", scheme)[0 if physics_only else 1] for scheme in ("w4a16", "bf16"))
    grid = measured(8192)
    narrow, wide = (predicted(grid, 8192, scheme, physics_only)[0] for scheme in ("w4a16", "bf16"))
    assert narrow / wide == pytest.approx(grid["w4a16"].iloc[0] / grid["bf16"].iloc[0], rel=promised)
