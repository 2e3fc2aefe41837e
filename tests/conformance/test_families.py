"""Does every kernel family keep the contract of `KernelFamily`, on every machine that ships and for every kind of variant?"""

from itertools import product

import numpy as np
import pytest

from narrowgauge.archmodels import energy_mj, load_machine, machine_names
from narrowgauge.dataflows.catalogue import FAMILIES
from narrowgauge.dataflows.elementwise_ops import MEASURED, OPERATIONS
from narrowgauge.dataflows.family import Variant
from narrowgauge.errors import UnsupportedError
from narrowgauge.formats import SCHEMES

LIBRARIES = ("trtllm", "sglang", "vllm", "")
ATTENTION = [Variant(*pair) for pair in product(("bf16", "bf16-kvfp8", "fp8"), ("vllm", "sglang-triton", "trtllm", ""))]
TOKENS = {"num_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "window_size": 0}

#: variants and rows of each family; the first row is the smallest that makes sense
VARIANTS = {
    "gemm": [*(Variant(scheme, "trtllm") for scheme in SCHEMES), *(Variant("fp8-block128", lib) for lib in LIBRARIES)],
    "attention-prefill": ATTENTION,
    "attention-decode": ATTENTION,
    "elementwise": [*(Variant(op, "") for op in OPERATIONS), *(Variant(*pair) for pair in MEASURED)],
    "all-reduce": [Variant("bf16", "nccl"), Variant("bf16", "trtllm")],
    "all-gather": [Variant("bf16", "nccl"), Variant("bf16", "")],
}
ROWS = {
    "gemm": {"m": [1, 3, 130, 5000], "n": [1, 4096, 11008, 8192], "k": [1, 4096, 4100, 8192]},
    "attention-prefill": {"batch_size": [1, 1, 8, 64], "isl": [1, 77, 2048, 8192], "step": [0, 0, 0, 512], **TOKENS},
    "attention-decode": {"batch_size": [1, 1, 8, 300], "isl": [1, 1, 1, 1], "step": [0, 77, 2048, 100_000], **TOKENS},
    "elementwise": {"rows": [1, 7, 2048, 100_000], "width": [128, 4096, 8192, 4096], "second_width": [0, 0, 1024, 1024]},
    "all-reduce": {"bytes": [1, 1 << 14, 1 << 22, 1 << 28], "ranks": [2, 2, 4, 8]},
    "all-gather": {"bytes": [1, 1 << 14, 1 << 22, 1 << 28], "ranks": [2, 2, 4, 8]},
}
COUNT = 4


def columns_of(name):
    return {column: np.broadcast_to(np.array(values), (COUNT,)) for column, values in ROWS[name].items()}


CASES = [pytest.param(name, machine, id=f"{name} on {machine}") for name, machine in product(FAMILIES, machine_names())]


def runnable(name, gpu):
    """Variants that this machine runs; the others must refuse with a reason, in `parameters` or in `cost`."""
    family, rows, found = FAMILIES[name], columns_of(name), []
    for variant in VARIANTS[name]:
        try:
            params = {p.name: p.initial for p in family.parameters(variant, gpu)}
            found.append((variant, params, family.cost(rows, variant, gpu, params)))
        except UnsupportedError as refusal:
            assert len(str(refusal)) > 20
    assert found
    return found


@pytest.fixture
def family(name):
    return FAMILIES[name]


@pytest.fixture
def gpu(machine):
    return load_machine(machine).resources


def test_every_family_is_examined():
    assert set(VARIANTS) == set(ROWS) == set(FAMILIES)


@pytest.mark.parametrize("name", FAMILIES)
def test_columns_and_groups_are_named(name):
    family = FAMILIES[name]
    assert family.name == name
    assert set(family.group) <= set(family.columns)
    assert set(family.columns) <= set(ROWS[name])


@pytest.mark.parametrize(("name", "machine"), CASES)
def test_parameters_start_inside_their_range(name, machine, family, gpu):
    for variant, _, _ in runnable(name, gpu):
        parameters = family.parameters(variant, gpu)
        assert len({p.name for p in parameters}) == len(parameters)
        for p in parameters:
            assert p.low <= p.initial <= p.high, (variant, p.name)
            assert p.low < p.high and np.isfinite([p.low, p.high]).all()
            assert p.low > 0 or not p.log
            assert p.meaning and p.unit


@pytest.mark.parametrize(("name", "machine"), CASES)
def test_cost_has_one_positive_entry_per_row(name, machine, gpu):
    for variant, _, cost in runnable(name, gpu):
        assert cost.latency_us.shape == (COUNT,)
        assert np.all(np.isfinite(cost.latency_us)) and np.all(cost.latency_us > 0), variant
        for kind in (cost.busy_us, cost.actions, cost.choice):
            assert all(np.shape(column) == (COUNT,) for column in kind.values()), variant
        for kind in (cost.busy_us, cost.actions):
            for resource, column in kind.items():
                assert np.all(np.isfinite(column)) and np.all(column >= 0), (variant, resource)


@pytest.mark.parametrize(("name", "machine"), CASES)
def test_the_busiest_resource_is_one_of_them(name, machine, gpu):
    for _, _, cost in runnable(name, gpu):
        assert set(cost.bound_by()) <= set(cost.busy_us)
        assert "launch" in cost.busy_us


@pytest.mark.parametrize(("name", "machine"), CASES)
def test_every_action_has_an_energy(name, machine, gpu):
    for variant, _, cost in runnable(name, gpu):
        energy, breakdown = energy_mj(cost.actions, cost.latency_us, gpu)
        assert np.all(energy > 0), variant
        assert set(breakdown) == {*cost.actions, "static"}


@pytest.mark.parametrize(("name", "machine"), CASES)
def test_features_are_finite_and_named_alike_for_any_rows(name, machine, family, gpu):
    for variant, params, cost in runnable(name, gpu):
        features = family.features(columns_of(name), variant, gpu, cost)
        assert all(np.shape(column) == (COUNT,) and np.all(np.isfinite(column)) for column in features.values()), variant
        one = {column: values[:1] for column, values in columns_of(name).items()}
        alone = family.features(one, variant, gpu, family.cost(one, variant, gpu, params))
        assert list(alone) == list(features)
        assert all(alone[feature][0] == features[feature][0] for feature in features), variant


@pytest.mark.parametrize(("name", "machine"), CASES)
def test_roofline_is_positive_and_below_the_cost_of_large_kernels(name, machine, family, gpu):
    for variant, _, cost in runnable(name, gpu):
        roofline = family.roofline_us(columns_of(name), variant, gpu)
        assert roofline.shape == (COUNT,) and np.all(np.isfinite(roofline)) and np.all(roofline >= 0)
        assert roofline[-1] < cost.latency_us[-1], variant


@pytest.mark.parametrize("name", FAMILIES)
def test_size_classes_are_small_ascending_integers(name):
    size = FAMILIES[name].size_class(columns_of(name))
    assert size.shape == (COUNT,) and np.issubdtype(size.dtype, np.integer)
    assert np.all(np.diff(size) >= 0) and size.min() >= 0 and size.max() < 10


@pytest.mark.parametrize(("name", "machine"), CASES)
def test_rows_do_not_see_each_other(name, machine, family, gpu):
    for variant, params, cost in runnable(name, gpu):
        turned = {column: values[::-1] for column, values in columns_of(name).items()}
        assert np.array_equal(family.cost(turned, variant, gpu, params).latency_us[::-1], cost.latency_us), variant
