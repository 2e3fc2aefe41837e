"""Cycles and energy of a product on an accelerator, by hand, and what must hold for all that ship."""

import pytest

from narrowgauge.archmodels.accelerator import (
    Pass,
    accelerator_names,
    attention_layers,
    linear_layers,
    load_accelerator,
    matrix_layer,
)
from narrowgauge.archmodels.accelerator.access_energy import access_energy
from narrowgauge.errors import InputError, UnsupportedError
from narrowgauge.formats import SCHEMES, parse_scheme
from narrowgauge.workloads import build_graph, read_model
from narrowgauge.workloads.operators import Gemm

FP16 = parse_scheme("fp16")


def takes(name: str) -> str:
    array = load_accelerator(name).pe_array
    return next(scheme for scheme in ("w8a8", "w6a16", "w3a16", *SCHEMES) if array.supports(parse_scheme(scheme)))


def test_a_product_by_hand() -> None:
    cost = load_accelerator("fp16-prefill").cost(matrix_layer("l", 24, 64, 100, FP16))
    assert cost.compute_cycles == 2 * 100  # 24 rows, twice 32 columns
    assert cost.dram_cycles == (64 * 200 + 24 * 200 + 24 * 128) * 8 / 256
    assert cost.cycles == max(cost.compute_cycles, int(cost.dram_cycles))
    assert cost.bound_by == "dram"
    assert cost.energy_pj["pe_array"] == pytest.approx(200 * 24 * 32 * 0.77 * 1.5)
    assert cost.energy_pj["dram"] == pytest.approx((64 * 200 + 24 * 200 + 24 * 128) * 8 * 18.75)
    weights, activations = access_energy("cacti7-28nm", 65536, 64), access_energy("cacti7-28nm", 65536, 48)
    assert cost.energy_pj["buffer_read"] == pytest.approx(200 * 8 * (weights.read_pj + activations.read_pj))


@pytest.mark.parametrize("name", accelerator_names())
def test_more_bandwidth_and_faster_arrays_never_slow_a_model_down(name: str) -> None:
    machine, layers = load_accelerator(name), linear_layers(read_model("opt-125m"), parse_scheme(takes(name)), 16)
    cost = machine.run(layers)
    wider = machine.with_(**{"dram.bits_per_cycle": 2 * machine.value("dram.bits_per_cycle")}).run(layers)
    assert wider.cycles <= cost.cycles
    assert cost.cycles >= cost.compute_cycles * (1 - 1e-9)
    assert cost.total_pj == pytest.approx(sum(cost.energy_pj.values()))


@pytest.mark.parametrize("name", accelerator_names())
def test_formats_that_the_array_refuses_are_refused(name: str) -> None:
    with pytest.raises(UnsupportedError, match="take no nf4 weights"):
        load_accelerator(name).cost(matrix_layer("l", 1, 1, 1, parse_scheme("nf4")))


@pytest.mark.parametrize("model", ["opt-1.3b", "phi-2", "llama-3-8b", "mixtral-8x7b", "gemma-2-2b"])
def test_linear_layers_have_the_products_of_the_graph(model: str) -> None:
    config = read_model(model)
    graph = build_graph(config, parse_scheme("fp16"), "decode", batch=7, query_len=1, context_len=16)
    expected = sum(op.count * op.macs for op in graph.operators if isinstance(op, Gemm) and "router" not in op.name)
    experts = sum(op.count * op.macs for op in graph.operators if "experts" in op.name)
    layers = [layer for layer in linear_layers(config, FP16, 7) if "router" not in layer.name]
    found = sum(layer.count * layer.task.macs for layer in layers)
    assert found == pytest.approx(expected + experts, rel=0.15 if config.moe else 1e-12)


def test_attention_is_a_product_per_sequence_and_group_of_heads() -> None:
    config = read_model("llama-3-8b")
    scores, values = attention_layers(config, FP16, Pass(batch=2, query=1, context=100), kv_bits=8)
    assert (scores.task.m, scores.task.n, scores.task.k, scores.count) == (4, 100, 128, 32 * 2 * 8)
    assert (values.task.m, values.task.n, values.task.k) == (4, 128, 100)
    assert scores.weight.bytes == 100 * 128


def test_a_bank_that_no_table_holds_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="has no bank of"):
        load_accelerator("fp16-prefill").with_(**{"weight_buffer.capacity_kb": 100}).cost(matrix_layer("l", 1, 1, 1, FP16))
    with pytest.raises(InputError, match="unknown table 'nix'"):
        access_energy("nix", 1, 1)


def test_all_wrong_names_of_a_specification_are_found(tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("base: fp16-prefill\npe_array: bitmode\nweight_buffer:\n  sram: cacti8\n")
    with pytest.raises(InputError) as caught:
        load_accelerator(path)
    assert [problem.where.split()[-1] for problem in caught.value.problems] == ["pe_array", "weight_buffer.sram"]


def test_sizes_below_one_are_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        Pass(batch=0, query=1, context=0)
    assert [problem.where for problem in caught.value.problems] == ["batch", "context"]
