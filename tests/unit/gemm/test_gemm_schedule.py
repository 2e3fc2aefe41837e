"""Do the terms of one tiling say what a hand-drawn schedule says? Every number below is worked out in its comment."""

import numpy as np
import pytest

from narrowgauge.dataflows import gemm_compiled
from narrowgauge.dataflows import gemm_search as search

BIG = (128.0, 128.0)


def test_tile_terms_of_a_square_tile(plain):
    tile = search.tile_terms(*BIG, plain)
    assert tile.step_bytes == (128 * 2 + 128 * 2) * 64  # 32 KiB: one step of A and of B
    assert tile.resident == 2  # 64 KiB of sums in 128 KiB of registers; two stages each in 160 KiB
    assert tile.multiply == 128 * 128 * 64 / 1024
    assert tile.convert == 0
    assert tile.latency == 600  # two stages: one step is in flight while one is multiplied
    assert tile.finish == 128 * 128 * 2 / 16 + 50


def test_small_tiles_share_an_sm_up_to_the_limit_and_copy_ahead(plain):
    tile = search.tile_terms(16.0, 64.0, plain)
    assert tile.step_bytes == (16 + 64) * 2 * 64  # 10 KiB
    assert tile.resident == 4  # registers and shared memory would hold more
    assert tile.latency == 600 / (4 - 1)  # 160 KiB / (4 × 10 KiB) = 4 stages


def test_a_tile_beyond_shared_memory_still_has_one_cta_and_two_stages(plain):
    tile = search.tile_terms(1024.0, 1024.0, plain)
    assert (tile.resident, tile.latency) == (1, 600)


def test_conversion_counts_weights_and_promotion_counts_outputs(plain):
    tile = search.tile_terms(32.0, 128.0, plain._replace(convert_cycles=0.01, promote_cycles=0.001))
    assert tile.convert == pytest.approx(128 * 64 * 0.01 + 32 * 128 * 0.001)


def test_two_full_rounds(plain):
    # 20 × 20 tiles on 100 SMs × 2 CTAs; 16 steps. Multiply 2 × 1024 = 2048; L2 32768 × 200 / 4096 = 1600, a tenth of it exposed
    tile = search.tile_terms(*BIG, plain)
    one_round = 16 * (2048 + 0.1 * 1600) + 600 + 2 * 2098
    assert search.sm_time(400.0, 1024.0, tile, 1.0, plain) == pytest.approx(2 * one_round / 1000)


def test_a_round_for_a_few_leftover_tiles(plain):
    # 20 more tiles, one to an SM: multiply 1024; L2 32768 / 64 = 512 into each SM
    tile = search.tile_terms(*BIG, plain)
    last = 16 * (1024 + 0.1 * 512) + 600 + 2098
    more = search.sm_time(420.0, 1024.0, tile, 1.0, plain) - search.sm_time(400.0, 1024.0, tile, 1.0, plain)
    assert more == pytest.approx(last / 1000)


def test_a_partial_step_takes_as_long_as_a_whole_one(plain):
    tile = search.tile_terms(*BIG, plain)
    assert search.sm_time(100.0, 65.0, tile, 1.0, plain) == search.sm_time(100.0, 128.0, tile, 1.0, plain)


def test_latency_bounds_a_step_of_little_work(plain):
    # 16 × 64 alone on its SM: multiply 64, L2 160, so that the copy's 200 cycles bound the step
    tile = search.tile_terms(16.0, 64.0, plain)
    assert search.sm_time(1.0, 640.0, tile, 1.0, plain) == pytest.approx(
        (10 * (200 + 0.1 * (64 + 160 - 200)) + 600 + 16 * 64 * 2 / 16 + 50) / 1000
    )


def test_a_split_shortens_the_walk_along_k(plain):
    # 10 tiles × 10 parts of ceil(8192 / 640) = 13 steps; L2 32768 × 100 / 4096 = 800
    tile = search.tile_terms(*BIG, plain)
    assert search.sm_time(10.0, 8192.0, tile, 10.0, plain) == pytest.approx((13 * (1024 + 0.1 * 800) + 600 + 2098) / 1000)


def test_a_split_pays_for_partial_sums(plain):
    # one write and one read of 4 bytes for each of 10 × 128 × 1280 sums, through 4096 bytes per cycle
    tile = search.tile_terms(*BIG, plain)
    assert search.split_time(10.0, (128.0, 1280.0, 8192.0), tile, 10.0, plain) == pytest.approx(2 + 10 * 128 * 1280 * 8 / 4.096e6)
    assert search.split_time(10.0, (128.0, 1280.0, 8192.0), tile, 1.0, plain) == 0


@pytest.mark.parametrize(
    ("grid", "k", "split", "possible"),
    [
        (10.0, 8192.0, 10.0, True),
        (40.0, 8192.0, 10.0, True),  # 400 CTAs: exactly two rounds
        (41.0, 8192.0, 10.0, False),
        (10.0, 1280.0, 10.0, True),  # parts of two steps
        (10.0, 640.0, 10.0, False),  # of one step
    ],
)
def test_libraries_split_neither_short_walks_nor_full_gpus(plain, grid, k, split, possible):
    tile = search.tile_terms(*BIG, plain)
    assert (search.split_time(grid, (128.0, 1280.0, k), tile, split, plain) < search.INFEASIBLE_US) == possible


def test_cold_operands_and_results_cross_dram_once(plain):
    row = search.row_terms(1000.0, 2000.0, 4000.0, plain)
    reads, writes = (1000 * 4000 + 2000 * 4000) * 2, 1000 * 2000 * 2
    assert row.reads == pytest.approx(reads)
    assert row.once_us == pytest.approx(reads / 2e6 + writes / 1e6)


