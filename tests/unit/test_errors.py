"""Do errors name the nearest word?"""

import pytest

from narrowgauge.errors import nearest


@pytest.mark.parametrize(
    ("given", "meant"),
    [("a100", "a100-sxm-80gb"), ("h100_sxm", "h100-sxm"), ("A100-SXM-80GB", "a100-sxm-80gb")],
)
def test_a_word_that_begins_alike_goes_before_one_spelt_alike(given, meant):
    machines = ["h100-sxm", "a100-pcie-40gb", "a100-sxm-80gb"]
    assert nearest(given, machines).startswith(f"did you mean '{meant}'? allowed: h100-sxm, ")


def test_nothing_alike_gets_the_list_alone():
    assert nearest("zzz", ["a100", "h100"]) == "allowed: a100, h100"
