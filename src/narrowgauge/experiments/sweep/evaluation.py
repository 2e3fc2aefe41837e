"""The results of points: one row of columns per point, or the reason why it has none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from narrowgauge.calibration.basis import Relation
from narrowgauge.errors import NarrowgaugeError
from narrowgauge.experiments.predict import predict
from narrowgauge.experiments.predict_passes import FRAMEWORK_LINE
from narrowgauge.experiments.predict_reasons import shares
from narrowgauge.experiments.predict_result import Prediction
from narrowgauge.experiments.sweep.columns import BOUND_BY, ERROR, HIGH, LOW, NUMBERS, OWN_SHARE, QUANTITIES, RESULTS
from narrowgauge.experiments.sweep.settings import SIZES, Setting, settings_of

if TYPE_CHECKING:
    import pandas as pd


def evaluate(points: pd.DataFrame) -> pd.DataFrame:
    """Results of every row of a table of points, in its order."""
    import pandas as pd

    codes, settings = settings_of(points)
    rows = [_row(settings[code], point) for code, point in zip(codes.tolist(), points.to_dict("records"), strict=True)]
    return pd.DataFrame(rows, columns=list(RESULTS), index=points.index)


def _row(setting: Setting, point: Mapping[Any, Any]) -> dict[str, Any]:
    try:
        on = setting.hardware()
        if setting.varied:
            on = on.with_(**{path: point[path] for path in setting.varied})
        batch, input_tokens, output_tokens = (int(point[name]) for name in SIZES)
        answer = predict(
            setting.model, on, setting.scheme, batch, input_tokens, output_tokens, setting.tp, setting.framework, setting.fidelity
        )
    except NarrowgaugeError as reason:
        return failed(str(reason))
    return outcome(answer)


def failed(reason: str) -> dict[str, Any]:
    """A row without results; the first line says why."""
    return dict.fromkeys((*NUMBERS, OWN_SHARE), math.nan) | dict.fromkeys(BOUND_BY, "") | {ERROR: reason.partition("\n")[0]}


def outcome(answer: Prediction) -> dict[str, Any]:
    """A row with the results of a prediction."""
    found: dict[str, Any] = {ERROR: ""}
    for name, attribute in QUANTITIES.items():
        estimate = getattr(answer, attribute)
        found |= {name: estimate.value, f"{name}{LOW}": estimate.low, f"{name}{HIGH}": estimate.high}
    phases = (answer.prefill, answer.decode)
    for name, phase in zip(BOUND_BY, phases, strict=True):
        found[name] = next(iter(shares(phase, lambda line: line.bound_by)))
    total = own = 0.0
    for phase in phases:
        for line in (line for line in phase.lines if line.operator != FRAMEWORK_LINE):
            total += phase.passes * line.total_us.value
            own += phase.passes * line.total_us.value * (line.relation == Relation.OWN and "outside" not in line.source)
    found[OWN_SHARE] = own / total
    return found
