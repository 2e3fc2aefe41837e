"""Are labels apart, and as near to their points as that allows?"""

import pytest

from narrowgauge.experiments.figures.labels import spread


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ([0.9, 0.5, 0.1], [0.9, 0.5, 0.1]),  # far apart: where they want to be
        ([0.5, 0.5, 0.5], [0.5, 0.4, 0.3]),  # alike: downwards
        ([1.2, 1.1], [0.9, 0.8]),  # above the axes: from the top on
        ([0.15, 0.15, 0.15], [0.3, 0.2, 0.1]),  # at the bottom: upwards
    ],
)
def test_places_of_labels(wanted: list[float], places: list[float]) -> None:
    assert spread(wanted, gap=0.1, top=0.9) == pytest.approx(places)
