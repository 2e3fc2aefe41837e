"""The campaign on this machine's GPU, from opening the device to the last library: what one measuring process does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from narrowgauge.kernels import toolchain
from narrowgauge.kernels._pycuda import PycudaBackend
from narrowgauge.kernels.campaign import Progress, describe, run, supported
from narrowgauge.kernels.discipline import SUITES
from narrowgauge.kernels.library import run_libraries
from narrowgauge.kernels.plan import plan
from narrowgauge.kernels.records import RecordFile
from narrowgauge.kernels.runner import Runner
from narrowgauge.kernels.skeleton import file_name, skeleton
from narrowgauge.kernels.telemetry import open_telemetry


def measure(suite: str, out: Path, only: Iterable[str], ordinal: int, libraries: bool, progress: Progress) -> None:
    """Measure what the folder `out` does not hold yet, and write a specification to start from if there is none.

    Raises UnsupportedError where something is missing, InputError where `out` is of another GPU, DeviceLostError after the
    point that lost the device was recorded."""
    only = tuple(only)
    backend = PycudaBackend(ordinal)
    supported(backend.properties)
    telemetry = open_telemetry(backend.properties.pci_bus_id)
    campaign = describe(backend.properties, telemetry.read(), suite, toolchain.nvcc().version)
    file = RecordFile(out, campaign)
    specification = out / file_name(backend.properties)
    if not specification.exists():
        out.mkdir(parents=True, exist_ok=True)
        specification.write_text(skeleton(backend.properties, campaign.machine), encoding="utf-8")
    runner = Runner(backend, telemetry, SUITES[suite])
    run(plan(suite, backend.properties.device, only), runner, file, progress)
    if libraries and not only:
        run_libraries(suite, runner, file, ordinal, progress)
