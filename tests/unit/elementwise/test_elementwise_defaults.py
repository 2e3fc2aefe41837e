"""The unfitted closed form against measured kernels: what the physics says before any parameter is fitted."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from narrowgauge.archmodels import load_machine
from narrowgauge.calibration.datasets.elementwise import variants
from narrowgauge.dataflows.elementwise import ELEMENTWISE
from narrowgauge.dataflows.family import Variant

DATA = Path(__file__).parents[4] / "shared" / "data" / "elementwise_a100_h100_a40.parquet"
#: rows below are quantised to 1 us and cannot be scored in percent
SCORED_US = 20


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_file(), reason=f"no measured data at {DATA}")
@pytest.mark.parametrize("hardware", ["a100-sxm-80gb", "h100-sxm"])
@pytest.mark.parametrize(
    ("variant", "tolerance"),
    [
        (Variant("rmsnorm", "sarathi"), 0.15),
        (Variant("rope", "sarathi"), 0.15),
        (Variant("silu-mul", "sarathi"), 0.20),
        (Variant("add", "torch"), 0.12),
        (Variant("gelu", "torch"), 0.12),
        (Variant("embedding", "torch"), 0.15),
    ],
    ids=str,
)
def test_initial_values_are_a_usable_default(variant, tolerance, hardware):
    frame = pd.read_parquet(DATA)
    rows = variants(frame[frame["gpu"] == hardware.split("-")[0]])["elementwise", variant]
    rows = rows[rows["latency_us"] > SCORED_US]
    gpu = load_machine(hardware).resources
    columns = {name: rows[name].to_numpy() for name in rows if name != "latency_us"}
    initial = {p.name: p.initial for p in ELEMENTWISE.parameters(variant, gpu)}
    predicted = ELEMENTWISE.cost(columns, variant, gpu, initial).latency_us
    error = np.abs(predicted / rows["latency_us"].to_numpy() - 1)
    assert error.mean() < tolerance
