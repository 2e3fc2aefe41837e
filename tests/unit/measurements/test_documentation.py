"""Is every field of a measurement file explained?"""

import re
from pathlib import Path

import pytest

from narrowgauge.measurements import Body, Campaign, CheckRecord, MachineRecord, PointRecord, PowerWindow, Samples

WORDS = set(re.findall(r"`([\w-]+)`", (Path(__file__).parents[3] / "docs" / "measuring.md").read_text()))


@pytest.mark.parametrize("body", [Campaign, MachineRecord, PointRecord, Samples, PowerWindow, CheckRecord])
def test_every_field_is_in_the_documentation(body: type[Body]) -> None:
    assert set(body.model_fields) <= WORDS
