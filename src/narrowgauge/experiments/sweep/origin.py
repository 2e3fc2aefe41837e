"""What a run is made of, for its manifest: the sweep, the command, versions, and hashes of code, fits and specifications."""

from __future__ import annotations

import hashlib
import platform
import time
from collections.abc import Iterable
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from typing import Any

from narrowgauge.archmodels import Machine
from narrowgauge.archmodels.units.catalogue import load_unit
from narrowgauge.experiments.sweep.code_groups import GROUPS, code_hashes
from narrowgauge.experiments.sweep.content import content_hash
from narrowgauge.experiments.sweep.document import Sweep
from narrowgauge.experiments.sweep.machines import machine_of
from narrowgauge.experiments.sweep.parameters import NOTHING
from narrowgauge.experiments.sweep.settings import Setting

PACKAGES = ("narrowgauge", "numpy", "numba", "pandas", "pyarrow")


def origin(sweep: Sweep, settings: Iterable[Setting], command: str) -> dict[str, Any]:
    """One entry of the manifest's `runs`."""
    settings = tuple(settings)
    units = sorted({setting.tensor_core for setting in settings} - {NOTHING})
    machines = {setting.machine: machine_of(setting.machine) for setting in settings}
    return {
        "sweep": sweep.label,
        "text": sweep.text,
        "columns": {name: expression.text for name, expression in sweep.columns.items()},
        "command": command,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "versions": {"python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES},
        "code": code_hashes(GROUPS),
        "fits": _fits(),
        "specifications": {
            name: content_hash({path: quantity.value for path, quantity in machine.quantities.items()})
            for name, machine in machines.items()
            if isinstance(machine, Machine)
        },
        "units": {name: content_hash(load_unit(name)) for name in units},
    }


def _fits() -> dict[str, str]:
    """SHA-256 of every fit that ships."""
    folder = Path(str(files("narrowgauge.calibration"))) / "fits"
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in sorted(folder.rglob("*.json"))}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
