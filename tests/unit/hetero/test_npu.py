"""Does an NPU count folds, tiles and bytes as one does by hand, and refuse what cannot be?"""

from pathlib import Path

import pytest

from narrowgauge.archmodels.npu import Npu, load_npu
from narrowgauge.archmodels.npu.schema import Overlap, Sharing
from narrowgauge.archmodels.npu.tiling import Arrays, candidates, halve_longest
from narrowgauge.archmodels.units.systolic import Stationary, SystolicArray
from narrowgauge.errors import InputError
from narrowgauge.sim.dram import Controller, simulate
from narrowgauge.sim.dram.patterns import stream


def arrays(overlap: Overlap, stationary: Stationary = Stationary.INPUT) -> Arrays:
    return Arrays(SystolicArray(4, 4, stationary), 2, overlap)


def test_folds_are_shared_out_and_filling_hides() -> None:
    """6 × 8 inputs at rest: 2 × 2 folds, two an array; 4 cycles to load, 10 columns to stream, 6 to fill and drain, once."""
    assert arrays(Overlap.SKEW).cycles(6, 10, 8) == 2 * (4 + 10) + 6


def test_arrays_that_share_what_streams_all_go_through_every_fold() -> None:
    """The same four folds, each of them on both arrays, which stream five of the ten columns."""
    shared = Arrays(SystolicArray(4, 4, Stationary.INPUT), 2, Overlap.SKEW, Sharing.STREAMED)
    assert shared.cycles(6, 10, 8) == 4 * (4 + 5) + 6


def test_what_streams_passes_once_for_each_block_of_columns_at_rest() -> None:
    assert arrays(Overlap.SKEW).passes(6, 10, 8) == (2, 6 * 8)
    assert arrays(Overlap.SKEW, Stationary.WEIGHT).passes(6, 10, 8) == (3, 10 * 8)
    assert arrays(Overlap.SKEW, Stationary.OUTPUT).passes(6, 10, 8) == (1, 0)


def test_nothing_hides_without_overlap_and_loads_hide_with_all_of_it() -> None:
    assert arrays(Overlap.NONE).cycles(6, 10, 8) == 2 * (4 + 10 + 6)
    assert arrays(Overlap.SKEW_AND_LOAD).cycles(6, 10, 8) == 2 * 10 + 4 + 6


def test_a_load_that_takes_longer_than_the_stream_sets_the_pace() -> None:
    """Weights of 8 × 8 at rest, one row of inputs: four folds, two an array, 4 cycles each."""
    assert arrays(Overlap.SKEW_AND_LOAD, Stationary.WEIGHT).cycles(1, 8, 8) == 2 * 4 + 4 + 6


def test_an_output_at_rest_needs_no_loading() -> None:
    assert arrays(Overlap.SKEW, Stationary.OUTPUT).cycles(4, 4, 10) == 10 + 6


def test_one_array_without_overlap_is_scale_sim() -> None:
    one = Arrays(SystolicArray(16, 16, Stationary.WEIGHT), 1, Overlap.NONE)
    assert one.cycles(64, 64, 64) == SystolicArray(16, 16, Stationary.WEIGHT).compute_cycles(64, 64, 64)


def test_every_candidate_fits_and_one_that_does_is_among_them() -> None:
    """20 × 60 × 100 in parts of 1, 2 and 4: 20 × 30 × 25 fills arrays of 4 as 20·28 + 28·32 operands, 20·32 results."""
    tiles = candidates(m=20, n=60, k=100, side=4, operands=20 * 28 + 28 * 32, results=20 * 32)
    assert (20, 30, 25, (1, 2, 4)) in {(tile.m, tile.n, tile.k, tile.parts) for tile in tiles}
    assert all(tile.elements(4)[0] <= 1456 and tile.elements(4)[1] <= 640 for tile in tiles)
    fewer = candidates(m=20, n=60, k=100, side=4, operands=20 * 28 + 28 * 32 - 1, results=20 * 32)
    assert (1, 2, 4) not in {tile.parts for tile in fewer}


