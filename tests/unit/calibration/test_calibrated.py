"""Does a price say what it is made of: physics, residual, interval, energy, and where it may not be trusted?"""

import numpy as np
import pytest

from narrowgauge.archmodels import energy_mj, load_machine
from narrowgauge.calibration.basis import Relation, basis_of
from narrowgauge.calibration.calibrated import price
from narrowgauge.calibration.record import shipped, shipped_machines
from narrowgauge.calibration.transfer import ASSUMED, log_interval
from narrowgauge.dataflows.catalogue import FAMILIES
from narrowgauge.dataflows.family import Variant

H100 = load_machine("h100-sxm")
BF16 = Variant("bf16", "trtllm")
INSIDE = {"m": [1, 16, 256, 4096], "n": [4096, 4096, 8192, 8192], "k": [4096, 4096, 8192, 8192]}


def table(columns):
    return {name: np.asarray(values) for name, values in columns.items()}


def test_physics_times_a_bounded_residual():
    priced = price(H100, "gemm", BF16, table(INSIDE))
    bound = basis_of("gemm", BF16, H100).fit.residual.bound
    correction = np.log(priced.latency_us / priced.cost.latency_us)
    assert np.all(correction != 0) and np.all(np.abs(correction) <= bound * (1 + 1e-12))
    assert set(priced.source) == {"fit h100-sxm bf16/trtllm; physics + residual"}


def test_physics_only_leaves_the_residual_out():
    priced = price(H100, "gemm", BF16, table(INSIDE), physics_only=True)
    assert np.array_equal(priced.latency_us, priced.cost.latency_us)
    assert set(priced.source) == {"fit h100-sxm bf16/trtllm; physics"}


def test_physics_is_less_sure_than_the_residual():
    width = {}
    for physics_only in (False, True):
        priced = price(H100, "gemm", BF16, table(INSIDE), physics_only)
        width[physics_only] = np.mean(np.log(priced.latency_us_high / priced.latency_us_low))
    assert width[False] < width[True]


def test_outside_the_valid_range_is_physics_and_says_so():
    rows = {name: [*values, 3 * 2**20] for name, values in INSIDE.items()}
    priced = price(H100, "gemm", BF16, table(rows))
    assert priced.latency_us[-1] == priced.cost.latency_us[-1]
    assert priced.source[-1] == "fit h100-sxm bf16/trtllm; physics, outside its valid range"
    assert not any("outside" in source for source in priced.source[:-1])


def test_outside_is_less_sure_than_inside():
    rows = {"m": [32768, 2**20], "n": [8192, 8192], "k": [8192, 8192]}
    fit = basis_of("gemm", BF16, H100).fit
    assert fit.valid_range["m"][1] >= 32768
    priced = price(H100, "gemm", BF16, table(rows), physics_only=True)
    width = np.log(priced.latency_us_high / priced.latency_us_low)
    assert width[1] > width[0]


@pytest.mark.parametrize("physics_only", [False, True])
@pytest.mark.parametrize("machine", ["a100-sxm-80gb", "h100-sxm", "h200-sxm", "l40s", "rtx-4070"])
@pytest.mark.parametrize("scheme", ["bf16", "w4a16", "w4a16-g128", "w8a8-int8"])
def test_the_interval_holds_the_price(machine, scheme, physics_only):
    rng = np.random.default_rng(0)
    rows = {name: np.floor(2 ** rng.uniform(0, 17, 300)) for name in "mnk"}
    priced = price(load_machine(machine), "gemm", Variant(scheme, "trtllm"), rows, physics_only)
    assert np.all(priced.latency_us > 0)
    assert np.all(priced.latency_us_low <= priced.latency_us) and np.all(priced.latency_us <= priced.latency_us_high)


def test_an_unmeasured_machine_gets_no_residual_and_wider_intervals():
    rows = table(INSIDE)
    own, other = price(H100, "gemm", BF16, rows), price(load_machine("h200-sxm"), "gemm", BF16, rows)
    assert np.array_equal(other.latency_us, other.cost.latency_us)
    assert set(other.source) == {"same architecture, fit h100-sxm bf16/trtllm; physics"}
    low, high = log_interval("gemm", Relation.SIBLING)
    assert np.all(other.latency_us_low <= other.latency_us * np.exp(low) * (1 + 1e-12))
    assert np.all(other.latency_us_high >= other.latency_us * np.exp(high) * (1 - 1e-12))
    assert np.all(other.latency_us_high / other.latency_us_low > own.latency_us_high / own.latency_us_low)


def test_what_nobody_measured_has_the_conventional_interval():
    priced = price(H100, "all-reduce", Variant("bf16", "nccl"), table({"bytes": [1 << 20], "ranks": [8]}))
    assert log_interval("all-reduce", Relation.UNFITTED) == ASSUMED
    assert priced.latency_us_high[0] == pytest.approx(2 * priced.latency_us[0], rel=1e-3)
    assert priced.latency_us_low[0] == pytest.approx(priced.latency_us[0] / 2, rel=1e-3)


def test_energy_is_of_the_latency_that_is_reported():
    priced = price(H100, "gemm", BF16, table(INSIDE))
    energy, _ = energy_mj(priced.cost.actions, priced.latency_us, H100.resources)
    assert np.array_equal(priced.energy_mj, energy)
    assert priced.power_w == pytest.approx(energy / priced.latency_us * 1e3)


def test_the_bottleneck_is_the_physics_account():
    priced = price(H100, "gemm", BF16, table(INSIDE))
    assert list(priced.bound_by) == list(priced.cost.bound_by())
    assert priced.bound_by[0] == "dram" and priced.bound_by[-1] == "tensor_core"


def test_rows_are_priced_apart():
    rows = table(INSIDE)
    whole = price(H100, "gemm", BF16, rows).latency_us
    alone = [
        price(H100, "gemm", BF16, {name: column[i : i + 1] for name, column in rows.items()}).latency_us[0] for i in range(4)
    ]
    assert whole == pytest.approx(alone, rel=1e-12)


ATTENTION = {"num_heads": [32, 32], "num_key_value_heads": [8, 8], "head_dim": [128, 128], "window_size": [0, 0]}
OTHERS = {
    "attention-decode": {"batch_size": [1, 64], "isl": [1, 1], "step": [1023, 4095]} | ATTENTION,
    "attention-prefill": {"batch_size": [1, 4], "isl": [1024, 4096], "step": [0, 0]} | ATTENTION,
    "elementwise": {"rows": [256, 4096], "width": [4096, 8192]},
}


@pytest.mark.parametrize("family", OTHERS)
def test_every_calibrated_family_uses_its_residual(family):
    variant = Variant("rmsnorm", "sarathi") if family == "elementwise" else Variant("bf16", "vllm")
    priced = price(H100, family, variant, table(OTHERS[family]))
    assert all(source.endswith("physics + residual") for source in priced.source), set(priced.source)


@pytest.mark.parametrize("family", ["gemm", *OTHERS])
def test_shipped_fits_and_families_agree_on_the_features(family):
    """A residual that was trained on other columns than the family gives today would be silently wrong."""
    rows = table(INSIDE if family == "gemm" else OTHERS[family])
    for machine in shipped_machines(family):
        gpu = load_machine(machine).resources
        for precision, fit in shipped(machine, family).precisions.items():
            for library, known in fit.libraries.items():
                variant = Variant(precision, library)
                cost = FAMILIES[family].cost(rows, variant, gpu, known.values())
                features = FAMILIES[family].features(rows, variant, gpu, cost)
                assert tuple(features) == known.residual.features, (machine, variant)
