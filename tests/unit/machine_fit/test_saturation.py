"""Throughput against concurrency: the two numbers of the curve, and its error on settings left out."""

import pytest

from narrowgauge.calibration.machine.figures import Figure, Missing, plateau, reading
from narrowgauge.calibration.machine.saturation import Saturation, judged, left_out

PEAK, LATENCY = 1024.0, 25.0


def figures(*concurrencies: float, rate=lambda c: min(PEAK, c / LATENCY)) -> list[Figure]:
    return [Figure({"c": int(c)}, rate(c), 0.001, 0.002) for c in concurrencies]


def concurrency(figure: Figure) -> float:
    return float(figure.axes["c"])


def test_peak_and_latency():
    curve = Saturation.of(figures(2048, 8192, 32768, 65536), concurrency)
    assert (curve.peak, curve.latency) == (PEAK, LATENCY)
    assert [curve.rate(c) for c in (1000.0, 1e6)] == [40.0, PEAK]


def test_only_settings_between_others_are_scored():
    assert len(list(left_out(figures(2048, 8192, 16384, 65536), concurrency))) == 2
    (missing,) = judged("m", [figures(2048, 65536)], concurrency)
    assert isinstance(missing, Missing)


def test_a_soft_knee_is_an_error():
    """At the knee a unit that loses a tenth is predicted a tenth too fast."""
    knee = figures(2048, 25600, 65536, 131072, rate=lambda c: 0.9 * PEAK if c == 25600 else min(PEAK, c / LATENCY))
    errors = sorted(left_out(knee, concurrency))
    assert errors[-1] == pytest.approx(1 / 0.9 - 1) and errors[0] == pytest.approx(0)


def test_the_plateau_is_what_comes_within_two_percent():
    assert [f.value for f in plateau(figures(2048, 25600, 65536))] == [PEAK, PEAK]
    assert plateau([]) == []


def test_the_interval_holds_noise_and_spread():
    narrow = next(reading("x", figures(65536, 131072), "u", "s"))
    wide = next(reading("x", [Figure({}, v, 0.001, 0.002) for v in (90.0, 100.0, 110.0)], "u", "s"))
    assert narrow.high / narrow.value - 1 == pytest.approx(0.005)  # what sampling stops at
    assert (wide.high - wide.value) / wide.value == pytest.approx(1.645 * 1.4826 * 0.1, rel=0.01)
    assert not list(reading("x", [], "u", "s"))
