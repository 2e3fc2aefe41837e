"""NPUs and heterogeneous machines as tables."""

from __future__ import annotations

from dataclasses import replace

from narrowgauge.archmodels.describe import Description, Row, describe_gpu
from narrowgauge.archmodels.heterogeneous import System
from narrowgauge.archmodels.heterogeneous.system import HOST, PIM
from narrowgauge.archmodels.npu import Npu
from narrowgauge.archmodels.override import OVERRIDE, SPECIFICATION
from narrowgauge.archmodels.pim.describe import describe_pim
from narrowgauge.archmodels.specified import Specified


def describe_specified(device: Specified) -> Description:
    """Every number that a specification gives; a what-if override says what it replaces."""
    changed = {change.path for change in device.overrides}
    rows = (
        Row(path, q.value, q.unit, str(q.kind), q.source, q.note, OVERRIDE if path in changed else SPECIFICATION)
        for path, q in device.quantities.items()
    )
    return Description(device.name, device.texts, tuple(rows))


def describe_system(system: System) -> Description:
    """Its own numbers, then those of the host under `host.` and of the PIM memory under `pim.`."""
    host = describe_specified(system.host) if isinstance(system.host, Npu) else describe_gpu(system.host)
    parts = ((HOST, host), (PIM, describe_pim(system.pim)))
    own = describe_specified(system)
    rows = (*own.rows, *(replace(row, path=f"{name}.{row.path}") for name, part in parts for row in part.rows))
    texts = {**own.texts, **{f"{name}_title": part.texts["title"] for name, part in parts}}
    return Description(system.name, texts, rows)
