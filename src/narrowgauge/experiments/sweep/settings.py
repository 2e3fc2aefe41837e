"""What points share: a setting is everything but the sizes of the request and continuous numbers of the specification.

A setting knows what its results depend on: the model's dimensions, the machine's numbers, those of another unit in it, the fits
that serve its kernels, the framework's step cost, and the code of the kernel families in it. The hash of that is part of every
point's identity, so that a change makes exactly those points stale which it touches.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from narrowgauge.archmodels import Hardware, Machine
from narrowgauge.archmodels.schema import rules
from narrowgauge.calibration.basis import Basis, Relation, basis_of
from narrowgauge.calibration.transfer import log_interval
from narrowgauge.errors import NarrowgaugeError
from narrowgauge.experiments.fidelity import Fidelity
from narrowgauge.experiments.predict_calls import decode_calls, prefill_calls
from narrowgauge.experiments.predict_request import Request, check_gpu
from narrowgauge.experiments.sweep.code_groups import COMMON, EVENT, UNIT, code_hashes
from narrowgauge.experiments.sweep.content import content_hash
from narrowgauge.experiments.sweep.machines import decides_kernels, machine_of, structural, with_unit
from narrowgauge.experiments.sweep.parameters import NOTHING, PARAMETERS

if TYPE_CHECKING:
    import pandas as pd

SIZES = ("batch", "input", "output")
SHARED = tuple(name for name in PARAMETERS if name not in SIZES)
_COLLECTIVES = {"all-reduce", "all-gather"}
_KEY_BYTES = 16


@dataclass(frozen=True)
class Setting:
    """One setting; `tensor_core` is the unit in that slot, `replaced` are structural numbers of the specification with their
    values, `varied` paths that differ from point to point."""

    model: str
    machine: str
    tensor_core: str
    scheme: str
    tp: int
    framework: str
    fidelity: str
    replaced: tuple[tuple[str, float], ...]
    varied: tuple[str, ...]

    @property
    def identity(self) -> str:
        """Its name in results: a hash of what was asked, whatever it depends on."""
        return content_hash(self)[: 2 * _KEY_BYTES]

    def hardware(self) -> Hardware:
        """The machine with its replaced numbers; the varied ones as specified. Raises InputError for what a machine refuses."""
        machine = machine_of(self.machine)
        changed = machine.with_(**dict(self.replaced)) if self.replaced else machine
        return changed if self.tensor_core == NOTHING else with_unit(changed, "tensor_core", self.tensor_core)

    def request(self, on: Hardware, batch: int, input_tokens: int, output_tokens: int) -> Request:
        """A checked request of these sizes; raises InputError with everything that is wrong."""
        return check_gpu(
            self.model, on, self.scheme, batch, input_tokens, output_tokens, self.tp, self.framework, self.fidelity, False
        )


def paths_in(frame: pd.DataFrame) -> list[str]:
    """Columns of a table of points that are numbers of the specification."""
    return [name for name in frame.columns if name in rules()]


def is_structural(path: str, fidelity: str) -> bool:
    """Whether each value of a path makes a setting of its own; events are computed for one machine at a time."""
    return structural(path) or fidelity == Fidelity.EVENT


def settings_of(frame: pd.DataFrame) -> tuple[npt.NDArray[np.intp], list[Setting]]:
    """The setting of each row, as a place in the list of all."""
    paths = paths_in(frame)
    by_events = (frame["fidelity"] == Fidelity.EVENT).to_numpy()
    apart = [path for path in paths if structural(path) or by_events.any()]
    codes = frame.groupby([*SHARED, *apart], observed=True, sort=False).ngroup().to_numpy()
    _, firsts = np.unique(codes, return_index=True)
    return codes.astype(np.intp), [_setting(frame.iloc[first], paths) for first in firsts]


def _setting(row: pd.Series[Any], paths: list[str]) -> Setting:
    fidelity = str(row["fidelity"])
    replaced = tuple((path, float(row[path])) for path in sorted(paths) if is_structural(path, fidelity))
    return Setting(
        model=str(row["model"]),
        machine=str(row["machine"]),
        tensor_core=str(row["tensor_core"]),
        scheme=str(row["scheme"]),
        tp=int(row["tp"]),
        framework=str(row["framework"]),
        fidelity=fidelity,
        replaced=replaced,
        varied=tuple(path for path in sorted(paths) if not is_structural(path, fidelity)),
    )


def depends(settings: list[Setting]) -> list[str]:
    """For each setting the hash of everything that its results are computed from, apart from the numbers that it replaces."""
    known: dict[Setting, str] = {}
    templates = [_template(setting) for setting in settings]
    for template in templates:
        if template not in known:
            known[template] = _depends(template)
    return [known[template] for template in templates]


def _template(setting: Setting) -> Setting:
    """What settings share that differ in numbers which decide nothing but results."""
    kept = tuple((path, value) for path, value in setting.replaced if decides_kernels(path))
    free = [path for path, _ in setting.replaced if not decides_kernels(path)]
    return replace(setting, replaced=kept, varied=tuple(sorted((*setting.varied, *free))))


def _depends(setting: Setting) -> str:
    """Numbers that vary do not count: they are set to the same value for everybody."""
    groups = {COMMON}
    groups |= {EVENT} if setting.fidelity == Fidelity.EVENT else set()
    groups |= {UNIT} if setting.tensor_core != NOTHING else set()
    try:
        machine = setting.hardware()
        if isinstance(machine, Machine) and setting.varied:
            machine = machine.with_(**{path: rules()[path].low for path in setting.varied})
        request = setting.request(machine, 1, 1, 2)
        kernels = {(each.call.family, each.call.variant) for each in (*prefill_calls(request), *decode_calls(request))}
        families = {family for family, _ in kernels}
        bases = [basis_of(family, variant, request.machine) for family, variant in sorted(kernels, key=str)]
    except NarrowgaugeError as reason:
        return content_hash((str(reason), code_hashes(groups)))
    relations = {(family, str(relation)): log_interval(family, relation) for family in sorted(families) for relation in Relation}
    parts = [(basis.variant, basis.parameters, str(basis.relation), basis.source, _fit_parts(basis)) for basis in bases]
    gpus = [request.machine.resources, *(basis.gpu for basis in bases)]
    if not families & _COLLECTIVES:
        gpus = [replace(gpu, link_gb_per_s=0.0, link_latency_us=0.0) for gpu in gpus]
    numbers = (request.model, request.scheme, list(dict.fromkeys(content_hash(gpu) for gpu in gpus)), request.framework)
    return content_hash((numbers, parts, relations, code_hashes(groups | families)))


def _fit_parts(basis: Basis) -> Any:
    """What is used of a fit: the learned residual only where the fit is the machine's own."""
    fit = basis.fit
    if fit is None:
        return None
    own = (fit.residual, fit.residual_intervals, fit.valid_range) if basis.relation is Relation.OWN else ()
    return (fit.physics_intervals, *own)


def rows_by(codes: npt.NDArray[Any], count: int) -> list[npt.NDArray[np.intp]]:
    """Places of each code from 0 to `count` - 1, in order."""
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.searchsorted(codes[order], np.arange(1, count)))


def keys_of(frame: pd.DataFrame, codes: npt.NDArray[np.intp], settings: list[Setting], hashes: list[str]) -> list[bytes]:
    """Identity of each point, 16 bytes: its parameters and what its setting depends on (`hashes`)."""
    keys: list[bytes] = [b""] * len(frame)
    for setting, depended, rows in zip(settings, hashes, rows_by(codes, len(settings)), strict=True):
        start = hashlib.blake2b(f"{setting.identity}{depended}".encode(), digest_size=_KEY_BYTES)
        numbers = frame[[*SIZES, *setting.varied]].to_numpy(float)[rows]
        width = 8 * numbers.shape[1]
        packed = np.ascontiguousarray(numbers, "<f8").tobytes()
        for i, row in enumerate(rows.tolist()):
            found = start.copy()
            found.update(packed[i * width : (i + 1) * width])
            keys[row] = found.digest()
    return keys
