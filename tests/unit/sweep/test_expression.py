"""What may an expression say, what does it mean, and can it do anything else?"""

import numpy as np
import pytest

from narrowgauge.errors import InputError
from narrowgauge.experiments.sweep.expression import ValueKind, parse

COLUMNS = {
    "batch": np.array([1.0, 8.0, 64.0]),
    "scheme": np.array(["bf16", "fp8", "bf16"], dtype=object),
    "dram.latency_cycles": np.array([500.0, 600.0, 700.0]),
}
KINDS = {"batch": ValueKind.NUMBER, "scheme": ValueKind.TEXT, "dram.latency_cycles": ValueKind.NUMBER}


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("batch > 1 and scheme == 'bf16'", [False, False, True]),
        ("not (batch < 8 or scheme != 'bf16')", [False, False, True]),
        ("1 < batch <= 8", [False, True, False]),
        ("log2(batch) + 1", [1, 4, 7]),
        ("min(batch, 4, 6) * max(2, batch) - -1", [3, 33, 257]),
        ("dram.latency_cycles / 100 % 2 == 0", [False, True, False]),
        ("2 ** batch // 1 > 255", [False, True, True]),
        ("True", [True, True, True]),
    ],
)
def test_the_grammar_means_what_it_says(text, meaning):
    expression = parse(text)
    wanted = ValueKind.TRUTH if isinstance(meaning[0], bool) else ValueKind.NUMBER
    assert expression.faults(KINDS, wanted) == []
    assert expression.over(COLUMNS, 3).tolist() == meaning


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__.__bases__[0].__subclasses__()",
        "(lambda: 1)()",
        "[x for x in (1,)]",
        "open('/etc/passwd')",
        "batch if batch else 1",
        "f'{batch}'",
        "batch.__class__()",
        "(batch := 3)",
        "batch[0]",
        "{1: 2}",
        "batch & 1",
        "batch in (1, 2)",
        "batch is None",
        "min(*batch, 2)",
        "max(batch, 2, key=3)",
        "eval('1')",
        "b'x'",
        "1j",
        "None",
        "...",
        "await batch",
        "batch; batch",
        "import os",
        "min(batch)",
        "",
        "batch >",
        "(" * 500 + "1" + ")" * 500,
        "-" * 300 + "1",
        "1" * 3000,
        3,
    ],
)
def test_nothing_else_can_be_said(text):
    with pytest.raises(InputError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "wanted", "words"),
    [
        ("batches > 3", ValueKind.TRUTH, "did you mean 'batch'"),
        ("dram.latency > 3", ValueKind.TRUTH, "did you mean 'dram.latency_cycles'"),
        ("scheme * 2", ValueKind.NUMBER, "'scheme' is a text, must be a number here"),
        ("scheme < 'fp8'", ValueKind.TRUTH, "only == and != do"),
        ("scheme == 3", ValueKind.TRUTH, "'3' is a number, must be a text"),
        ("batch", ValueKind.TRUTH, "is a number, must be a truth value"),
        ("batch and True", ValueKind.TRUTH, "'batch' is a number, must be a truth value here"),
        ("batch > 3", ValueKind.NUMBER, "is a truth value, must be a number"),
    ],
)
def test_what_does_not_go_together_is_said(text, wanted, words):
    (fault,) = parse(text).faults(KINDS, wanted)
    assert words in fault


def test_the_column_of_a_fault_is_named():
    with pytest.raises(InputError, match=r"column 13: no function 'sqrt', .*log2"):
        parse("batch > 3 + sqrt(2)")


def test_a_division_by_zero_has_no_value():
    assert np.isnan(parse("0 / (batch - batch)").over(COLUMNS, 3)).all()


def test_a_tower_of_powers_ends():
    assert np.isinf(parse("9 ** 9 ** 9 ** 9").over(COLUMNS, 3)).all()
