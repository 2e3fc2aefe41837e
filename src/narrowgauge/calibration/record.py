"""A fit as a file: fitted values with intervals, where the data came from, how well it did on data left out, where it is valid.

One JSON file per machine and kernel family. Schema 1:

    {"schema": 1, "machine": ..., "architecture": ..., "family": ..., "sources": [{"name", "sha256", "rows", "origin"}],
     "precisions": {PRECISION: {"libraries": {LIBRARY: {"rows", "parameters", "valid_range", "held_out", "intervals",
                                                        "residual": {"features", "bound", "trees"}}}}}}
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from narrowgauge.calibration.intervals import Intervals
from narrowgauge.calibration.trees import TreeEnsemble
from narrowgauge.errors import InputError, Problem
from narrowgauge.provenance import Source

SCHEMA = 1


@dataclass(frozen=True)
class FittedValue:
    """A fitted parameter with the interval that leaving out groups of data gives it."""

    value: float
    low: float
    high: float
    unit: str


@dataclass(frozen=True)
class Residual:
    """What is left of log(measured / physics) in one library's kernels of one precision, learned and bounded."""

    features: tuple[str, ...]
    bound: float
    trees: TreeEnsemble


@dataclass(frozen=True)
class LibraryFit:
    """What one library's measurements say about one precision."""

    rows: int
    parameters: Mapping[str, FittedValue]
    valid_range: Mapping[str, tuple[float, float]]
    held_out: Mapping[str, float]
    physics_intervals: Intervals
    residual_intervals: Intervals
    residual: Residual

    def values(self) -> dict[str, float]:
        """Parameter values by name."""
        return {name: p.value for name, p in self.parameters.items()}


@dataclass(frozen=True)
class PrecisionFit:
    """All libraries of one precision."""

    libraries: Mapping[str, LibraryFit]


@dataclass(frozen=True)
class Fit:
    """One fit file."""

    machine: str
    architecture: str
    family: str
    sources: tuple[Source, ...]
    precisions: Mapping[str, PrecisionFit] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        """Name of the file that holds it."""
        return f"{self.machine}.{self.family}.json"


def _library_to_json(fit: LibraryFit) -> dict[str, Any]:
    return {
        "rows": fit.rows,
        "parameters": {
            name: {"value": _short(p.value), "low": _short(p.low), "high": _short(p.high), "unit": p.unit}
            for name, p in fit.parameters.items()
        },
        "valid_range": {name: list(bounds) for name, bounds in fit.valid_range.items()},
        "held_out": {name: _short(value) for name, value in fit.held_out.items()},
        "intervals": {"physics": fit.physics_intervals.to_json(), "residual": fit.residual_intervals.to_json()},
        "residual": {
            "features": list(fit.residual.features),
            "bound": _short(fit.residual.bound),
            "trees": fit.residual.trees.to_json(),
        },
    }


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def _library_from_json(data: Mapping[str, Any]) -> LibraryFit:
    return LibraryFit(
        rows=data["rows"],
        parameters={name: FittedValue(**p) for name, p in data["parameters"].items()},
        valid_range={name: (a, b) for name, (a, b) in data["valid_range"].items()},
        held_out=data["held_out"],
        physics_intervals=Intervals.from_json(data["intervals"]["physics"]),
        residual_intervals=Intervals.from_json(data["intervals"]["residual"]),
        residual=Residual(
            tuple(data["residual"]["features"]), data["residual"]["bound"], TreeEnsemble.from_json(data["residual"]["trees"])
        ),
    )


def save(fit: Fit, folder: Path) -> Path:
    """Write the fit below `folder`; readable parts indented, trees on one line each."""
    precisions = {
        name: {"libraries": {library: _library_to_json(found) for library, found in precision.libraries.items()}}
        for name, precision in fit.precisions.items()
    }
    data = {
        "schema": SCHEMA,
        "machine": fit.machine,
        "architecture": fit.architecture,
        "family": fit.family,
        "sources": [vars(s) for s in fit.sources],
        "precisions": precisions,
    }
    path = folder / fit.file_name
    path.write_text(json.dumps(data, separators=(",", ":")).replace('},"', '},\n"') + "\n", encoding="utf-8")
    return path


def load(path: Path) -> Fit:
    """Read a fit file; raises InputError for one that is not a fit of this schema."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            raise InputError([Problem(str(path), f"fit schema {data['schema']} is not known; this version reads {SCHEMA}")])
        precisions = {
            name: PrecisionFit({library: _library_from_json(f) for library, f in p["libraries"].items()})
            for name, p in data["precisions"].items()
        }
        sources = tuple(Source(**s) for s in data["sources"])
        return Fit(data["machine"], data["architecture"], data["family"], sources, precisions)
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error) as error:
        raise InputError([Problem(str(path), f"not a fit file of schema {SCHEMA}: {type(error).__name__}: {error}")]) from error


@lru_cache(maxsize=64)
def shipped(machine: str, family: str) -> Fit | None:
    """The fit that ships with the package for this machine and family, if there is one."""
    path = Path(str(resources.files("narrowgauge.calibration") / "fits" / f"{machine}.{family}.json"))
    return load(path) if path.exists() else None


def shipped_machines(family: str) -> tuple[str, ...]:
    """Machines that have a shipped fit of the family."""
    folder = Path(str(resources.files("narrowgauge.calibration") / "fits"))
    return tuple(sorted(p.name.removesuffix(f".{family}.json") for p in folder.glob(f"*.{family}.json")))


@lru_cache(maxsize=64)
def own_fit(folder: Path, machine: str, family: str) -> Fit | None:
    """The fit in a user's folder for this machine and family, if there is one."""
    path = folder / f"{machine}.{family}.json"
    return load(path) if path.exists() else None


def own_machines(folder: Path, family: str) -> tuple[str, ...]:
    """Machines that have a fit of the family in a user's folder."""
    return tuple(sorted(p.name.removesuffix(f".{family}.json") for p in folder.glob(f"*.{family}.json")))


def known(machine: str, family: str, folder: Path | None = None) -> Fit | None:
    """The shipped fit; of the precisions that the user's folder holds, the user's."""
    base, mine = shipped(machine, family), own_fit(folder, machine, family) if folder else None
    if base is None or mine is None:
        return mine or base
    return replace(mine, sources=(*mine.sources, *base.sources), precisions={**base.precisions, **mine.precisions})


def known_machines(family: str, folder: Path | None = None) -> tuple[str, ...]:
    """Machines that have a fit of the family, shipped or in the user's folder."""
    return tuple(sorted({*shipped_machines(family), *(own_machines(folder, family) if folder else ())}))