def test_the_longest_side_is_halved_until_operands_and_results_fit() -> None:
    """20 × 60 × 100, arrays of 4: k to 50, n to 30, k to 25, which fill up to 20·28 + 28·32 + 20·32 elements."""
    tile = halve_longest(m=20, n=60, k=100, side=4, room=20 * 28 + 28 * 32 + 20 * 32)
    assert (tile.m, tile.n, tile.k, tile.parts) == (20, 30, 25, (1, 2, 4))
    assert halve_longest(m=20, n=60, k=100, side=4, room=20 * 28 + 28 * 32 + 20 * 32 - 1).n == 15


def variant(tmp_path: Path, text: str, base: str = "neupims-npu") -> Npu:
    path = tmp_path / "mine.yaml"
    path.write_text(f"base: {base}\nsources: {{mine: a test of this file}}\n{text}\n", encoding="utf-8")
    return load_npu(path)


def test_a_vector_operation_counts_its_passes() -> None:
    """2048 elements on 8 × 128 lanes, seven passes, at 1 GHz."""
    assert load_npu("neupims-npu").vector(2048, "norm", 0.0).busy_us["simd"] == pytest.approx(2 * 7e-3)


def test_a_matrix_vector_product_waits_for_memory() -> None:
    npu = load_npu("neupims-npu").with_(**{"arrays.count": 512})
    work = npu.gemm(1, 4096, 4096)
    assert work.bound_by == "dram"
    assert work.busy_us["dram"] >= 4096 * 4096 * 2 / npu.bytes_per_us


def test_arrays_that_start_with_a_block_wait_for_one_and_for_the_passes_after_the_last_load(tmp_path: Path) -> None:
    """1792 × 7168 weights in one tile, 256 inputs at rest in two passes: the second one begins when all weights are there."""
    npu = load_npu("neupims-npu-artifact")
    work = npu.gemm(256, 7168, 1792)
    assert work.tile is not None and work.tile.parts == (1, 1, 1)
    block_us, resting_us = (elements * 2 / npu.bytes_per_us for elements in (2 * 128 * 128, 256 * 1792))
    after_us = (work.busy_us["systolic array"] - resting_us) / 2
    assert work.latency_us == pytest.approx(work.busy_us["dram"] + after_us + block_us)
    whole = variant(tmp_path, "start: tile", "neupims-npu-artifact").gemm(256, 7168, 1792)
    assert whole.latency_us == pytest.approx(work.busy_us["dram"] + (256 * 1792 + 1792 * 7168) * 2 / npu.bytes_per_us)


def test_bandwidth_is_that_of_sequential_reads_on_the_bank_model() -> None:
    npu = load_npu("neupims-npu")
    controller = Controller.of(npu.standard)
    result = simulate(npu.standard, stream(npu.standard, controller, "seq", 20_000), controller)
    assert npu.bytes_per_us == pytest.approx(32 * result.bandwidth_gb_per_s * 1e3)
    assert 0.85 < result.share_of_pins < 1


def test_energy_without_a_known_action_is_not_a_number(tmp_path: Path) -> None:
    work = variant(tmp_path, "energy_pj: {mac: null}").gemm(8, 128, 128)
    assert work.energy_mj != work.energy_mj
    assert load_npu("neupims-npu").gemm(8, 128, 128).energy_mj > 0


def test_wrong_words_and_too_small_a_scratchpad_are_all_named(tmp_path: Path) -> None:
    text = 'arrays: {overlap: skeww}\nmemory: hbm7\nscratchpad_kb: [64, KB, assumed, mine, "too small"]'
    with pytest.raises(InputError) as caught:
        variant(tmp_path, text)
    told = str(caught.value)
    assert "did you mean 'skew'" in told and "hbm7" in told and "128 KB" in told


def test_a_halved_tile_needs_room_for_its_results_beside_the_operands(tmp_path: Path) -> None:
    text = 'scratchpad_kb: [160, KB, assumed, mine, "five tiles of 128 × 128"]'
    assert variant(tmp_path, text).value("scratchpad_kb") == 160
    with pytest.raises(InputError, match=r"cannot hold 6 tiles of 128 × 128"):
        variant(tmp_path, text, "neupims-npu-artifact")
