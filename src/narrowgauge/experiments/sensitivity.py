"""What would relieve a machine: the gain of ten per cent more of each resource, by pricing the same question again.

A gain is old time over new time, less one. Both are priced as what-if machines, so that the learned residual, which a machine
that nobody built cannot have, is in neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from narrowgauge.archmodels import Machine
from narrowgauge.archmodels.schema import rules
from narrowgauge.experiments.fidelity import Fidelity
from narrowgauge.experiments.predict import predict
from narrowgauge.experiments.predict_request import Request
from narrowgauge.experiments.predict_result import Prediction

if TYPE_CHECKING:
    import pandas as pd

MORE = 1.1
NOTHING = 1e-3
UNCHANGED = "dram.bandwidth_gb_per_s"  # set to what it is, this makes a what-if machine of the same numbers
QUANTITIES = ("ttft_ms", "tpot_ms", "energy_per_output_token_j")


@dataclass(frozen=True)
class Resource:
    """A part of a machine by the paths of its numbers, or by their beginnings; of `inverse` ones (times) less is more."""

    name: str
    paths: tuple[str, ...]
    inverse: bool = False


RESOURCES = (
    Resource("DRAM bandwidth", ("dram.bandwidth_gb_per_s",)),
    Resource("DRAM latency", ("dram.latency_cycles",), inverse=True),
    Resource("L2 bandwidth", ("l2.bytes_per_sm_cycle", "sm.l2_port_bytes_per_cycle")),
    Resource("L2 capacity", ("l2.capacity_mb",)),
    Resource("L2 latency", ("l2.latency_near_cycles", "l2.latency_far_cycles"), inverse=True),
    Resource("shared-memory bandwidth", ("sm.smem_bytes_per_cycle",)),
    Resource("shared-memory capacity", ("sm.smem_kb", "sm.l1_smem_kb")),
    Resource("tensor cores", ("tensor_macs_per_sm_cycle.",)),
    Resource("CUDA cores", ("alu_results_per_sm_cycle.",)),
    Resource("SM clock", ("clock.boost_mhz", "clock.tensor_peak_mhz")),
    Resource("number of SMs", ("chip.sm_count",)),
    Resource("kernel launch time", ("launch.graph_us", "launch.stream_us"), inverse=True),
    Resource("link bandwidth", ("link.bandwidth_gb_per_s",)),
    Resource("link latency", ("link.latency_us",), inverse=True),
)


def gains(request: Request) -> pd.DataFrame:
    """One row per resource, the greatest gain in `tpot_ms` first: `resource`, `paths`, `change` (what its numbers are multiplied
    by), and `…_gain` as a fraction for first token, further token and energy per output token.

    Event fidelity takes seconds per price; its questions are priced in closed form here."""
    import pandas as pd

    machine = request.machine
    base = _priced(request, machine.with_(**{UNCHANGED: machine.value(UNCHANGED)}))
    rows = [_row(request, base, resource) for resource in RESOURCES if request.tp > 1 or not resource.name.startswith("link")]
    return pd.DataFrame(rows).sort_values(["tpot_ms_gain", "ttft_ms_gain"], ascending=False, ignore_index=True)


def _row(request: Request, base: Prediction, resource: Resource) -> dict[str, Any]:
    changes = dict(_changes(request.machine, resource))
    changed = _priced(request, request.machine.with_(**changes))
    values = {name: getattr(base, name).value / getattr(changed, name).value - 1.0 for name in QUANTITIES}
    return {
        "resource": resource.name,
        "paths": ", ".join(resource.paths),
        "change": 1 / MORE if resource.inverse else MORE,
        **{f"{name}_gain": gain for name, gain in values.items()},
    }


def _changes(machine: Machine, resource: Resource) -> Iterator[tuple[str, float]]:
    """New values of the numbers that the machine has; whole ones are rounded."""
    for path, quantity in machine.quantities.items():
        if path.startswith(resource.paths):
            value = quantity.value / MORE if resource.inverse else quantity.value * MORE
            yield path, float(round(value)) if rules()[path].whole else value


def _priced(request: Request, machine: Machine) -> Prediction:
    fidelity = Fidelity.ANALYTIC if request.fidelity is Fidelity.EVENT else request.fidelity
    return answer(replace(request, machine=machine, fidelity=fidelity))


def answer(request: Request, **changes: Any) -> Prediction:
    """The prediction of a checked request, with some of its fields changed."""
    asked = replace(request, **changes)
    return predict(
        asked.model,
        asked.machine,
        asked.scheme,
        asked.batch,
        asked.input_tokens,
        asked.output_tokens,
        asked.tp,
        asked.framework.name,
        str(asked.fidelity),
        asked.physics_only,
    )


def worthwhile(found: pd.DataFrame) -> pd.DataFrame:
    """Rows of `gains` that change a time by a tenth of a per cent or more."""
    return found[found[["ttft_ms_gain", "tpot_ms_gain"]].abs().max(axis=1) >= NOTHING]
