"""What the board says while it works: clocks, power, energy, temperature, throttling (NVML). Read, never set."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

_MW_PER_W = 1e3
_HASH_DIGITS = 16


@dataclass(frozen=True)
class Reading:
    """One look at the board; None is what it does not tell, `unavailable` says why."""

    sm_clock_mhz: float | None = None
    power_w: float | None = None
    energy_mj: float | None = None  #: a counter since the driver was loaded
    temperature_c: float | None = None
    throttle_reasons: tuple[str, ...] | None = None
    power_limit_w: float | None = None
    default_power_limit_w: float | None = None
    driver: str | None = None
    uuid_hash: str | None = None
    unavailable: dict[str, str] = field(default_factory=dict)


class Telemetry(Protocol):
    """A source of readings."""

    def read(self) -> Reading:
        """The state of the board now."""
        ...


@dataclass(frozen=True)
class NoTelemetry:
    """A board that cannot be asked, with the reason."""

    reason: str

    def read(self) -> Reading:
        """Nothing, for this reason."""
        return Reading(unavailable={"telemetry": self.reason})


class Nvml:
    """NVML through nvidia-ml-py."""

    def __init__(self, pynvml: Any, handle: Any) -> None:
        self._nvml = pynvml
        self._handle = handle

    def read(self) -> Reading:
        """Everything that the board answers; a field that it refuses is None, with its words."""
        nvml, handle = self._nvml, self._handle
        unavailable: dict[str, str] = {}

        def ask(name: str, question: Callable[[], Any]) -> Any:
            try:
                return question()
            except nvml.NVMLError as error:
                unavailable[name] = str(error)
                return None

        questions: dict[str, Callable[[], Any]] = {
            "sm_clock_mhz": lambda: float(nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM)),
            "power_w": lambda: nvml.nvmlDeviceGetPowerUsage(handle) / _MW_PER_W,
            "energy_mj": lambda: float(nvml.nvmlDeviceGetTotalEnergyConsumption(handle)),
            "temperature_c": lambda: float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)),
            "throttle_reasons": lambda: _reasons(nvml, nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle)),
            "power_limit_w": lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle) / _MW_PER_W,
            "default_power_limit_w": lambda: nvml.nvmlDeviceGetPowerManagementDefaultLimit(handle) / _MW_PER_W,
            "driver": lambda: _text(nvml.nvmlSystemGetDriverVersion()),
            "uuid_hash": lambda: hashlib.sha256(_text(nvml.nvmlDeviceGetUUID(handle)).encode()).hexdigest()[:_HASH_DIGITS],
        }
        return Reading(**{name: ask(name, question) for name, question in questions.items()}, unavailable=unavailable)


def open_telemetry(pci_bus_id: str) -> Telemetry:
    """NVML of the board at a PCI address; where it cannot be had, a source that says why."""
    try:
        import pynvml
    except ImportError:
        return NoTelemetry("nvidia-ml-py is not installed (pip install 'narrowgauge[gpu]')")
    try:
        pynvml.nvmlInit()
        return Nvml(pynvml, pynvml.nvmlDeviceGetHandleByPciBusId(pci_bus_id.encode()))
    except pynvml.NVMLError as error:
        return NoTelemetry(f"NVML: {error}")


#: NVML's constants end in these; idle and a clock that an application asked for are no throttling
_THROTTLES = ("SwPowerCap", "HwSlowdown", "SwThermalSlowdown", "HwThermalSlowdown", "HwPowerBrakeSlowdown", "SyncBoost")


def _reasons(nvml: Any, mask: int) -> tuple[str, ...]:
    """The bits of NVML's mask by name."""
    flags = {name: getattr(nvml, f"nvmlClocksThrottleReason{name}", 0) for name in _THROTTLES}
    return tuple(name for name, flag in flags.items() if mask & flag)


def _text(raw: str | bytes) -> str:
    return raw.decode() if isinstance(raw, bytes) else raw
