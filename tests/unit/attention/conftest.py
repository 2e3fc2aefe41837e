"""Machines and rows for the attention families."""

import numpy as np
import pytest
from round_gpu import round_gpu

from narrowgauge.dataflows.resources import GpuResources


def build_machine(architecture: str, **changes) -> GpuResources:
    macs = {"sm80": {"bf16": 1000.0, "fp16": 1000.0}, "sm89": {"bf16": 500.0, "fp16": 500.0, "fp8": 1000.0}}
    own = macs.get(architecture, {"bf16": 2000.0, "fp16": 2000.0, "fp8": 4000.0})
    return round_gpu(**{"architecture": architecture, "tensor_macs": own} | changes)


def build_columns(**values):
    """Rows of equal length from scalars and lists; unnamed columns are one sequence of a small GQA model."""
    plain = {
        "batch_size": 1,
        "isl": 1,
        "num_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "step": 0,
        "window_size": 0,
    }
    arrays = np.broadcast_arrays(*(np.asarray(v) for v in {**plain, **values}.values()), np.zeros(1))
    return dict(zip({**plain, **values}, arrays, strict=False))


def initial_values(family, variant, gpu):
    return {p.name: p.initial for p in family.parameters(variant, gpu)}


@pytest.fixture(scope="session")
def machine():
    """A GPU of round numbers: 100 SMs at 1 GHz."""
    return build_machine


@pytest.fixture(scope="session")
def columns():
    """Rows from scalars and lists."""
    return build_columns


@pytest.fixture(scope="session")
def defaults():
    """The unfitted parameters of a family's variant."""
    return initial_values
