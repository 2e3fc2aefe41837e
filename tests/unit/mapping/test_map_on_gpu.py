"""The search on an SM: bounds that nothing beats, tiles that do not fit, units in the tensor core's place."""

import json

import pytest
from click.testing import CliRunner

from narrowgauge.archmodels import load_machine
from narrowgauge.cli import main
from narrowgauge.dataflows.mapping import Objective
from narrowgauge.errors import CapacityError, InputError, UnsupportedError
from narrowgauge.experiments.mapping import map_product, parse_sizes
from narrowgauge.formats import parse_scheme

A100 = load_machine("a100-sxm-80gb")


def test_a_large_product_is_bound_by_the_tensor_cores():
    found = map_product(A100, parse_scheme("fp16"), (2048, 2048, 2048))
    gpu = A100.resources
    least_us = found.product.macs / (gpu.tensor_macs["fp16"] * gpu.sm_count * gpu.clock_mhz)
    assert found.bound_by == "unit"
    assert least_us <= found.latency_us < 1.2 * least_us


def test_a_thin_product_is_bound_by_the_dram_and_moves_narrow_weights():
    scheme = parse_scheme("w4a16-g128")
    found = map_product(A100, scheme, (1, 8192, 8192))
    assert found.bound_by == "dram"
    assert found.latency_us * A100.resources.dram_bytes_per_us == pytest.approx(
        8192 * 8192 * float(scheme.weight_bits) / 8, rel=0.002
    )


def test_the_objective_of_energy_costs_no_more_energy_than_that_of_latency():
    fast, frugal = (map_product(A100, parse_scheme("fp16"), (512, 512, 512), o) for o in (Objective.LATENCY, Objective.ENERGY))
    assert frugal.energy_uj <= fast.energy_uj
    assert fast.latency_us <= frugal.latency_us


def test_a_given_tile_is_never_faster_than_the_search():
    scheme, sizes = parse_scheme("fp16"), (1024, 1024, 1024)
    given = map_product(A100, scheme, sizes, tile=(128, 128, 32))
    assert given.found.best.tiles[1] == (128, 128, 32)
    assert map_product(A100, scheme, sizes).latency_us <= given.latency_us


def test_a_unit_in_the_tensor_cores_place_is_mapped():
    found = map_product(A100.replace_unit("tensor_core", "lut-8x"), parse_scheme("w2a8"), (256, 512, 512))
    assert found.target.compute.name == "lut-8x"


def test_a_tile_beyond_shared_memory_is_explained():
    with pytest.raises(CapacityError, match=r"smem: a tile of m=256 × n=256 × k=256 needs 524,288 bytes"):
        map_product(A100, parse_scheme("fp16"), (1024, 1024, 1024), tile=(256, 256, 256))


def test_a_scheme_that_nothing_multiplies_is_refused():
    with pytest.raises(UnsupportedError, match="fp8"):
        map_product(A100, parse_scheme("fp8"), (64, 64, 64))


@pytest.mark.parametrize("text", ["16x8", "ax1x1", "0x1x1", "", "1x1x1x1"])
def test_shapes_are_three_whole_numbers(text):
    with pytest.raises(InputError, match="write MxNxK"):
        parse_sizes(text)


def test_the_command_prints_the_nest_and_writes_json(tmp_path):
    file = tmp_path / "map.json"
    line = ["map", "64x256x256", "--on", "a100-sxm-80gb", "--scheme", "fp16", "--json", str(file)]
    result = CliRunner().invoke(main, line)
    assert result.exit_code == 0
    assert "16×8×16" in next(row for row in result.stdout.splitlines() if row.startswith(" tensor core, fp16"))
    written = json.loads(file.read_text())
    assert written["best"]["tiles"]["l2"] == written["slice"]
    assert [entry["latency_cycles"] for entry in written["front"]] == sorted(e["latency_cycles"] for e in written["front"])
