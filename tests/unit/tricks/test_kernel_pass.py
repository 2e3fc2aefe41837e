"""A decode pass with some of its products done by another kernel."""

import pytest

from narrowgauge.archmodels.machine import load_gpu
from narrowgauge.errors import UnsupportedError
from narrowgauge.experiments.kernel_pass import HEAD, pass_time
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import Gemm, Graph, build_graph, read_model

MACHINE = load_gpu("a100-sxm-80gb")


def _graph(model: str = "llama-2-7b") -> Graph:
    return build_graph(read_model(model), parse_scheme("fp16"), "decode", batch=1, context_len=256)


def test_products_that_take_no_time_leave_the_head_and_everything_else() -> None:
    graph = _graph()
    whole, emptied = pass_time(graph, MACHINE), pass_time(graph, MACHINE, lambda op: 0.0)
    assert emptied.attention_us == whole.attention_us
    assert emptied.other_us == whole.other_us
    assert 0.0 < emptied.gemm_us < 0.1 * whole.gemm_us


def test_every_product_but_the_head_is_asked_for_and_counted() -> None:
    graph = _graph()
    asked: list[str] = []

    def one_us(op: Gemm) -> float:
        asked.append(op.name)
        return 1.0

    counted = sum(op.count for op in graph.operators if isinstance(op, Gemm) and op.name != HEAD)
    gained = pass_time(graph, MACHINE, one_us).gemm_us - pass_time(graph, MACHINE, lambda op: 0.0).gemm_us
    assert gained == pytest.approx(counted)
    assert HEAD not in asked


def test_experts_are_refused_where_products_are_replaced() -> None:
    graph = _graph("mixtral-8x7b")
    assert pass_time(graph, MACHINE).total_us > 0.0
    with pytest.raises(UnsupportedError, match="grouped"):
        pass_time(graph, MACHINE, lambda op: 1.0)
