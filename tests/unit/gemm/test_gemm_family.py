"""Does the family account for what the chosen kernel does: traffic, work, quantisation, energy actions?"""

import numpy as np
import pytest

from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm import GEMM


def rows(*shapes):
    m, n, k = np.array(shapes, float).T
    return {"m": m, "n": n, "k": k}


def cost(shape, precision, machine, defaults, library="", **changes):
    variant = Variant(precision, library)
    return GEMM.cost(rows(shape), variant, machine, defaults(GEMM, variant, machine) | changes)


def test_multiplies_whole_tiles(gpu, defaults):
    found = cost((100, 1000, 4100), "bf16", gpu("sm80"), defaults)
    tile_m, tile_n = found.choice["tile_m"][0], found.choice["tile_n"][0]
    padded = np.ceil(100 / tile_m) * tile_m * np.ceil(1000 / tile_n) * tile_n * 4160
    assert found.actions["mac_bf16"][0] == padded


def test_the_cuda_core_kernel_multiplies_no_padding(gpu, defaults):
    found = cost((1, 1024, 1024), "w4a16", gpu("sm80"), defaults, gemv_us=0.0, gemv_chain_us=0.01)
    assert (found.choice["tile_m"][0], found.choice["split_k"][0]) == (0, 1)
    assert found.actions["mac_fp16"][0] == 1024 * 1024
    assert found.busy_us["tensor_core"][0] == 0


def test_a_slow_cuda_core_kernel_is_not_chosen(gpu, defaults):
    assert cost((1, 1024, 1024), "w4a16", gpu("sm80"), defaults, gemv_us=12.0).choice["tile_m"][0] > 0


def test_weights_are_converted_once_per_row_of_tiles(gpu, defaults):
    found = cost((1024, 4096, 4096), "w4a16", gpu("sm80"), defaults)
    grid_m = np.ceil(1024 / found.choice["tile_m"][0])
    assert found.actions["alu_lop3"][0] == 0.5 * grid_m * 4096 * 4096


def test_dense_gemms_convert_nothing(gpu, defaults):
    found = cost((1024, 4096, 4096), "bf16", gpu("sm80"), defaults)
    assert not [name for name in found.actions if name.startswith("alu_")]
    assert found.busy_us["cuda_core"][0] == 0


def test_quantisation_of_activations_is_added(gpu, defaults):
    machine = gpu("sm90")
    dynamic = cost((4096, 4096, 4096), "fp8-dynamic", machine, defaults, "vllm", quantize_us=5.0, quantize_efficiency=0.5)
    moved_us = 4096 * 4096 * (2 + 1) / (2e6 * 0.5)
    assert dynamic.choice["quantize_us"][0] == pytest.approx(5.0 + moved_us)
    static = cost((4096, 4096, 4096), "fp8-static", machine, defaults, "vllm", launch_us=2.4)
    assert dynamic.latency_us[0] - static.latency_us[0] == pytest.approx(5.0 + moved_us)


def test_quantisation_of_many_short_rows_is_bound_by_their_ctas(gpu, defaults):
    found = cost((65536, 64, 64), "fp8-dynamic", gpu("sm90"), defaults, "vllm", quantize_us=5.0, quantize_rows_us=10.0)
    assert found.choice["quantize_us"][0] == pytest.approx(5.0 + 65.536 * 10.0)


def test_roofline_takes_the_larger_of_bytes_and_work(gpu):
    variant, machine = Variant("w4a16", ""), gpu("sm80")
    small, large = GEMM.roofline_us(rows((1, 4096, 4096), (8192, 8192, 8192)), variant, machine)
    assert small == pytest.approx((4096 * 4096 / 2 + 4096 * 2 + 4096 * 2) / 2e6)
    assert large == pytest.approx(8192**3 / (1000 * 100 * 800))


def test_names_the_busiest_resource(gpu, defaults):
    assert cost((8192, 8192, 8192), "bf16", gpu("sm80"), defaults).bound_by()[0] == "tensor_core"
    assert cost((1, 16384, 16384), "bf16", gpu("sm80"), defaults).bound_by()[0] == "dram"
    assert cost((1, 64, 64), "bf16", gpu("sm80"), defaults).bound_by()[0] == "launch"


def test_size_classes_are_decode_batch_chunk_and_prefill():
    m = np.array([1, 16, 17, 128, 129, 1024, 1025, 10**6])
    assert list(GEMM.size_class({"m": m})) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_features_show_how_full_the_last_wave_is(gpu, defaults):
    variant, machine = Variant("bf16", ""), gpu("sm80")
    columns = rows((2560, 2560, 1024))
    found = GEMM.features(columns, variant, machine, GEMM.cost(columns, variant, machine, defaults(GEMM, variant, machine)))
    # 400 tiles of 128 × 128 are four full waves of 100 SMs, 200 of 256 × 128 are two
    assert found["waves_filled_128x128"][0] == found["waves_filled_256x128"][0] == 0
    assert found["align_m"][0] == 64 and found["align_n"][0] == 512
