"""Which fitted numbers serve a kernel on a machine, and how far from home they are.

In order of preference:

    own         the machine's own fit of this precision (of this library, else of the library with the most rows)
    precision   the machine's own fit of the nearest precision, for formats that nobody measured there
    sibling     the fit of another machine of the same architecture; only the specification is changed
    transfer    the fit of the nearest other architecture; likewise
    unbuilt     a unit in the tensor core's place: its own rates, in kernels written like the 16-bit ones of the nearest fit
    unfitted    the parameters' documented initial values

A user's fits (`Machine.with_fits`) go before the shipped ones of the same machine and precision, and `source` says "own data".
Only `own` uses the learned residual. A what-if override makes an unmeasured machine, a sibling of the real one.

A machine's own fits of kernels are made on the numbers of its specification and are priced on them: what measurements of the
machine (`MachineFit`) say otherwise is already in their parameters. Everything else is priced on the measured numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from narrowgauge.archmodels import Machine
from narrowgauge.calibration.record import Fit, LibraryFit, PrecisionFit, known, known_machines, own_fit
from narrowgauge.dataflows.catalogue import FAMILIES
from narrowgauge.dataflows.family import KernelFamily, Variant
from narrowgauge.dataflows.gemm import GEMM
from narrowgauge.dataflows.gemm_operands import operands_of
from narrowgauge.dataflows.gemm_profiles import has_wgmma
from narrowgauge.dataflows.resources import GpuResources

#: the precision whose kernels say what a machine adds to those of a unit that nobody built: operands go in as they are stored
DENSE = "bf16"


class Relation(StrEnum):
    """How the numbers came to this kernel on this machine, from the closest to the farthest."""

    OWN = "own"
    PRECISION = "precision"
    SIBLING = "sibling"
    TRANSFER = "transfer"
    UNBUILT = "unbuilt"
    UNFITTED = "unfitted"


_PREFIX = {
    Relation.OWN: "fit",
    Relation.PRECISION: "nearest precision",
    Relation.SIBLING: "same architecture, fit",
    Relation.TRANSFER: "transfer from",
    Relation.UNBUILT: "unbuilt unit in kernels fitted on",
}


@dataclass(frozen=True)
class Basis:
    """Parameters for `variant` (the one that was asked for, or the one that is priced in its place), the machine's numbers that
    they go with, and the fit that they were taken from (None for documented initial values)."""

    variant: Variant
    parameters: Mapping[str, float]
    gpu: GpuResources
    relation: Relation
    source: str
    library: str = ""
    fit: LibraryFit | None = None


def _library(precision: PrecisionFit, wanted: str) -> str:
    if wanted in precision.libraries:
        return wanted
    related = [name for name in precision.libraries if wanted and (name.startswith(wanted) or wanted.startswith(name))]
    return max(related or precision.libraries, key=lambda name: precision.libraries[name].rows)


def _likeness(family: KernelFamily, precision: str, fitted: str, machine: Machine) -> float:
    """How much two precisions share, by the parameters that their kernels need; formats of the same width break ties."""
    gpu = machine.resources
    needed = {p.name for p in family.parameters(Variant(precision, ""), gpu)}
    have = {p.name for p in family.parameters(Variant(fitted, ""), gpu)}
    shared = len(needed & have) / len(needed | have)
    common = sum(a == b for a, b in zip(precision, fitted, strict=False)) / max(len(precision), len(fitted))
    return shared + common / 10.0


def _architecture_distance(a: str, b: str) -> tuple[bool, int]:
    """Between compute capabilities "sm80", "sm86", ...: kernels built around wgmma and those around mma.sync are farthest
    apart."""
    return has_wgmma(a) != has_wgmma(b), abs(int(a.removeprefix("sm")) - int(b.removeprefix("sm")))


def _candidates(family: KernelFamily, machine: Machine) -> list[Fit]:
    fits = [
        fit for name in known_machines(family.name, machine.fits) if (fit := known(name, family.name, machine.fits)) is not None
    ]
    return sorted(fits, key=lambda f: (f.machine != machine.name, _architecture_distance(f.architecture, machine.architecture)))


def _own_kernels(family: KernelFamily, variant: Variant, machine: Machine) -> bool:
    """Whether kernels of this precision are written apart from the machine's others, so that they say more than its own fit of
    another precision does (weight-only GEMMs)."""
    return any(p.name == "convert_scale" for p in family.parameters(variant, machine.resources))


def _on_unit(family: KernelFamily, variant: Variant, machine: Machine) -> bool:
    """Whether the variant is a product that a unit in the tensor core's place takes over."""
    return machine.unit is not None and family.name == GEMM.name and operands_of(variant, machine.resources).product is not None


