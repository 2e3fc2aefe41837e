"""Does an NPU count folds, tiles and bytes as one does by hand, and refuse what cannot be?"""

from pathlib import Path

import pytest

from narrowgauge.archmodels.npu import Npu, load_npu
from narrowgauge.archmodels.npu.schema import Overlap, Sharing
from narrowgauge.archmodels.npu.tiling import Arrays, candidates, halve_largest
from narrowgauge.archmodels.units.systolic import Stationary, SystolicArray
from narrowgauge.errors import InputError


def arrays(sharing: Sharing, overlap: Overlap, stationary: Stationary = Stationary.INPUT) -> Arrays:
    return Arrays(SystolicArray(4, 4, stationary), 2, sharing, overlap)


def test_arrays_that_stream_together_load_every_fold_once() -> None:
    """6 × 8 inputs at rest: 2 × 2 folds; 10 streamed columns, 5 an array; 4 cycles to load, 6 to fill and drain, once."""
    assert arrays(Sharing.STREAMED, Overlap.SKEW).cycles(6, 10, 8) == 4 * (4 + 5) + 6


def test_arrays_with_folds_of_their_own_stream_everything() -> None:
    """The same four folds, two an array, 10 columns each."""
    assert arrays(Sharing.FOLDS, Overlap.SKEW).cycles(6, 10, 8) == 2 * (4 + 10) + 6


def test_nothing_hides_without_overlap_and_loads_hide_with_all_of_it() -> None:
    assert arrays(Sharing.FOLDS, Overlap.NONE).cycles(6, 10, 8) == 2 * (4 + 10 + 6)
    assert arrays(Sharing.FOLDS, Overlap.SKEW_AND_LOAD).cycles(6, 10, 8) == 2 * 10 + 4 + 6


def test_an_output_at_rest_needs_no_loading() -> None:
    assert arrays(Sharing.FOLDS, Overlap.SKEW, Stationary.OUTPUT).cycles(4, 4, 10) == 10 + 6


def test_one_array_without_overlap_is_scale_sim() -> None:
    one = Arrays(SystolicArray(16, 16, Stationary.WEIGHT), 1, Sharing.FOLDS, Overlap.NONE)
    assert one.cycles(64, 64, 64) == SystolicArray(16, 16, Stationary.WEIGHT).compute_cycles(64, 64, 64)


def test_the_longest_side_is_halved_until_a_tile_fits() -> None:
    """k 100 → 50, then n 60 → 30, then k 50 → 25: 20·25 + 25·30 + 20·30 elements fill 4-wide arrays as 20·28 + 28·32 + 20·32."""
    tile = halve_largest(m=20, n=60, k=100, room_bytes=2 * 2096, side=4, element_bytes=2)
    assert (tile.m, tile.n, tile.k, tile.parts) == (20, 30, 25, (1, 2, 4))
    assert tile.bytes_of(4, 2) == 2 * (20 * 28 + 28 * 32 + 20 * 32)


def test_every_candidate_fits() -> None:
    tiles = candidates(m=20, n=60, k=100, room_bytes=5000, side=4, element_bytes=2)
    assert tiles and all(tile.bytes_of(4, 2) <= 5000 for tile in tiles)


def variant(tmp_path: Path, text: str) -> Npu:
    path = tmp_path / "mine.yaml"
    path.write_text(f"base: neupims-npu\nsources: {{mine: a test of this file}}\n{text}\n", encoding="utf-8")
    return load_npu(path)


def test_the_best_tile_is_never_slower_than_the_halved_one(tmp_path: Path) -> None:
    halved, best = load_npu("neupims-npu"), variant(tmp_path, "tiling: best")
    for m, n, k in ((256, 5376, 7168), (1, 4096, 4096), (37, 513, 8191)):
        assert best.gemm(m, n, k).latency_us <= halved.gemm(m, n, k).latency_us


def test_a_vector_operation_counts_its_passes() -> None:
    """2048 elements on 8 × 128 lanes, seven passes, at 1 GHz."""
    assert load_npu("neupims-npu").vector(2048, "norm", 0.0).busy_us["simd"] == pytest.approx(2 * 7e-3)


def test_a_matrix_vector_product_waits_for_memory() -> None:
    npu = load_npu("neupims-npu").with_(**{"arrays.count": 512})
    work = npu.gemm(1, 4096, 4096)
    assert work.bound_by == "dram"
    assert work.busy_us["dram"] >= 4096 * 4096 * 2 / npu.bytes_per_us


def test_bandwidth_is_what_the_bank_model_says() -> None:
    """29.53 GB/s of sequential reads on each of 32 channels (docs/dram.md)."""
    assert load_npu("neupims-npu").bytes_per_us == pytest.approx(32 * 29_530, rel=1e-3)


def test_energy_without_a_known_action_is_not_a_number(tmp_path: Path) -> None:
    work = variant(tmp_path, "energy_pj: {mac: null}").gemm(8, 128, 128)
    assert work.energy_mj != work.energy_mj
    assert load_npu("neupims-npu").gemm(8, 128, 128).energy_mj > 0


def test_wrong_words_and_too_small_a_scratchpad_are_all_named(tmp_path: Path) -> None:
    text = 'tiling: bset\nmemory: hbm7\nscratchpad_kb: [64, KB, assumed, mine, "too small"]'
    with pytest.raises(InputError) as caught:
        variant(tmp_path, text)
    told = str(caught.value)
    assert "did you mean 'best'" in told and "hbm7" in told and "192 KB" in told
