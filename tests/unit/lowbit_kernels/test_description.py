"""What the description of a low-bit kernel means for the numbers that the GEMM search reads."""

from dataclasses import replace

import numpy as np
import pytest

from narrowgauge.archmodels import load_gpu
from narrowgauge.calibration.basis import Relation, basis_of
from narrowgauge.calibration.calibrated import price
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm import GEMM
from narrowgauge.dataflows.gemm_search import Numbers, search_numpy, search_rows, tile_terms
from narrowgauge.dataflows.kernels_lowbit.catalogue import AWQ, BITNET, KERNELS, LIQUID, QSERVE, QUICK, TINYCHAT
from narrowgauge.dataflows.kernels_lowbit.description import LowBitKernel
from narrowgauge.dataflows.kernels_lowbit.numbers import written_so
from narrowgauge.errors import UnsupportedError

A100 = load_gpu("a100-sxm-80gb")
H100 = load_gpu("h100-sxm")
ROWS = {"m": np.array([1.0, 16.0, 64.0, 300.0]), "n": np.full(4, 8192.0), "k": np.full(4, 4096.0)}


def plain_numbers(precision: str, machine=A100) -> Numbers:
    variant = Variant(precision, "trtllm")
    basis = basis_of("gemm", variant, machine)
    return GEMM.numbers(variant, basis.gpu, basis.parameters)


def numbers_of(kernel: LowBitKernel, precision: str, machine=A100) -> Numbers:
    return written_so(kernel, plain_numbers(precision, machine), machine.resources, weight_only="a16" in precision)


def latency_us(kernel: LowBitKernel, precision: str) -> np.ndarray:
    profile = kernel.profile()
    columns = (ROWS[name] for name in ("m", "n", "k"))
    return search_numpy(*columns, profile.tile_array(), profile.split_array(), numbers_of(kernel, precision))[0]


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda kernel: kernel.library)
def test_counts_are_of_instruction_classes_that_gpus_have(kernel: LowBitKernel) -> None:
    classes = {name for counts in (*kernel.conversion.values(), kernel.gemv or {}) for name in counts}
    assert classes <= set(A100.resources.alu_results)


def test_a_precision_that_the_kernel_was_not_written_for_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedError, match=r"awq kernel takes w4a16, given w4a8"):
        price(A100, "gemm", Variant("w4a8", "awq"), ROWS)


@pytest.mark.parametrize("precision", ["w4a8-g128", "w4a8-g64", "w4a8-g128-sym"])
def test_a_group_size_changes_the_counts_only_where_it_is_listed(precision: str) -> None:
    listed = precision.removesuffix("-sym") == "w4a8-g128"
    assert QSERVE.counts(precision) == QSERVE.conversion["w4a8-g128" if listed else "w4a8"]


def test_fitted_numbers_come_from_calibrated_kernels_of_the_machine() -> None:
    basis = basis_of("gemm", Variant("w4a16-g128", "marlin"), A100)
    assert basis.relation is Relation.PRECISION
    assert basis.variant == Variant("w4a16-g128", "marlin")
    assert "a100-sxm-80gb bf16" in basis.source


def test_a_precision_without_a_description_is_priced_as_without_the_library() -> None:
    known, unknown = (price(A100, "gemm", Variant("w8a8-int8", library), ROWS).latency_us for library in ("trtllm", "qserve"))
    assert known.tolist() == unknown.tolist()


def test_kernels_that_wait_for_their_loads_are_slower_than_those_that_copy_ahead() -> None:
    ahead = replace(QUICK, stages=4, dependent_loads=())
    assert (latency_us(QUICK, "w4a16-g128") > latency_us(ahead, "w4a16-g128")).all()


def test_each_memory_that_a_step_waits_for_adds_its_latency() -> None:
    gpu = A100.resources
    assert QUICK.waiting_cycles(gpu) == gpu.l2_latency_cycles + gpu.dram_latency_cycles
    assert QSERVE.waiting_cycles(gpu) == 0.0


def test_weights_are_converted_again_for_every_block_of_rows() -> None:
    x = numbers_of(QUICK, "w4a16-g128")
    assert tile_terms(64.0, 128.0, x).convert == 2.0 * tile_terms(32.0, 128.0, x).convert


def test_bank_conflicts_multiply_the_passes_through_shared_memory() -> None:
    gpu = A100.resources
    assert replace(AWQ, bank_ways=8.0).shared_cycles(gpu) == 8.0 * AWQ.shared_cycles(gpu)
    assert AWQ.shared_cycles(gpu) == 4.0 / gpu.smem_bytes_per_sm_cycle
    assert QUICK.shared_cycles(gpu) == 0.0


def test_a_conversion_that_is_not_overlapped_adds_to_the_product() -> None:
    hidden, exposed = (tile_terms(128.0, 128.0, numbers_of(k, "w4a8")) for k in (replace(QSERVE, overlaps=True), QSERVE))
    assert exposed.multiply == hidden.multiply + hidden.convert


def test_kernels_of_mma_sync_reach_its_share_of_the_rate_on_hopper() -> None:
    share = H100.resources.mma_sync_fraction
    assert share < 1.0
    qserve, liquid = (numbers_of(kernel, "w4a8", H100).tensor_macs for kernel in (QSERVE, LIQUID))
    assert qserve == pytest.approx(share * liquid)


def test_sums_in_half_precision_double_the_rate_of_geforce_boards_alone() -> None:
    assert TINYCHAT.instruction_share(load_gpu("rtx-4090").resources, weight_only=True) == 2.0
    assert TINYCHAT.instruction_share(A100.resources, weight_only=True) == 1.0


def test_the_ternary_gemv_serves_one_row_alone() -> None:
    rows = {"m": np.array([1.0, 2.0]), "n": np.full(2, 20480.0), "k": np.full(2, 3200.0)}
    tile_m = price(A100, "gemm", Variant("w2a8-ternary", BITNET.library), rows).cost.choice["tile_m"]
    assert (tile_m == 0.0).tolist() == [True, False]


@pytest.mark.parametrize("kernel", [AWQ, QUICK], ids=lambda kernel: kernel.library)
def test_both_forms_of_the_search_agree_where_loads_are_waited_for(kernel: LowBitKernel) -> None:
    profile, x = kernel.profile(), numbers_of(kernel, "w4a16-g128")
    arguments = (*(ROWS[name] for name in ("m", "n", "k")), profile.tile_array(), profile.split_array(), x)
    for columns, rows in zip(search_numpy(*arguments), search_rows(*arguments), strict=True):
        assert columns.tolist() == rows.tolist()


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda kernel: kernel.library)
def test_a_mean_number_of_rows_between_two_tiles_takes_the_larger_one(kernel):
    precision = next(iter(kernel.conversion))
    edges = sorted({float(tile.m_to) for tile in kernel.profile().tiles if tile.m_to < 4096})
    rows = np.array([edge + part for edge in edges for part in (1e-7, 1.0)] or [1.5, 2.0])
    columns = {"m": rows, "n": np.full(len(rows), 4096.0), "k": np.full(len(rows), 4096.0)}
    variant = Variant(precision, kernel.library)
    basis = basis_of("gemm", variant, A100)
    between, above = GEMM.cost(columns, variant, basis.gpu, basis.parameters).choice["tile_m"].reshape(-1, 2).T
    assert list(between) == list(above)
