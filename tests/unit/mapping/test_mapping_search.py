"""The dataflow search on cases that can be worked by hand, and what it says when nothing fits."""

import pytest

from narrowgauge.dataflows.mapping import Compute, Level, Mapping, Objective, Product, Stages, Target, check, price, search
from narrowgauge.dataflows.mapping.candidates import cuts
from narrowgauge.errors import CapacityError, InputError

DRAM = Level("dram", None, 4, 100)
UNIT = Compute("mac", (1, 1, 1), 1, 1)


def test_output_stationary_product_by_hand():
    """4 × 4 × 4 in tiles of 2 × 2 × 1, k innermost: an input crosses once per tile of the other one, sums never return."""
    product = Product(4, 4, 4, a_bits=8, b_bits=8, partial_bits=32, c_bits=8)
    target = Target((DRAM, Level("sram", 100, 8, 1)), UNIT)
    mapping = Mapping.of_tiles(product, target, [(2, 2, 1)], [("m", "n", "k"), ("m", "n", "k")], [Stages()])
    cost = price(product, target, mapping)
    # A: 16 bytes twice, B: 16 bytes twice, C: 16 bytes once
    assert cost.crossing_bytes["dram"].tolist() == [80.0]
    # each quantum of A stays for no iteration of n (innermost moving loop), B moves always, C once per tile and step of k
    assert cost.busy_cycles["dram"].tolist() == [20.0]
    assert cost.busy_cycles["unit"].tolist() == [64.0]


def test_two_buffers_hide_all_but_the_first_tiles():
    product = Product(4, 4, 4, a_bits=8, b_bits=8, partial_bits=8, c_bits=8)
    target = Target((DRAM, Level("sram", 100, 1000, 1)), UNIT)
    one, two = (
        price(product, target, Mapping.of_tiles(product, target, [(2, 2, 1)], [("m", "n", "k")] * 2, [Stages(n, n)]))
        for n in (1, 2)
    )
    assert one.latency_cycles.tolist() == [64 + 20.0]
    assert two.latency_cycles.tolist() == [64 + (2 + 2 + 4) / 4]
    assert one.energy_pj.tolist() == two.energy_pj.tolist()


def test_an_operand_that_passes_a_level_by_takes_no_room_there():
    product = Product(8, 8, 8)
    levels = (DRAM, Level("sram", 64, 8, 1, holds=("a", "b")))
    assert search(product, Target(levels, UNIT)).best.buffer_bytes <= 64


def test_the_front_is_sorted_and_holds_the_best_of_every_objective():
    product, target = Product(24, 24, 24, b_bits=4), Target((DRAM, Level("sram", 300, 8, 1)), UNIT)
    found = search(product, target)
    latency, energy = [p.latency_cycles for p in found.front], [p.energy_pj for p in found.front]
    assert latency == sorted(latency)
    assert energy == sorted(energy, reverse=True)
    assert search(product, target, Objective.LATENCY).best == found.front[0]
    assert search(product, target, Objective.ENERGY).best == found.front[-1]


def test_a_nest_reads_as_loops():
    product, target = Product(4, 4, 4), Target((DRAM, Level("sram", 10_000, 8, 1)), UNIT)
    text = search(product, target).best.nest(target)
    assert text.splitlines()[0].startswith("dram (tile 4×4×4): for ")
    assert text.splitlines()[-1] == "    mac: 1×1×1"


def test_what_does_not_fit_says_demand_bound_gap_and_levers():
    product = Product(64, 64, 64, a_bits=8, b_bits=8, partial_bits=32)
    target = Target((DRAM, Level("sram", 1000, 8, 1)), UNIT)
    mapping = Mapping.of_tiles(product, target, [(16, 16, 16)], [("m", "n", "k")] * 2, [Stages(2, 1)])
    with pytest.raises(CapacityError) as caught:
        check(product, target, mapping)
    said = str(caught.value)
    assert (
        "sram: a tile of m=16 × n=16 × k=16 needs 2,048 bytes (A 512, B 512, C 1,024), there are 1,000, 1,048 are missing" in said
    )
    assert "a tile of m=5 would fit" in said  # 2·16·m + 2·16·16 + 64·m = 992 at m=5
    assert "sram of 2,048 bytes or more would fit" in said


def test_levers_fit_when_they_are_pulled():
    product = Product(64, 64, 64, a_bits=8, b_bits=8, partial_bits=32)
    target = Target((DRAM, Level("sram", 1000, 8, 1)), UNIT)
    check(product, target, Mapping.of_tiles(product, target, [(5, 16, 16)], [("m", "n", "k")] * 2, [Stages(2, 1)]))
    larger = Target((DRAM, Level("sram", 2048, 8, 1)), UNIT)
    check(product, larger, Mapping.of_tiles(product, larger, [(16, 16, 16)], [("m", "n", "k")] * 2, [Stages(2, 1)]))


def test_a_buffer_below_one_quantum_is_explained():
    target = Target((DRAM, Level("sram", 500, 8, 1)), Compute("mma", (16, 8, 16), 1024, 0.1))
    with pytest.raises(CapacityError, match=r"sram: a tile of m=16 × n=8 × k=16 needs 1,280 bytes"):
        search(Product(64, 64, 64), target)


@pytest.mark.parametrize("pieces", [1, 2, 7, 12, 97, 360, 1000])
def test_cuts_hold_the_smallest_tile_of_every_count(pieces):
    smallest = {}
    for size in range(pieces, 0, -1):
        smallest[-(-pieces // size)] = size
    assert cuts(pieces) == sorted(smallest.values())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: Product(0, 1, 1, a_bits=-1), "m: given 0, allowed: 1 or more\na_bits: given -1, allowed: above 0"),
        (lambda: Level("sram", 1, 1, 1, ("w",)), "sram.holds: given 'w'; allowed: a, b, c"),
        (lambda: Target((Level("sram", 1, 1, 1),), UNIT), "sram: the outermost level holds every operand"),
        (lambda: Target((DRAM, DRAM), UNIT), "levels: two are called 'dram'"),
        (lambda: Compute("u", (0, 1, 1), 0, 0), "u.quantum.m: given 0, allowed: 1 or more\nu.macs_per_cycle"),
    ],
)
def test_wrong_descriptions_are_named(wrong, said):
    with pytest.raises(InputError) as caught:
        wrong()
    assert str(caught.value).startswith(said)


def test_wrong_mappings_are_named():
    product, target = Product(64, 64, 64), Target((DRAM, Level("sram", 1000, 8, 1)), Compute("mma", (16, 8, 16), 1, 0))
    with pytest.raises(InputError) as caught:
        Mapping.of_tiles(product, target, [(24, 8, 16)], [("m", "n", "k")] * 2, [Stages()])
    assert str(caught.value) == "sram.m: tile of 24, allowed: multiples of 16, or all 64"
    with pytest.raises(InputError, match="orders: given 1, allowed: 2"):
        Mapping.of_tiles(product, target, [(16, 8, 16)], [("m", "n", "k")], [Stages()])
