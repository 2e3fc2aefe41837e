"""Board power to energies: what is found, what is refused, what is left to an anchor."""

import numpy as np
import pytest

from narrowgauge.calibration.machine.energy import STATIC, Anchor, EntangledError, Load, left_out, solve
from narrowgauge.calibration.machine.figures import Missing

STATIC_W, MAC, BYTE = 80.0, 0.5, 100.0


def load(macs_per_s: float, bytes_per_s: float, factor: float = 1.0) -> Load:
    watts = STATIC_W + (macs_per_s * MAC + bytes_per_s * BYTE) / 1e12
    return Load((macs_per_s, bytes_per_s), factor * watts, {"mac": macs_per_s, "byte": bytes_per_s})


MIXED = [load(m, b) for m in (0.0, 1e14, 4e14) for b in (0.0, 5e11, 2e12)]


def test_exact_powers_give_exact_energies():
    found = solve(MIXED)
    assert [found.values[c][0] for c in (STATIC, "mac", "byte")] == pytest.approx([STATIC_W, MAC, BYTE])
    assert found.deviation == pytest.approx(0, abs=1e-9) and not found.anchored


def test_intervals_hold_the_truth_for_nine_of_ten_boards():
    rng = np.random.default_rng(3)
    inside = []
    for _ in range(60):
        noisy = [load(m, b, 1 + 0.01 * rng.normal()) for m in (0.0, 1e14, 4e14) for b in (0.0, 5e11, 2e12)]
        _, low, high = solve(noisy).values["byte"]
        inside.append(low <= BYTE <= high)
    assert 0.8 <= np.mean(inside) <= 1.0


def test_energies_are_not_negative():
    loads = [*MIXED, Load("odd", 80.0, {"mac": 1e14, "nothing": 1e13})]
    assert solve(loads).values["nothing"][0] == 0.0


def test_loads_that_do_not_tell_are_refused_by_name():
    with pytest.raises(EntangledError, match="1 loads do not tell apart static, mac"):
        solve([Load("a", 200.0, {"mac": 1e14})])


def test_an_anchor_serves_only_where_it_is_needed():
    rest = Anchor(STATIC, 60.0, 1.0, "at rest")
    assert not solve(MIXED, [rest]).anchored
    alone = solve([Load("a", 130.0, {"mac": 1e14})], [rest])
    assert alone.anchored == (rest,)
    assert alone.values["mac"][0] == pytest.approx(0.7)


def test_a_known_column_is_taken_as_it_is():
    assert solve(MIXED, known=[Anchor(STATIC, 79.0, 0.0, "known")]).values[STATIC][0] == 79.0


def test_a_load_left_out_is_predicted_by_the_others():
    (held,) = left_out("power", MIXED, [])
    assert held.groups == len(MIXED) and held.error == pytest.approx(0, abs=1e-6) and held.noise is None


def test_noise_is_the_spread_of_repeated_loads():
    repeated = [load(m, b, f) for m in (0.0, 1e14) for b in (0.0, 5e11) for f in (0.98, 1.0, 1.02)]
    (held,) = left_out("power", repeated, [])
    assert held.noise == pytest.approx(1.4826 * 0.02, rel=0.01)


def test_loads_that_stand_alone_are_not_scored():
    (missing,) = left_out("power", [Load(0, 100.0, {"a": 1e12}), Load(1, 100.0, {"b": 1e12})], [])
    assert isinstance(missing, Missing)
