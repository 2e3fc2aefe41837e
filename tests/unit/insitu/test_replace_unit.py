"""A unit in the tensor core's place: what changes, what stays, what it is bound by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from narrowgauge.archmodels import load_gpu
from narrowgauge.calibration.basis import Relation, basis_of
from narrowgauge.calibration.calibrated import price
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.unit import UnitProduct
from narrowgauge.errors import InputError, UnsupportedError
from narrowgauge.experiments.fidelity import Fidelity, price_at
from narrowgauge.experiments.predict import predict

A100 = load_gpu("a100-sxm-80gb")


@dataclass(frozen=True)
class Ideal:
    """Takes INT8 activations with weights of up to four bits, at any rate."""

    macs: float = 4096.0
    activation_bytes: float = 1.0
    name: str = "ideal"
    tile: tuple[int, int, int] = (16, 64, 4)

    def product(self, scheme):
        if scheme.activation.bits != 8 or scheme.weight.bits > 4:
            return None
        tables = self.activation_bytes > 1.0
        return UnitProduct(self.name, self.macs, self.tile, self.activation_bytes, 4.0, 0.1, tables)


def _with(unit):
    from dataclasses import replace

    return replace(A100, unit=unit)


def _gemm(machine, m, n, k, scheme="w2a8"):
    rows = {name: np.array([float(size)]) for name, size in zip("mnk", (m, n, k), strict=True)}
    return price(machine, "gemm", Variant(scheme, "trtllm"), rows)


def test_a_faster_unit_makes_a_compute_bound_product_faster_until_feeding_binds():
    slow, fast, endless = (_gemm(_with(Ideal(macs)), 4096, 4096, 4096) for macs in (2048.0, 4096.0, 1e9))
    assert fast.latency_us[0] < 0.7 * slow.latency_us[0]
    assert slow.bound_by[0] == "unit" and endless.bound_by[0] in ("smem", "l2")


def test_wider_operands_cost_where_feeding_binds():
    narrow, wide = (_gemm(_with(Ideal(1e9, size)), 4096, 4096, 4096).latency_us[0] for size in (1.0, 2.0))
    assert wide > 1.2 * narrow


def test_schemes_that_it_refuses_are_priced_as_without_it():
    for scheme in ("bf16", "w4a16", "w8a8"):
        assert _gemm(_with(Ideal()), 256, 4096, 4096, scheme).latency_us == _gemm(A100, 256, 4096, 4096, scheme).latency_us


def test_a_product_bound_by_memory_gains_nothing():
    slow, fast = (_gemm(_with(Ideal(macs)), 1, 8192, 8192) for macs in (4096.0, 32768.0))
    assert fast.latency_us[0] == pytest.approx(slow.latency_us[0], rel=0.02)


def test_whole_instructions_are_multiplied_and_sums_fit_into_registers():
    choice = _gemm(_with(Ideal(tile=(24, 96, 4))), 100, 5000, 4096).cost.choice
    assert choice["tile_m"][0] % 24 == 0 and choice["tile_n"][0] % 96 == 0
    assert choice["tile_m"][0] * choice["tile_n"][0] * 4 <= 128 * 1024


def test_its_basis_says_that_nobody_built_it():
    basis = basis_of("gemm", Variant("w2a8", "trtllm"), _with(Ideal()))
    assert basis.relation is Relation.UNBUILT
    assert basis.source == "unbuilt unit in kernels fitted on a100-sxm-80gb bf16/trtllm"


def test_energy_is_that_of_the_unit():
    dear, cheap = (_gemm(_with(unit), 1024, 4096, 4096) for unit in (Ideal(name="a"), Ideal(name="b")))
    assert dear.energy_mj == cheap.energy_mj
    macs = 1024 * 4096 * 4096
    assert dear.cost.actions["unit_pj"][0] == pytest.approx(0.1 * macs)


def test_events_agree_with_the_closed_form():
    rows = {name: np.array([float(size)]) for name, size in zip("mnk", (512, 4096, 4096), strict=True)}
    closed, event = (
        price_at(level, _with(Ideal()), "gemm", Variant("w2a8", "trtllm"), rows, False).latency_us[0]
        for level in (Fidelity.ANALYTIC, Fidelity.EVENT)
    )
    assert event == pytest.approx(closed, rel=0.15)


def test_a_prediction_says_what_it_takes_over_and_what_stays_on_tensor_cores():
    answer = predict("llama-3.2-1b", _with(Ideal()), "w2a8", batch=1, input_tokens=64, output_tokens=2, framework="none")
    unit = answer.manifest["unit"]
    assert unit["name"] == "ideal" and "mlp.gate_up" in unit["operators"]
    assert "attn.attention" in unit["on_tensor_cores"] and "mlp.gate_up" not in unit["on_tensor_cores"]


def test_tables_are_written_by_the_kernel_that_makes_the_activations():
    answer = predict("llama-3.2-1b", _with(Ideal(activation_bytes=2.0)), "w2a8", batch=1, input_tokens=64, framework="none")
    variants = {line.operator: line.variant for line in answer.prefill.lines}
    assert variants["mlp.down.quantize"] == "quantize-int8+tables/trtllm"
    assert not any(name.endswith(".tables") for name in variants)


def test_a_unit_by_name_stands_in_any_gpu():
    machine = load_gpu("h100-sxm").replace_unit("tensor_core", "lut-4x")
    assert machine.unit is not None and machine.unit.name == "lut-4x"


def test_wrong_slots_and_units_are_refused_with_what_is_allowed():
    with pytest.raises(InputError, match="no unit 'tensor' to replace, did you mean 'tensor_core'"):
        A100.replace_unit("tensor", "lut-4x")
    with pytest.raises(InputError, match="unknown unit 'lut-9x'; did you mean"):
        A100.replace_unit("tensor_core", "lut-9x")
    with pytest.raises(UnsupportedError, match="not made to stand in an SM"):
        A100.replace_unit("tensor_core", "fp16-mac")
