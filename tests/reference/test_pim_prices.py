"""Does `price` give the cycles that published simulators of PIM machines count, times their clock?

SAIT PIMSimulator b464dde, AttAcc simulator c600051, NeuPIMs f299af3. One model; the machines are specifications, and the power
limit of AttAcc is an override."""

import pandas as pd
import pytest

from narrowgauge.archmodels import load_machine
from narrowgauge.experiments.price import price_table

TOLERANCE = 0.05

GEMV = [("hbm2-pim", 4096, 4096, 13_166), ("hbm2-pim", 1024, 4096, 13_166), ("hbm2-pim", 4096, 1024, 3_662)]
UNLIMITED = {"mac_interval_cycles": 4}
HEADS = [
    ("attacc-bank", 2048, {}, 3_810),
    ("attacc-bankgroup", 2048, {}, 13_403),
    ("attacc-buffer", 2048, {}, 36_415),
    ("attacc-bank", 1024, {}, 1_890),
    ("attacc-bankgroup", 1024, {}, 6_719),
    ("attacc-buffer", 1024, {}, 17_981),
    ("attacc-bank", 1024, UNLIMITED, 1_394),
    ("attacc-bankgroup", 1024, UNLIMITED, 4_202),
]


def cycles(name: str, row: dict, changes: dict | None = None) -> float:
    machine = load_machine(name).with_(**(changes or {}))
    return float(price_table(pd.DataFrame([row]), machine)["latency_us"].iloc[0]) * 1e6 / machine.standard.tck_ps


@pytest.mark.parametrize(("name", "outputs", "inputs", "published"), GEMV)
def test_gemv(name: str, outputs: int, inputs: int, published: int) -> None:
    assert cycles(name, {"m": 1, "n": outputs, "k": inputs}) == pytest.approx(published, rel=TOLERANCE)


@pytest.mark.parametrize(("name", "length", "changes", "published"), HEADS)
def test_one_head_on_one_channel(name: str, length: int, changes: dict, published: int) -> None:
    row = {"batch_size": 1, "isl": 1, "step": length - 1, "num_heads": 1, "num_key_value_heads": 1, "head_dim": 128}
    assert cycles(name, row, changes) == pytest.approx(published, rel=TOLERANCE)


def test_a_tile_of_neupims_once_its_vector_is_there() -> None:
    """`gemv` 184 of its trace generator: 32 banks × 512 parameters."""
    one, ten = (cycles("neupims", {"m": 1, "n": tiles * 32 * 32, "k": 512}) for tiles in (1, 10))
    assert (ten - one) / 9 == pytest.approx(184, rel=TOLERANCE)
