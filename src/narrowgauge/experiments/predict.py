"""Predict what serving a model costs on a machine: latency, throughput, energy, memory, and why."""

from __future__ import annotations

from os import PathLike

from narrowgauge.archmodels import Hardware
from narrowgauge.experiments.predict_calls import decode_calls, prefill_calls
from narrowgauge.experiments.predict_capacity import check_capacity
from narrowgauge.experiments.predict_manifest import manifest, warnings
from narrowgauge.experiments.predict_passes import assemble
from narrowgauge.experiments.predict_pricing import price_calls
from narrowgauge.experiments.predict_request import SystemRequest, check
from narrowgauge.experiments.predict_result import Prediction
from narrowgauge.formats import QuantScheme
from narrowgauge.workloads import ModelConfig, Phase


def predict(
    model: str | PathLike[str] | ModelConfig,
    on: str | PathLike[str] | Hardware,
    scheme: str | QuantScheme = "bf16",
    batch: int = 1,
    input_tokens: int = 1024,
    output_tokens: int = 128,
    tp: int = 1,
    framework: str | None = None,
    fidelity: str = "analytic",
    physics_only: bool = False,
) -> Prediction:
    """The cost of a static batch: `batch` prompts of `input_tokens` tokens each, `output_tokens` new tokens each.

    `model` is a model card, a config.json or a ModelConfig; `on` a hardware name (a GPU, an NPU, a system of a host and PIM
    memory), a specification file or a machine; `tp` the number of GPUs that share every layer. `framework` chooses kernel
    library and step cost (None: TensorRT-LLM, `none`: kernels alone). `physics_only` leaves the learned residual out.
    `fidelity` is `analytic`, `bound` or `event`.

    Raises InputError with everything that is wrong with the arguments, CapacityError if the model does not fit into memory,
    UnsupportedError if the machine cannot run the scheme."""
    request = check(model, on, scheme, batch, input_tokens, output_tokens, tp, framework, fidelity, physics_only)
    if isinstance(request, SystemRequest):
        from narrowgauge.experiments.hetero.predict import predict_system

        return predict_system(request)
    memory = check_capacity(request)
    prefill, decode = prefill_calls(request), decode_calls(request)
    prices = price_calls(
        (weighted.call for weighted in (*prefill, *decode)), request.machine, request.fidelity, request.physics_only
    )
    host, machine, logits = request.framework, request.machine, request.batch * request.model.vocab
    passes = (
        assemble(Phase.PREFILL, 1, prefill, prices, machine, host, logits),
        assemble(Phase.DECODE, request.output_tokens - 1, decode, prices, machine, host, logits),
    )
    return Prediction(
        batch=request.batch,
        output_tokens=request.output_tokens,
        gpus=request.tp,
        prefill=passes[0],
        decode=passes[1],
        memory=memory,
        memory_available_gb=machine.resources.memory_gb,
        interval=host.step.interval if host.step is not None else (0.0, 0.0),
        manifest=manifest(request, passes),
        warnings=warnings(request, passes),
    )
