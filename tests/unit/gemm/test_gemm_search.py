"""Do NumPy and the compiled loop find the same tiling at the same cost, and is it the best one?"""

import numpy as np
import pytest

from narrowgauge.dataflows import gemm_compiled
from narrowgauge.dataflows import gemm_search as search
from narrowgauge.dataflows.family import Variant
from narrowgauge.dataflows.gemm import GEMM, operands_of
from narrowgauge.dataflows.gemm_profiles import profile_of

VARIANTS = [
    ("sm80", "bf16", "trtllm"),
    ("sm80", "w4a16-g128", "trtllm"),
    ("sm80", "w8a8-int8", "trtllm"),
    ("sm90", "bf16", "vllm"),
    ("sm90", "fp8-dynamic", "vllm"),  # tiles that serve a range of rows, and clusters
    ("sm90", "fp8-block128", "trtllm"),
    ("sm90", "fp8-block128", "sglang"),
]
ROWS = 1200


def shapes(rng):
    """Random rows, rows at the edges of tiles, and squares, in which a tile ties with its transpose."""
    random = np.floor(2 ** rng.uniform(0, 16, (ROWS // 3, 3)))
    edges = 64.0 * rng.integers(1, 80, (ROWS // 3, 3)) + rng.integers(-1, 2, (ROWS // 3, 3))
    squares = np.repeat(128.0 * rng.integers(1, 80, (ROWS // 3, 1)), 3, axis=1)
    return np.concatenate([random, edges, squares]).T.copy()


def drawn(parameters, rng):
    return {p.name: float(p.low * (p.high / p.low) ** rng.uniform() if p.log else rng.uniform(p.low, p.high)) for p in parameters}


def setting(variant, gpu, params):
    profile = profile_of(variant, operands_of(variant, gpu).weight_only, gpu)
    return profile.tile_array(), profile.split_array(), GEMM.numbers(variant, gpu, params)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("architecture", "precision", "library"), VARIANTS)
def test_both_evaluations_agree_to_the_last_bit(gpu, architecture, precision, library, seed):
    rng = np.random.default_rng(seed)
    variant, machine = Variant(precision, library), gpu(architecture)
    tiles, splits, x = setting(variant, machine, drawn(GEMM.parameters(variant, machine), rng))
    m, n, k = shapes(rng)
    numpy = search.search_numpy(m, n, k, tiles, splits, x)
    compiled = gemm_compiled._compiled()["search_rows"](m, n, k, tiles, splits, x)
    for name, one, other in zip(("latency", "dram", "tile", "split"), numpy, compiled, strict=True):
        assert np.array_equal(one, other), name


def test_the_loop_says_the_same_before_it_is_compiled(gpu, defaults):
    variant, machine = Variant("bf16", "trtllm"), gpu("sm80")
    tiles, splits, x = setting(variant, machine, defaults(GEMM, variant, machine))
    m, n, k = shapes(np.random.default_rng(5))[:, ::60]
    plain, compiled = (
        search.search_rows(m, n, k, tiles, splits, x),
        gemm_compiled._compiled()["search_rows"](m, n, k, tiles, splits, x),
    )
    for one, other in zip(plain, compiled, strict=True):
        assert np.array_equal(one, other)


def test_many_rows_and_few_rows_are_priced_alike(gpu, defaults):
    variant, machine = Variant("bf16", "trtllm"), gpu("sm90")
    m, n, k = shapes(np.random.default_rng(1))
    params = defaults(GEMM, variant, machine)
    tiles, splits, _ = setting(variant, machine, params)
    assert len(m) * len(tiles) * len(splits) > gemm_compiled.NUMPY_CANDIDATES
    whole = GEMM.cost({"m": m, "n": n, "k": k}, variant, machine, params).latency_us
    gemm_compiled._compiled.cache_clear()  # or it would serve few rows as well
    part = GEMM.cost({"m": m[:50], "n": n[:50], "k": k[:50]}, variant, machine, params).latency_us
    assert np.array_equal(whole[:50], part)


@pytest.mark.parametrize("seed", range(5))
def test_bounds_are_bounds(gpu, seed):
    """What the compiled loop skips a tile for never exceeds what the tile costs, split or not."""
    rng = np.random.default_rng(seed)
    variant, machine = Variant("w4a8-g128", ""), gpu("sm80")  # converts and promotes
    tiles, splits, x = setting(variant, machine, drawn(GEMM.parameters(variant, machine), rng))
    m, n, k = (a[:, None, None] for a in shapes(rng)[:, :400])
    tile_m, tile_n = tiles[None, :, 0, None], tiles[None, :, 1, None]
    grid_m, grid_n = np.ceil(m / tile_m), np.ceil(n / tile_n)
    row, tile = search.row_terms(m, n, k, x), search.tile_terms(tile_m, tile_n, x)
    dram_us = search.dram_time(grid_m, grid_n, (m, n, k), (tile_m, tile_n), row, tile, splits, x)
    sm_us = search.sm_time(grid_m * grid_n, k, tile, splits, x)
    added_us = search.split_time(grid_m * grid_n, (m, n, k), tile, splits, x)
    assert np.all(search.least_time(grid_m * grid_n, k, row, tile, x) <= search.overlapped(sm_us, dram_us, x))
    assert np.all(row.once_us <= dram_us)
    assert np.all(np.diff(added_us, axis=2) >= 0)


def test_a_tie_goes_to_the_earlier_tile(plain):
    tiles = np.array([(128, 256, 1, 1, 1e9), (256, 128, 1, 1, 1e9), (128, 256, 1, 1, 1e9)], float)
    square = (np.full(2, 2560.0),) * 3
    for evaluate in (search.search_numpy, gemm_compiled._compiled()["search_rows"]):
        _, _, tile, split = evaluate(*square, tiles, np.ones(1), plain)
        assert list(tile) == [0, 0] and list(split) == [0, 0]


def test_a_tile_serves_its_rows_only(plain):
    tiles = np.array([(64, 64, 1, 1, 100), (128, 128, 1, 101, 1e9)], float)
    m = np.array([5.0, 100.0, 101.0, 5000.0])
    for evaluate in (search.search_numpy, gemm_compiled._compiled()["search_rows"]):
        tile = evaluate(m, np.full(4, 4096.0), np.full(4, 4096.0), tiles, np.ones(1), plain)[2]
        assert list(tile) == [0, 0, 1, 1]


@pytest.mark.parametrize(("architecture", "precision", "library"), VARIANTS)
def test_every_batch_has_a_tile_and_splits_ascend_from_one(gpu, architecture, precision, library):
    variant, machine = Variant(precision, library), gpu(architecture)
    profile = profile_of(variant, operands_of(variant, machine).weight_only, machine)
    m = np.arange(1, 5000)
    assert np.all(np.any([(m >= t.m_from) & (m <= t.m_to) for t in profile.tiles], axis=0))
    assert profile.splits[0] == 1 and list(profile.splits) == sorted(set(profile.splits))