@lru_cache(maxsize=4096)
def basis_of(family_name: str, variant: Variant, machine: Machine) -> Basis:
    """The best available basis; raises UnsupportedError if the machine cannot run the variant."""
    family = FAMILIES[family_name]
    wanted = family.parameters(variant, machine.resources)
    unbuilt = _on_unit(family, variant, machine)
    asked, variant = variant, Variant(DENSE, variant.library) if unbuilt else _stand_in(family, variant)
    choices: list[tuple[tuple[float, ...], Fit, str]] = []
    special = _own_kernels(family, variant, machine)
    for rank, fit in enumerate(_candidates(family, machine)):
        own = fit.machine == machine.name
        for precision in fit.precisions:
            same = precision == variant.precision
            likeness = 2.0 if same else _runnable_likeness(family, variant.precision, precision, machine)
            order = (-(round(likeness, 3)), rank) if special and not (own and same) else (not own, -round(likeness, 3), rank)
            choices.append((order if not (own and same) else (-10.0,), fit, precision))
    if not choices:
        initial = {p.name: p.initial for p in wanted}
        source = f"{family_name}: documented initial values, nothing fitted"
        return Basis(asked, initial, machine.resources, Relation.UNFITTED, source)
    _, fit, precision = min(choices, key=lambda choice: choice[0])
    found = fit.precisions[precision]
    library = _library(found, variant.library)
    if unbuilt:
        relation = Relation.UNBUILT
    elif fit.machine == machine.name and (precision != variant.precision or variant != asked):
        relation = Relation.PRECISION
    elif fit.machine == machine.name and not machine.overrides:
        relation = Relation.OWN
    else:
        relation = Relation.SIBLING if fit.architecture == machine.architecture else Relation.TRANSFER
    if relation is Relation.OWN and library != variant.library:
        variant = Variant(variant.precision, library)  # a library that nobody measured here is priced as one that was
        wanted = family.parameters(variant, machine.resources)
    values = found.libraries[library].values()
    parameters = {p.name: values.get(p.name, _elsewhere(family, p.name, machine, p.initial)) for p in wanted}
    mine = own_fit(machine.fits, fit.machine, family_name) if machine.fits else None
    whose = " (own data)" if mine is not None and precision in mine.precisions else ""
    source = f"{_PREFIX[relation]} {fit.machine} {precision}/{library}{whose}"
    gpu = (machine.as_specified if fit.machine == machine.name else machine).resources
    served = variant if relation is Relation.OWN else asked
    return Basis(served, parameters, gpu, relation, source, library, found.libraries[library])


def _stand_in(family: KernelFamily, variant: Variant) -> Variant:
    """The measured variant that a family names for one that nobody measured; the variant itself elsewhere."""
    sibling = getattr(family, "sibling", None)
    return sibling(variant) if sibling is not None else variant


def nearest_other(family: KernelFamily, precision: str, fit: Fit, machine: Machine) -> str | None:
    """The precision of a fit that would serve this one if it had not been measured; None if there is no other."""
    others = [other for other in fit.precisions if other != precision]
    return max(others, key=lambda other: _runnable_likeness(family, precision, other, machine), default=None)


def _runnable_likeness(family: KernelFamily, precision: str, fitted: str, machine: Machine) -> float:
    from narrowgauge.errors import UnsupportedError

    try:
        return _likeness(family, precision, fitted, machine)
    except UnsupportedError:
        return 0.0


def _elsewhere(family: KernelFamily, name: str, machine: Machine, initial: float) -> float:
    """A parameter that the chosen fit does not know, from the nearest fit that does."""
    for fit in _candidates(family, machine):
        for precision in fit.precisions.values():
            for library in precision.libraries.values():
                if name in library.parameters:
                    return library.parameters[name].value
    return initial
