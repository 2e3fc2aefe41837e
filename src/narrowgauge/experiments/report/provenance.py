"""Where the numbers come from: every parameter of a machine, every fit and its data, versions, the command."""

from __future__ import annotations

import hashlib
import platform
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.resources import files
from pathlib import Path

from narrowgauge.archmodels import Hardware
from narrowgauge.archmodels.hardware import describe
from narrowgauge.calibration.basis import Basis, basis_of
from narrowgauge.calibration.record import Fit, known, known_machines
from narrowgauge.experiments.predict_calls import decode_calls, prefill_calls
from narrowgauge.experiments.predict_reasons import KNOWN
from narrowgauge.experiments.predict_request import Request
from narrowgauge.experiments.report.blocks import Block, Fold, Listing, Table, Words, exact, percent, table
from narrowgauge.provenance import Source

PACKAGES = ("narrowgauge", "numpy", "pandas", "scikit-learn", "matplotlib")
HASH_DIGITS = 16  # of a SHA-256 that are shown


@dataclass(frozen=True)
class Used:
    """A kernel variant of a prediction with what serves it, and the fit file that this is from (None: documented values)."""

    family: str
    variant: str
    basis: Basis
    fit: Fit | None


def command_and_versions(command: str) -> tuple[Block, ...]:
    """What was typed, and what it ran on."""
    versions = [f"{name} {metadata.version(name)}" for name in PACKAGES]
    return Listing(command), Words(f"Python {platform.python_version()}, {', '.join(versions)}.")


def machine_parameters(machine: Hardware) -> tuple[Block, ...]:
    """Every number of a machine: value, unit, kind, source, note."""
    rows = describe(machine).rows
    kinds = Counter(row.kind for row in rows)
    counted = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    columns = ("parameter", "value", "unit", "kind", "source", "note", "layer")
    listed = table(
        f"Numbers of {machine.name}",
        columns,
        ([r.path, exact(r.value), r.unit, r.kind, r.source, r.note, r.layer] for r in rows),
    )
    return Words(f"{machine.name} has {len(rows)} numbers: {counted}."), Fold(f"All numbers of {machine.name}", (listed,))


def used_fits(request: Request) -> list[Used]:
    """What serves each kernel variant of a request."""
    variants = dict.fromkeys((call.call.family, call.call.variant) for call in (*prefill_calls(request), *decode_calls(request)))
    found = []
    for family, variant in variants:
        basis = basis_of(family, variant, request.machine)
        found.append(Used(family, str(variant), basis, _file_of(basis, family, request.machine.fits)))
    return found


def _file_of(basis: Basis, family: str, folder: Path | None) -> Fit | None:
    for name in known_machines(family, folder):
        fit = known(name, family, folder)
        libraries = (library for precision in fit.precisions.values() for library in precision.libraries.values()) if fit else ()
        if any(library is basis.fit for library in libraries):
            return fit
    return None


def fits(used: Iterable[Used], folder: Path | None) -> tuple[Block, ...]:
    """The fits behind kernels: how near they are, their errors on data left out, their files and the data they were made from."""
    listed = list(used)
    columns = ("kernel", "variant", "how near", "priced by", "rows", "error of physics", "with residual")
    rows = [
        [u.family, u.variant, KNOWN[u.basis.relation], u.basis.source, u.basis.fit.rows if u.basis.fit else None, *_held_out(u)]
        for u in listed
    ]
    files_used = {fit.file_name: fit for u in listed if (fit := u.fit) is not None}
    hashes = [[name, _sha256_of(name, folder)] for name in files_used]
    return (
        table("Fits behind the kernels; errors on groups of shapes left out", columns, rows),
        table("Files of these fits", ("file", "SHA-256, beginning"), hashes),
        sources(source for fit in files_used.values() for source in fit.sources),
        Fold("Fitted parameters with their intervals", (_parameters(listed),)),
    )


def _held_out(used: Used) -> Iterator[object]:
    held = used.basis.fit.held_out if used.basis.fit else {}
    for name in ("physics_mape", "residual_mape"):
        yield percent(held.get(name, float("nan")))


def _parameters(used: Iterable[Used]) -> Table:
    rows = (
        [u.family, u.basis.source, name, exact(value.value), exact(value.low), exact(value.high), value.unit]
        for u in used
        if u.basis.fit is not None
        for name, value in u.basis.fit.parameters.items()
    )
    distinct = dict.fromkeys(tuple(row) for row in rows)
    return table("Fitted parameters", ("kernel", "fit", "parameter", "value", "low", "high", "unit"), distinct)


def sources(found: Iterable[Source]) -> Table:
    """Data files: name, rows, hash, and where the original is."""
    rows = dict.fromkeys((s.name, s.rows, s.sha256[:HASH_DIGITS], s.origin) for s in found)
    return table("Measured data behind them", ("file", "rows", "SHA-256, beginning", "origin"), rows)


def _sha256_of(name: str, folder: Path | None) -> str:
    own = folder / name if folder else None
    path = own if own is not None and own.exists() else Path(str(files("narrowgauge.calibration") / "fits" / name))
    return hashlib.sha256(path.read_bytes()).hexdigest()[:HASH_DIGITS]
