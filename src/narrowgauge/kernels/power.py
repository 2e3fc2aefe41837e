"""Power of a kernel: the board's energy counter over seconds of back-to-back launches, between two looks at the idle board."""

from __future__ import annotations

from collections.abc import Callable

from narrowgauge.errors import UnsupportedError
from narrowgauge.kernels.telemetry import Telemetry
from narrowgauge.kernels.timings import Sampler
from narrowgauge.measurements import PowerWindow

_MJ_PER_J = 1e3


def power_window(
    taker: Sampler,
    telemetry: Telemetry,
    seconds: float,
    settle_s: float,
    idle_s: float,
    now: Callable[[], float],
    sleep: Callable[[float], None],
) -> PowerWindow:
    """Idle power, full load for `settle_s`, the window of at least `seconds`, idle power again.

    Raises UnsupportedError where the board has no energy counter, with its reason."""
    before_w = _idle_w(telemetry, idle_s, now, sleep)
    _load(taker, settle_s, now)
    start_mj, begin = _energy_mj(telemetry), now()
    launches = _load(taker, seconds, now)
    stop_mj, end = _energy_mj(telemetry), now()
    loaded = telemetry.read()
    sleep(settle_s)
    after_w = _idle_w(telemetry, idle_s, now, sleep)
    return PowerWindow(
        energy_mj=stop_mj - start_mj,
        seconds=end - begin,
        launches=launches,
        idle_before_w=before_w,
        idle_after_w=after_w,
        temperature_c=loaded.temperature_c,
        throttle_reasons=loaded.throttle_reasons,
    )


def _load(taker: Sampler, seconds: float, now: Callable[[], float]) -> int:
    """Launches during at least `seconds`."""
    begin, launches = now(), 0
    while now() - begin < seconds:
        taker.sample()
        launches += taker.launches
    return launches


def _idle_w(telemetry: Telemetry, seconds: float, now: Callable[[], float], sleep: Callable[[float], None]) -> float:
    start_mj, begin = _energy_mj(telemetry), now()
    sleep(seconds)
    return (_energy_mj(telemetry) - start_mj) / _MJ_PER_J / (now() - begin)


def _energy_mj(telemetry: Telemetry) -> float:
    reading = telemetry.read()
    if reading.energy_mj is None:
        raise UnsupportedError(f"no energy counter: {'; '.join(reading.unavailable.values())}")
    return reading.energy_mj
