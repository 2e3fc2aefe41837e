"""The kernel calls of both phases: the prefill pass, and the mean decode pass over the contexts that it meets."""

from __future__ import annotations

from dataclasses import replace

from narrowgauge.experiments.lowering import attention_call, lower
from narrowgauge.experiments.predict_passes import Weighted
from narrowgauge.experiments.predict_request import Request
from narrowgauge.workloads import Attention, Graph, Phase, build_graph

CONTEXTS = 16  # at most so many contexts of decode attention are priced, the middles of equal parts of the output


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
