"""Predict what serving a model costs on a machine: latency, throughput, energy, memory, and why."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike

from narrowgauge.archmodels import Hardware
from narrowgauge.experiments.lowering import attention_call, lower
from narrowgauge.experiments.predict_capacity import check_capacity
from narrowgauge.experiments.predict_manifest import manifest, warnings
from narrowgauge.experiments.predict_passes import Weighted, assemble
from narrowgauge.experiments.predict_pricing import price_calls
from narrowgauge.experiments.predict_request import Request, SystemRequest, check
from narrowgauge.experiments.predict_result import Prediction
from narrowgauge.formats import QuantScheme
from narrowgauge.workloads import Attention, Graph, ModelConfig, Phase, build_graph

CONTEXTS = 16  # at most so many contexts of decode attention are priced, the middles of equal parts of the output


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


def prefill_calls(request: Request) -> list[Weighted]:
    """Calls of the prefill pass. Raises UnsupportedError if no kernel family knows a format of the graph."""
    graph = _graph(request, Phase.PREFILL, request.input_tokens, 0)
    return [Weighted(call) for call in lower(graph, request.machine.resources, request.framework)]


def decode_contexts(input_tokens: int, output_tokens: int, most: int = CONTEXTS) -> list[int]:
    """Tokens in the cache at the decode passes that are priced, at most so many of them. A single output token needs no decode
    pass: the one that would follow is priced."""
    steps = max(output_tokens - 1, 1)
    if steps <= most:
        return [input_tokens + step for step in range(steps)]
    return [input_tokens + (2 * part + 1) * steps // (2 * most) for part in range(most)]


def decode_calls(request: Request) -> list[Weighted]:
    """Calls of the mean decode pass: only attention depends on the context, and is there once per context. Raises likewise."""
    contexts = decode_contexts(request.input_tokens, request.output_tokens)
    gpu, library = request.machine.resources, request.framework.library
    graph = _graph(request, Phase.DECODE, 1, contexts[-1])
    attention = {op.name: op for op in graph.operators if isinstance(op, Attention)}
    found: list[Weighted] = []
    for call in lower(graph, gpu, request.framework):
        op = attention.get(call.operator)
        if op is None:
            found.append(Weighted(call))
        else:
            calls = (attention_call(replace(op, step=context), gpu, library) for context in contexts)
            found.extend(Weighted(each, 1.0 / len(contexts)) for each in calls)
    return found


def _graph(request: Request, phase: Phase, query_len: int, context_len: int) -> Graph:
    return build_graph(
        request.model,
        request.scheme,
        phase,
        batch=request.batch,
        query_len=query_len,
        context_len=context_len,
        tensor_parallel=request.tp,
    )
