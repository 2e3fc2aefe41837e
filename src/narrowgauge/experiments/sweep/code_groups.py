"""Which source files decide which points: a change of one of them makes exactly those points stale.

Whole files count, comments included: computing a point again is cheap, telling harmless changes apart is not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

COMMON, EVENT, UNIT = "common", "event", "unit"
#: patterns below the package, by group; a kernel family's group bears its name
GROUPS: Mapping[str, tuple[str, ...]] = {
    COMMON: (
        "units.py",
        "formats/*.py",
        "workloads/*.py",
        "workloads/architectures/*.py",
        "archmodels/energy.py",
        "archmodels/machine*.py",
        "archmodels/override.py",
        "archmodels/rule.py",
        "archmodels/schema.py",
        "archmodels/specification.py",
        "archmodels/unit_names.py",
        "calibration/basis.py",
        "calibration/calibrated.py",
        "calibration/intervals.py",
        "calibration/record.py",
        "calibration/residual.py",
        "calibration/serving.py",
        "calibration/transfer.py",
        "calibration/trees.py",
        "dataflows/family.py",
        "dataflows/resources.py",
        "experiments/fidelity.py",
        "experiments/lowering*.py",
        "experiments/predict.py",
        "experiments/predict_calls.py",
        "experiments/predict_capacity.py",
        "experiments/predict_estimate.py",
        "experiments/predict_passes.py",
        "experiments/predict_pricing.py",
        "experiments/predict_request.py",
        "experiments/predict_result.py",
        "experiments/serving.py",
        "experiments/sweep/evaluation*.py",
    ),
    "gemm": ("dataflows/gemm*.py", "dataflows/conversion.py", "dataflows/unit.py", "dataflows/kernels_lowbit/*.py"),
    "attention-prefill": (
        "dataflows/attention_prefill.py",
        "dataflows/attention_features.py",
        "dataflows/attention_profiles.py",
        "dataflows/attention_splits.py",
        "dataflows/attention_terms.py",
        "dataflows/attention_tiles.py",
    ),
    "attention-decode": (
        "dataflows/attention_decode*.py",
        "dataflows/kernels_lowbit/*.py",
        "dataflows/attention_features.py",
        "dataflows/attention_profiles.py",
        "dataflows/attention_splits.py",
        "dataflows/attention_terms.py",
        "dataflows/attention_tiles.py",
    ),
    "elementwise": ("dataflows/elementwise*.py",),
    "all-reduce": ("dataflows/collective.py",),
    "all-gather": ("dataflows/collective.py",),
    UNIT: (
        "archmodels/specified.py",
        "archmodels/units/*.py",
        "archmodels/components/*.py",
        "archmodels/components/**/*.yaml",
    ),
    EVENT: ("dataflows/event/*.py", "sim/*.py"),
}


def paths_of(group: str) -> list[Path]:
    """The files of a group."""
    root = Path(str(files("narrowgauge")))
    return sorted(path for pattern in GROUPS[group] for path in root.glob(pattern))


@cache
def code_hash(group: str) -> str:
    """SHA-256 of the names and contents of a group's files."""
    found = hashlib.sha256()
    for path in paths_of(group):
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def code_hashes(groups: Iterable[str]) -> dict[str, str]:
    """The hash of each group."""
    return {group: code_hash(group) for group in sorted(groups)}
