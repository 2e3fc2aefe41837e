"""The operators of a pass with every way in which a machine can run them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from narrowgauge.archmodels import Machine, Npu, System
from narrowgauge.archmodels.heterogeneous.schema import Experts
from narrowgauge.experiments.hetero.host_lines import gpu_lines, npu_lines
from narrowgauge.experiments.hetero.pim_line import CONTEXTS, pim_way
from narrowgauge.experiments.hetero.plan import BOTH, HOST, PIM, Operator, Way, lines_of, times
from narrowgauge.experiments.predict_calls import decode_contexts
from narrowgauge.experiments.predict_passes import Line
from narrowgauge.experiments.predict_request import SystemRequest
from narrowgauge.workloads import Graph, GroupedGemm, Phase, build_graph
from narrowgauge.workloads import Operator as Work


def operators(request: SystemRequest, phase: Phase, parts: int) -> list[Operator]:
    """The operators of one of `parts` parts of the batch, in order.

    Raises UnsupportedError for formats that the host cannot multiply."""
    own = replace(request, batch=-(-request.batch // parts))
    graphs = graphs_of(own, phase)
    host = own.machine.host if isinstance(own.machine, System) else own.machine
    lines = gpu_lines(own, host, phase) if isinstance(host, Machine) else npu_lines(host, graphs)
    by_name = {ops[0].name: ops for ops in zip(*(graph.operators for graph in graphs), strict=True)}
    return [_operator(own, phase, line, by_name.get(line.operator, ())) for line in lines]


def graphs_of(request: SystemRequest, phase: Phase) -> list[Graph]:
    """The graph of prefill, or graphs of decode at contexts spread over the output."""
    prefill = phase is Phase.PREFILL
    contexts = [0] if prefill else decode_contexts(request.input_tokens, request.output_tokens, CONTEXTS)
    return [
        build_graph(
            request.model,
            request.scheme,
            phase,
            batch=request.batch,
            query_len=request.input_tokens if prefill else 1,
            context_len=context,
            tensor_parallel=request.tp,
        )
        for context in contexts
    ]


def _operator(request: SystemRequest, phase: Phase, line: Line, ops: Sequence[Work]) -> Operator:
    ways: dict[str, Way] = {HOST: ((line,),)}
    if isinstance(request.machine, Npu) or not ops:
        return Operator(line.operator, line.count, ways)
    found = pim_way(request.machine, phase, ops, line.latency_us, request.fidelity)
    if isinstance(found, str):
        return Operator(line.operator, line.count, ways, found)
    ways[PIM] = found
    if isinstance(ops[0], GroupedGemm) and request.machine.experts is Experts.DIVIDED:
        divided = _divided(line, found, round(ops[0].groups))
        ways |= {} if divided is None else {BOTH: divided}
    return Operator(line.operator, line.count, ways)


def _divided(host: Line, pim: Way, groups: int) -> Way | None:
    """Whole groups to each device so that both end as nearly together as they can; None where one of them gets all."""
    (own,) = (line for line in lines_of(pim) if line.device == PIM)

    def ends(there: int) -> float:
        return max(host.latency_us * (groups - there) / groups, own.latency_us * there / groups)

    there = min(range(groups + 1), key=ends)
    if there in (0, groups):
        return None
    share = there / groups
    others = tuple(stage for stage in pim if own not in stage)
    return (*others, (times(host, 1 - share), times(own, share)))