def test_what_fits_the_cache_stays_there(plain):
    row = search.row_terms(100.0, 100.0, 100.0, plain._replace(l2_capacity=1e9))
    assert row.once_us < 1e-9 and row.again_us < 1e-18


def test_weights_are_cold_sooner_than_activations(plain):
    # between two uses of an activation pass 20 + 2 + 20 MB, half of the capacity; of a weight, with 7.3 copies, 168 MB, twice it
    row = search.row_terms(1000.0, 1e4, 1000.0, plain._replace(l2_capacity=84e6, weight_copies=7.3))
    weights, inputs = 2e7, 2e6
    assert row.reads == pytest.approx(weights * 16 / 17 + inputs * 1 / 17)


def test_half_of_a_tensor_is_lost_where_reuse_distance_meets_capacity(plain):
    row = search.row_terms(1000.0, 1000.0, 1000.0, plain._replace(l2_capacity=6e6, weight_copies=1.0))
    assert row.reads == pytest.approx((2e6 + 2e6) / 2)


def test_the_ramp_counts_fully_for_long_transfers_only(plain):
    slow = plain._replace(ramp_us=2.0)
    reads = (1000 * 4000 + 2000 * 4000) * 2
    assert search.row_terms(1000.0, 2000.0, 4000.0, slow).ramp_us == pytest.approx(2.0 * reads / (reads + 4e6))


def test_the_second_round_reads_b_again(plain):
    # 400 tiles of rows, one of channels: a round covers 200 of them, and the next one reads the one tile of B again
    tile, k = search.tile_terms(*BIG, plain), 4096.0
    size = (400 * 128.0, 128.0, k)
    row = search.row_terms(*size, plain)
    extra = search.dram_time(400.0, 1.0, size, BIG, row, tile, 1.0, plain) - row.once_us
    assert extra == pytest.approx(128 * k * 2 / 2e6, rel=1e-6)


def test_one_round_reads_nothing_again(plain):
    tile, size = search.tile_terms(*BIG, plain), (1280.0, 1280.0, 4096.0)
    row = search.row_terms(*size, plain)
    assert search.dram_time(10.0, 10.0, size, BIG, row, tile, 1.0, plain) == row.once_us


def test_a_tenth_of_the_shorter_side_is_exposed(plain):
    assert search.overlapped(20.0, 50.0, plain) == search.overlapped(50.0, 20.0, plain) == 3 + 50 + 0.1 * 20


@pytest.mark.parametrize(
    ("m", "k", "expected"),
    [
        (1.0, 4096.0, 3 + 1 + 4096 * 4096 * 2 / 2e6),  # streams 32 MiB
        (4.0, 4096.0, 3 + 1 + 4096 * 4096 * 2 / 2e6),
        (1.0, 64.0, 3 + 1 + 4096 * 64 * 2 / 2e6),
    ],
)
def test_gemv_streams_the_weights(plain, m, k, expected):
    fast = plain._replace(gemv_macs_per_us=1e9)
    row = search.row_terms(m, 4096.0, k, fast)
    assert search.gemv_time(m, 4096.0, k, row, fast) == pytest.approx(expected, rel=0.01)


def test_gemv_is_bound_by_arithmetic_or_by_its_chain(plain):
    row, slow = search.row_terms(4.0, 4096.0, 4096.0, plain), plain._replace(gemv_macs_per_us=1e6)
    assert search.gemv_time(4.0, 4096.0, 4096.0, row, slow) == pytest.approx(3 + 1 + 4 * 4096 * 4096 / 1e6)
    slow = plain._replace(gemv_chain_us=1.0)
    assert search.gemv_time(1.0, 4096.0, 4096.0, row, slow) == 3 + 1 + 4096


def test_gemv_ends_at_its_largest_batch(plain):
    row = search.row_terms(5.0, 4096.0, 4096.0, plain)
    assert search.gemv_time(5.0, 4096.0, 4096.0, row, plain) > search.INFEASIBLE_US


def test_long_tensor_bound_work_runs_at_the_sustained_clock(plain):
    # 8192³ MACs at 1024 × 100 × 1000 per us need 5369 us; the controller's 1000 us are a small part of 6000
    ideal = 8192.0**3 / 1.024e8
    hot = plain._replace(power_drop=0.2)
    assert search.sustained(8192.0, 8192.0, 8192.0, 6000.0, hot) == pytest.approx(6000 * (1 + 0.2 * ideal / 7000))
    assert search.sustained(1.0, 4096.0, 4096.0, 20.0, hot) == pytest.approx(20.0, rel=1e-4)


def test_clusters_make_rows_count_in_pairs(plain):
    tiles = {"paired": [(128.0, 128.0, 2.0, 1.0, 1e9)], "free": [(128.0, 128.0, 1.0, 1.0, 1e9)]}
    quick = plain._replace(gemv_max_m=0.0)

    def us(kind, m):
        size = (np.array([float(m)]), np.array([1280.0]), np.array([1024.0]))
        return gemm_compiled.search(*size, np.array(tiles[kind]), np.array([1.0]), quick)[0][0]

    sm_only = {"dram_bytes_per_us": 1e12, "write_bytes_per_us": 1e12}
    quick = quick._replace(**sm_only)
    assert us("paired", 257) == pytest.approx(us("free", 512), rel=1e-6)
    assert us("free", 257) < us("free", 385)
