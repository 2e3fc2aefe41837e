"""Predicts the whole models that somebody measured, and fits each framework's step cost to what the kernels do not explain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from narrowgauge.archmodels import load_gpu
from narrowgauge.calibration.datasets import llm
from narrowgauge.calibration.serving import LOGIT, PREFILL_GAP, PREFILL_SHARE, STEP, save
from narrowgauge.calibration.serving_fit import Sample, fit_step_cost
from narrowgauge.experiments.predict import predict
from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.predict_passes import Pass
from narrowgauge.experiments.predict_result import Prediction
from narrowgauge.experiments.serving import ALONE
from narrowgauge.units import US_PER_MS
from narrowgauge.workloads import Phase, read_model

#: what the data of each framework can tell: prompts of fixed length and greedy sampling, or decode steps alone with sampling
PARAMETERS = {"trtllm": (PREFILL_GAP, PREFILL_SHARE), "vllm": (STEP, LOGIT)}


#: share of the pins' bandwidth above which no measured kernel reads (gpu-benches: 0.75 to 0.87 on A100, 0.94 on PCIe Hopper)
BEST_STREAM = 0.94
#: mean absolute error that the project promises of whole models
WHOLE_MODEL_BOUND = 0.10


@dataclass(frozen=True)
class Comparison:
    """A measured run beside its prediction and the roofline of its kernels, which nothing can beat."""

    case: llm.Case
    prediction: Prediction
    floor: Prediction

    @property
    def predicted_ms(self) -> Estimate:
        """The quantity that was measured."""
        return self._of(self.prediction)

    @property
    def possible(self) -> bool:
        """Whether memory could have delivered what the model is taken to read. It could not where tokens did not choose their
        experts uniformly, as in benchmarks of mixtures with weights that mean nothing; such a run says nothing of step costs."""
        return self.case.measured_ms > self._of(self.floor).value / BEST_STREAM

    def _of(self, answer: Prediction) -> Estimate:
        return answer.tpot_ms if self.case.kind is llm.Kind.STEP else answer.total_ms

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


def measured_frameworks(data: Path) -> tuple[str, ...]:
    """Frameworks whose measured runs are all below `data`."""
    return tuple(f for f in llm.FRAMEWORKS if all((data / table.file).is_file() for table in llm.tables(f)))


def compare(data: Path, framework: str, physics_only: bool = False, fits: Path | None = None) -> list[Comparison]:
    """Predictions of all measured runs of a framework below `data`, with the kernel fits of the folder `fits` before the shipped
    ones; raises InputError for files that cannot be read."""
    return [
        Comparison(case, _predict(case, framework, "analytic", physics_only, fits), _predict(case, ALONE, "bound", True, fits))
        for case in llm.read(data, framework)
    ]


def _predict(case: llm.Case, framework: str, fidelity: str, physics_only: bool, fits: Path | None) -> Prediction:
    sizes = case.batch, case.input_tokens, case.output_tokens, case.tp
    machine = load_gpu(case.machine)
    machine = machine.with_fits(fits) if fits else machine
    return predict(case.model, machine, case.scheme, *sizes, framework, fidelity, physics_only)


def mean_absolute_error(comparisons: Iterable[Comparison]) -> float:
    """Of the relative errors."""
    errors = [abs(comparison.error) for comparison in comparisons]
    return sum(errors) / len(errors)


def fit_serving(data: Path, out: Path, fits: Path | None = None) -> list[Path]:
    """Fit the step cost of every measured framework to the possible runs below `data`, on top of the kernel fits of the folder
    `fits` (None: the shipped ones); write them below `out`, return the files' paths."""
    written = []
    for framework in measured_frameworks(data):
        samples = [_sample(comparison) for comparison in compare(data, framework, fits=fits) if comparison.possible]
        version = llm.tables(framework)[0].version
        cost = fit_step_cost(framework, version, llm.sources(data, framework), samples, PARAMETERS[framework])
        written.append(save(cost, out))
    return written


def error_rows(data: Path) -> list[dict[str, Any]]:
    """One row per framework and kind of run, in the columns of `calibration.report.table`: errors of whole models, all runs
    and the possible ones (library `framework (possible)`)."""
    rows = []
    for framework in measured_frameworks(data):
        comparisons = compare(data, framework)
        for kind in dict.fromkeys(c.case.kind for c in comparisons):
            alike = [c for c in comparisons if c.case.kind is kind]
            rows.append(_error_row(str(kind), framework, alike) | {"residual_bound": WHOLE_MODEL_BOUND})
            rows[-1]["ok"] = rows[-1]["with_residual"] <= WHOLE_MODEL_BOUND
            possible = [c for c in alike if c.possible]
            if len(possible) < len(alike):
                rows.append(_error_row(str(kind), f"{framework} (possible)", possible))
    return rows


def _error_row(kind: str, library: str, comparisons: list[Comparison]) -> dict[str, Any]:
    return {
        "machine": "whole models",
        "family": "whole model",
        "precision": kind,
        "library": library,
        "rows": len(comparisons),
        "with_residual": mean_absolute_error(comparisons),
        "coverage": sum(c.covered for c in comparisons) / len(comparisons),
    }


def _sample(comparison: Comparison) -> Sample:
    case, passes = comparison.case, comparison.passes
    prefill = [(count, phase) for count, phase in passes if phase.phase is Phase.PREFILL]
    decode = [(count, phase) for count, phase in passes if phase.phase is Phase.DECODE]
    runs = sum(count for count, _ in passes)
    return Sample(
        model=case.model,
        measured_us=case.measured_ms * US_PER_MS,
        prefill_us=sum(count * phase.kernels_alone_us for count, phase in prefill),
        decode_us=sum(count * phase.kernels_alone_us for count, phase in decode),
        prefill_kernels=sum(count * phase.kernel_count for count, phase in prefill),
        decode_kernels=sum(count * phase.kernel_count for count, phase in decode),
        passes=runs,
        logits=runs * case.batch * read_model(case.model).vocab,
    )
