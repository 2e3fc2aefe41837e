"""FPGA accelerators as a roofline, worked by hand."""

import pytest

from narrowgauge.archmodels.fpga import Compression, fpga_names, load_fpga
from narrowgauge.errors import CapacityError, InputError, UnsupportedError
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import Gemm, Graph, build_graph, read_model


def _graph(model: str = "llama-2-7b", phase: str = "decode", **sizes: int) -> Graph:
    return build_graph(read_model(model), parse_scheme("w8a8-int8"), phase, **({"batch": 1, "context_len": 128} | sizes))


def test_one_sequence_streams_weights_and_cache_at_the_published_share() -> None:
    fpga, graph = load_fpga("flightllm-u280"), _graph()
    weights = sum(op.count * op.n * op.k for op in graph.operators if isinstance(op, Gemm)) * 4 / 8
    expected_us = (weights + graph.kv_bytes) / (460e3 * 0.659)
    assert fpga.pass_us(graph, Compression(4)) == pytest.approx(expected_us, rel=0.01)


def test_pruned_weights_are_neither_read_nor_multiplied() -> None:
    fpga = load_fpga("flightllm-vhk158")
    for graph in (_graph(), _graph(phase="prefill", query_len=2048, context_len=0)):
        assert fpga.pass_us(graph, Compression(4, 0.5)) < 0.65 * fpga.pass_us(graph, Compression(4))


def test_many_tokens_are_bound_by_multipliers() -> None:
    fpga, graph = load_fpga("flightllm-vhk158"), _graph(phase="prefill", query_len=2048, context_len=0)
    assert fpga.pass_us(graph, Compression(4)) == pytest.approx(graph.macs / fpga.macs_per_us, rel=0.05)


def test_activations_on_chip_leave_memory_to_weights() -> None:
    fpga, graph = load_fpga("flightllm-u280"), _graph()
    assert fpga.pass_us(graph, Compression(4), on_chip=False) > 0.659 / 0.356 * fpga.pass_us(graph, Compression(4))


def test_a_model_too_large_says_by_how_much() -> None:
    with pytest.raises(CapacityError, match="GB too many"):
        load_fpga("flightllm-u280").pass_us(_graph("llama-2-70b"), Compression(4))


def test_impossible_compression_is_told_at_once() -> None:
    with pytest.raises(InputError) as raised:
        Compression(0, 2)
    assert len(raised.value.problems) == 2


def test_experts_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="dense models"):
        load_fpga("flightllm-vhk158").pass_us(_graph("mixtral-8x7b"), Compression(4))


def test_unknown_names_name_the_nearest() -> None:
    assert "flightllm-u280" in fpga_names()
    with pytest.raises(InputError, match="flightllm-u280"):
        load_fpga("u280")
