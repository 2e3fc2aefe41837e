"""Can colours be seen on white and on black, and told apart?"""

from itertools import combinations

import pytest
from matplotlib.colors import to_rgb

from narrowgauge.experiments.figures.style import PALETTE, RESOURCE_COLOURS, resource_colours

WHITE, BLACK = 1.0, 0.01


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", sorted({*PALETTE, *RESOURCE_COLOURS.values()}))
@pytest.mark.parametrize("paper", [WHITE, BLACK])
def test_a_colour_stands_out_from_the_paper(colour: str, paper: float) -> None:
    light, dark = sorted((luminance(colour), paper), reverse=True)
    assert (light + 0.05) / (dark + 0.05) > 2.0


def test_resources_have_colours_of_their_own() -> None:
    assert all(a != b for a, b in combinations(RESOURCE_COLOURS.values(), 2))


def test_a_resource_that_no_gpu_has_takes_a_colour_that_is_free() -> None:
    colours = resource_colours(["dram", "systolic array", "pim mac"])
    assert len(set(colours.values())) == 3
    assert colours["dram"] == RESOURCE_COLOURS["dram"]
