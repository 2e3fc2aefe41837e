"""Is what the board says read in the right units, and what it does not say named?"""

import sys
from types import SimpleNamespace

import pytest

from narrowgauge.kernels.telemetry import NoTelemetry, Nvml, open_telemetry


class PaperNvmlError(Exception):
    pass


def paper_nvml() -> SimpleNamespace:
    def refuse(handle: object) -> float:
        raise PaperNvmlError("Not Supported")

    return SimpleNamespace(
        NVMLError=PaperNvmlError,
        NVML_CLOCK_SM=1,
        NVML_TEMPERATURE_GPU=0,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByPciBusId=lambda address: f"handle of {address.decode()}",
        nvmlDeviceGetClockInfo=lambda handle, kind: 1980,
        nvmlDeviceGetPowerUsage=lambda handle: 123_456,
        nvmlDeviceGetTotalEnergyConsumption=refuse,
        nvmlDeviceGetTemperature=lambda handle, kind: 41,
        nvmlDeviceGetCurrentClocksThrottleReasons=lambda handle: 0b101,
        nvmlClocksThrottleReasonSwPowerCap=0b100,
        nvmlClocksThrottleReasonHwSlowdown=0b1000,
        nvmlDeviceGetEnforcedPowerLimit=lambda handle: 700_000,
        nvmlDeviceGetPowerManagementDefaultLimit=lambda handle: 700_000,
        nvmlSystemGetDriverVersion=lambda: b"580.1",
        nvmlDeviceGetUUID=lambda handle: "GPU-1234",
    )


def test_readings_have_units_and_refusals_have_words() -> None:
    reading = Nvml(paper_nvml(), "handle").read()
    assert (reading.sm_clock_mhz, reading.power_w, reading.temperature_c, reading.power_limit_w) == (1980, 123.456, 41, 700)
    assert reading.throttle_reasons == ("SwPowerCap",)
    assert reading.driver == "580.1"
    assert reading.energy_mj is None and reading.unavailable == {"energy_mj": "Not Supported"}


def test_the_uuid_is_hashed() -> None:
    reading = Nvml(paper_nvml(), "handle").read()
    assert reading.uuid_hash and len(reading.uuid_hash) == 16 and "1234" not in reading.uuid_hash


def test_the_board_is_found_by_its_pci_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", paper_nvml())
    assert isinstance(open_telemetry("0000:01:00.0"), Nvml)


def test_without_nvml_the_reason_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    telemetry = open_telemetry("0000:01:00.0")
    assert isinstance(telemetry, NoTelemetry)
    assert "not installed" in telemetry.read().unavailable["telemetry"]
