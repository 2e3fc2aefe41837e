"""First-order energy: hand-worked sums, and how far they are from what power sensors read."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from narrowgauge.archmodels import energy_mj, load_machine, power_w
from narrowgauge.errors import InputError

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="measured data sets are not in ../shared/data")


def test_hand_worked_sum() -> None:
    gpu = replace(load_machine("h100-sxm").resources, static_w=100.0, energy_pj={"dram_byte": 100.0, "mac_fp16": 1.0})
    actions = {"dram_byte": np.array([1e6, 0.0]), "mac_fp16": np.array([2e9, 1e9])}
    total, parts = energy_mj(actions, np.array([10.0, 0.0]), gpu)
    # 1e6 B × 100 pJ = 0.1 mJ; 2e9 MAC × 1 pJ = 2 mJ; 100 W × 10 us = 1 mJ
    np.testing.assert_allclose(parts["dram_byte"], [0.1, 0.0])
    np.testing.assert_allclose(parts["mac_fp16"], [2.0, 1.0])
    np.testing.assert_allclose(parts["static"], [1.0, 0.0])
    np.testing.assert_allclose(total, [3.1, 1.0])


def test_power_is_energy_over_time() -> None:
    np.testing.assert_allclose(power_w(np.array([7.0]), np.array([10.0])), [700.0])  # 7 mJ in 10 us


def test_unknown_actions_are_never_free() -> None:
    gpu = load_machine("a100-sxm-80gb").resources
    with pytest.raises(InputError) as caught:
        energy_mj({"dram_bytes": np.ones(1), "mac_fp8": np.ones(1), "l2_byte": np.ones(1)}, np.ones(1), gpu)
    messages = [str(problem) for problem in caught.value.problems]
    assert messages[0].startswith("a100-sxm-80gb: no energy for action 'dram_bytes', did you mean 'dram_byte'?")
    assert messages[1].startswith("a100-sxm-80gb: no energy for action 'mac_fp8'")
    assert len(messages) == 2


@pytest.mark.data
@needs_data
@pytest.mark.parametrize(("machine", "gpu", "tolerance"), [("a100-sxm-40gb", "alex_a100_40", 0.03), ("h200-sxm", "h200", 0.015)])
def test_streaming_fma_kernels(machine: str, gpu: str, tolerance: float) -> None:
    """The DRAM path, the FMA and the static power come from a fit to these runs: put together again they must give them back."""
    import pandas as pd

    runs = pd.read_csv(DATA / "roofline_power_fp32fma.csv").query("gpu == @gpu")
    second = np.full(len(runs), 1e6)
    actions = {
        "dram_byte": runs.GBps.to_numpy() * 1e9,
        "l2_byte": runs.GBps.to_numpy() * 1e9,
        "alu_fp32": runs.GFps.to_numpy() * 5e8,
    }
    total, _ = energy_mj(actions, second, load_machine(machine).resources)
    assert np.mean(np.abs(power_w(total, second) / runs.power_w.to_numpy() - 1)) < tolerance


@pytest.mark.data
@needs_data
def test_large_gemms_on_h200() -> None:
    """Bf16 GEMMs that keep the board at its cap: uncalibrated components, tiles of 128 × 256, within 15 % in the median."""
    import pandas as pd

    rows = pd.read_parquet(DATA / "gemm_power_h200_sxm.parquet").query("m > 1024")
    m, n, k, time = (rows[name].to_numpy(float) for name in ("m", "n", "k", "latency_us"))
    l2 = 2 * k * (np.ceil(m / 128) * n + np.ceil(n / 256) * m) + 2 * m * n
    actions = {"dram_byte": 2 * (m * k + n * k + m * n), "l2_byte": l2, "smem_byte": 2 * l2, "mac_bf16": m * n * k}
    total, _ = energy_mj(actions, time, load_machine("h200-sxm").resources)
    assert abs(np.median(power_w(total, time) / rows.power_w.to_numpy() - 1)) < 0.15
