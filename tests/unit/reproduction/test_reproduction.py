"""The machinery of reproductions: a paper that is made up, with errors that are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pytest

from narrowgauge.errors import InputError, UnsupportedError
from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.reproduction import Experiment, Measure, compare
from narrowgauge.experiments.reproduction.gallery import page
from narrowgauge.experiments.reproduction.published import read_published


@dataclass(frozen=True)
class Case:
    model: Annotated[str, "model card"] = "small"
    width: Annotated[int, "bits"] = 4
    unit: Annotated[Literal["mac", "lut"], "which"] = "mac"


def predict(case: Case) -> Mapping[str, float | Estimate]:
    if case.width > 8:
        raise UnsupportedError("too wide")
    cycles = float(case.width * (2 if case.unit == "mac" else 1) * (10 if case.model == "large" else 1))
    return {"cycles": cycles, "gain": Estimate(16 / cycles, 12 / cycles, 20 / cycles)}


TOY = Experiment("toy", Case, predict, {"cycles": Measure("cycle", "of a product"), "gain": Measure("x", "over 8 bits")})

GOOD = """
paper: A toy
source: nowhere
tables:
  cycles:
    where: table 1
    tag: S
    tolerance: exact
    columns: [width, unit, cycles]
    rows: [[4, mac, 8], [4, lut, 5], [9, mac, refused], [4, mac, null]]
  gains:
    where: figure 2
    tag: D
    tolerance: {mean: 0.3}
    ordering: unit
    columns: [width, unit, gain]
    rows: [[4, mac, 2.5], [4, lut, 4.0]]
"""


def _paper(folder: Path, text: str = GOOD):
    path = folder / "toy.yaml"
    path.write_text(text)
    return read_published(TOY, path)


def test_errors_are_those_of_hand(tmp_path):
    rows = compare(TOY, _paper(tmp_path))
    cycles = [row for row in rows if row.table == "cycles"]
    assert [row.ok for row in cycles] == [True, False, True]
    assert cycles[1].error == pytest.approx(-0.2)
    assert cycles[2].predicted is None and "too wide" in cycles[2].note


def test_a_mean_and_an_order_are_rows_of_their_own(tmp_path):
    gains = [row for row in compare(TOY, _paper(tmp_path)) if row.table == "gains"]
    mean, order = gains[-2:]
    assert [row.ok for row in gains[:-2]] == [None, None]
    assert mean.predicted == pytest.approx(0.1) and mean.ok
    assert (order.published, order.predicted, order.ok) == (1.0, 1.0, True)
    assert (gains[0].low, gains[0].high) == (1.5, 2.5)


def test_a_wrong_order_is_found(tmp_path):
    swapped = GOOD.replace("[[4, mac, 2.5], [4, lut, 4.0]]", "[[4, mac, 4.0], [4, lut, 3.0]]")
    assert not compare(TOY, _paper(tmp_path, swapped))[-1].ok


def test_changed_options_make_cases_beyond_the_paper(tmp_path):
    rows = compare(TOY, _paper(tmp_path), model="large", width="4")
    assert {row.predicted for row in rows if row.measure == "cycles"} == {80.0, 40.0}
    assert all(row.ok is None for row in rows)


def test_a_changed_case_that_was_published_is_compared(tmp_path):
    rows = compare(TOY, _paper(tmp_path), unit="lut", width=4)
    assert [row.ok for row in rows if row.table == "cycles"] == [False]


def test_a_case_beyond_the_paper_shows_only_figures_that_it_has(tmp_path):
    def some(case: Case) -> Mapping[str, float | Estimate]:
        return {"cycles": 1.0} if case.model == "large" else predict(case)

    partial = Experiment("toy", Case, some, TOY.measures)
    rows = compare(partial, _paper(tmp_path), model="large")
    assert {row.measure for row in rows} == {"cycles"}


def test_every_wrong_option_is_named(tmp_path):
    with pytest.raises(InputError) as caught:
        compare(TOY, _paper(tmp_path), widht=3, width="four", unit="adder")
    assert [problem.where for problem in caught.value.problems] == ["widht", "width", "unit"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("tag: S", "tag: X", "tag: given 'X', allowed: S, S2, D, abstract"),
        ("tolerance: exact", "tolerance: -1", "tolerance: given -1, allowed: exact"),
        ("columns: [width, unit, cycles]", "columns: [width, unit, cicles]", "unknown column 'cicles', did you mean 'cycles'?"),
        ("ordering: unit", "ordering: model", "ordering: given 'model'"),
        ("[4, lut, 5]", "[4, lut]", "has 2 entries for 3 columns"),
        ("[4, lut, 5]", "[4, lut, few]", "cycles: 'few' is neither a number nor 'refused'"),
        ("source: nowhere", "sauce: nowhere", "unknown key, did you mean 'source'?"),
        ("    where: table 1\n", "", "where: is missing"),
    ],
)
def test_faults_of_a_file_name_their_place(tmp_path, old, new, said):
    with pytest.raises(InputError, match=r"toy\.yaml:") as caught:
        _paper(tmp_path, GOOD.replace(old, new))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "published", "inside", "outside"),
    [("0.1", 100, 109.9, 110.1), ("{absolute: 1.5}", 20, 21.5, 21.6), ("qualitative", 3.0, 1.2, 0.9), ("qualitative", 3, 29, 31)],
)
def test_tolerances_at_their_edges(tmp_path, rule, published, inside, outside):
    text = GOOD.replace("tolerance: exact", f"tolerance: {rule}")
    tolerance = _paper(tmp_path, text).tables[0].tolerance
    assert tolerance.holds(published, inside) and not tolerance.holds(published, outside)


def test_a_page_holds_every_figure(tmp_path):
    paper = _paper(tmp_path)
    text = page(paper, compare(TOY, paper), "toy.svg")
    assert "| cycles, small, width 9, mac | cycle | refused | refused |" in text
    assert "4 of 5 figures within their tolerance." in text
