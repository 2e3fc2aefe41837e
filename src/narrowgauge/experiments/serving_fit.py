"""Predicts the whole models that somebody measured, and fits each framework's step cost to what the kernels do not explain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from narrowgauge.calibration.datasets import llm
from narrowgauge.calibration.serving import GAP, LOGIT, PREFILL, STEP, save
from narrowgauge.calibration.serving_fit import Sample, fit_step_cost
from narrowgauge.experiments.predict import predict
from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.predict_passes import Pass
from narrowgauge.experiments.predict_result import Prediction
from narrowgauge.units import US_PER_MS
from narrowgauge.workloads import read_model

#: what the data of each framework can tell: greedy sampling and prompts of fixed length, or sampling and decode steps alone
PARAMETERS = {"trtllm": (PREFILL, STEP, GAP), "vllm": (STEP, GAP, LOGIT)}


@dataclass(frozen=True)
class Comparison:
    """A measured run beside its prediction."""

    case: llm.Case
    prediction: Prediction

    @property
    def predicted_ms(self) -> Estimate:
        """The quantity that was measured."""
        return self.prediction.tpot_ms if self.case.kind is llm.Kind.STEP else self.prediction.total_ms

    @property
    def error(self) -> float:
        """Predicted / measured - 1."""
        return self.predicted_ms.value / self.case.measured_ms - 1.0

    @property
    def covered(self) -> bool:
        """Whether the measured time lies within the predicted interval."""
        return self.predicted_ms.low <= self.case.measured_ms <= self.predicted_ms.high

    @property
    def passes(self) -> tuple[tuple[int, Pass], ...]:
        """The passes that were timed, and how often each ran."""
        answer = self.prediction
        if self.case.kind is llm.Kind.STEP:
            return ((1, answer.decode),)
        return (answer.prefill.passes, answer.prefill), (answer.decode.passes, answer.decode)


def compare(data: Path, framework: str, physics_only: bool = False) -> list[Comparison]:
    """Predictions of all measured runs of a framework below `data`; raises InputError for files that cannot be read."""
    return [Comparison(case, _predict(case, framework, physics_only)) for case in llm.read(data, framework)]


def _predict(case: llm.Case, framework: str, physics_only: bool) -> Prediction:
    return predict(
        case.model,
        case.machine,
        case.scheme,
        case.batch,
        case.input_tokens,
        case.output_tokens,
        case.tp,
        framework=framework,
        physics_only=physics_only,
    )


def mean_absolute_error(comparisons: Iterable[Comparison]) -> float:
    """Of the relative errors."""
    errors = [abs(comparison.error) for comparison in comparisons]
    return sum(errors) / len(errors)


def fit_serving(data: Path, out: Path) -> list[Path]:
    """Fit the step cost of every framework with data below `data`; write them below `out` and return the files' paths."""
    written = []
    for framework in llm.FRAMEWORKS:
        samples = [_sample(comparison) for comparison in compare(data, framework)]
        version = llm.tables(framework)[0].version
        cost = fit_step_cost(framework, version, llm.sources(data, framework), samples, PARAMETERS[framework])
        written.append(save(cost, out))
    return written


def _sample(comparison: Comparison) -> Sample:
    case, passes = comparison.case, comparison.passes
    logits = case.batch * read_model(case.model).vocab
    return Sample(
        model=case.model,
        measured_us=case.measured_ms * US_PER_MS,
        kernels_us=sum(count * (phase.latency_us.value - phase.step_us.value) for count, phase in passes),
        prefills=sum(count for count, phase in passes if phase is comparison.prediction.prefill),
        steps=sum(count for count, phase in passes if phase is comparison.prediction.decode),
        kernels=sum(count * phase.kernel_count for count, phase in passes),
        logits=sum(count for count, _ in passes) * logits,
    )
