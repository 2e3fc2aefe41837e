"""Do figures show what is in the result, and can they be read?"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from shown_results import prediction, published_rows, request, sweep_table, validation_table

from narrowgauge.errors import InputError
from narrowgauge.experiments import figures
from narrowgauge.experiments.figures.pareto import ON_FRONT
from narrowgauge.experiments.figures.published import KEPT, MISSED, TOGETHER
from narrowgauge.experiments.figures.style import NARROW_IN, SMALL_PT, WIDE_IN
from narrowgauge.experiments.sensitivity import gains
from narrowgauge.experiments.sweep import queries


def plots() -> dict[str, figures.Plot]:
    sweep = sweep_table()
    one_scheme = sweep[sweep["error"] == ""]
    return {
        "roofline": figures.roofline(prediction(), request().machine),
        "breakdown": figures.breakdown([prediction()]),
        "limits": figures.limits(prediction()),
        "relief": figures.relief(gains(request())),
        "comparison": figures.comparison(figures.rows_of([prediction()])),
        "pareto": figures.pareto(sweep, "tpot", "energy"),
        "lines": figures.lines(one_scheme, "batch", ["tpot", "ttft"], ["scheme"]),
        "binding": figures.binding(sweep),
        "validation": figures.validation(validation_table()),
        "published": figures.published(published_rows()),
    }


PLOTS = plots()


@pytest.mark.parametrize("width_in", [WIDE_IN, NARROW_IN])
@pytest.mark.parametrize("name", list(PLOTS))
def test_every_panel_says_what_its_axis_counts(name: str, width_in: float) -> None:
    assert all(axis.get_xlabel() for axis in PLOTS[name].figure(width_in).axes)


@pytest.mark.parametrize("width_in", [WIDE_IN, NARROW_IN])
@pytest.mark.parametrize("name", list(PLOTS))
def test_no_text_is_smaller_than_the_smallest_that_can_be_read(name: str, width_in: float) -> None:
    texts = PLOTS[name].figure(width_in).findobj(Text)
    assert min(text.get_fontsize() for text in texts if text.get_text()) >= SMALL_PT - 0.01


@pytest.mark.parametrize("name", list(PLOTS))
def test_a_plot_is_written_as_picture_drawing_and_table(name: str, tmp_path: Path) -> None:
    png, svg, csv = PLOTS[name].save(tmp_path / "new")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")
    assert list(pd.read_csv(csv).columns) == list(PLOTS[name].data.columns)


def test_the_same_data_give_the_same_drawing() -> None:
    assert PLOTS["limits"].svg() == figures.limits(prediction()).svg()


def test_a_folder_that_cannot_be_made_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        PLOTS["limits"].save(tmp_path / "file" / "folder")


def test_names_are_neither_formulas_nor_markup() -> None:
    rows = [{**published_rows()[0], "claim": "$x^2 <script>alert(1)</script>"}]
    drawing = figures.published(rows).svg()
    assert "<script" not in drawing
    assert "$x^2 &lt;script&gt;" in drawing


def test_no_operator_stands_above_the_roofline() -> None:
    data = PLOTS["roofline"].data
    gpu = request().machine.resources
    roof = np.minimum(data["operations_per_byte"] * gpu.dram_gb_per_s / 1e3, data["peak_tera_operations_per_s"])
    assert (data["tera_operations_per_s"] <= roof * (1 + 1e-9)).all()


def test_parts_of_a_breakdown_add_up_to_the_pass() -> None:
    for _, rows in PLOTS["breakdown"].data.groupby("phase"):
        assert rows["latency_ms"].sum() == pytest.approx(rows["pass_latency_ms"].iloc[0])
        assert rows["energy_j"].sum() == pytest.approx(rows["pass_energy_j"].iloc[0])


def test_the_front_of_the_figure_is_that_of_the_query() -> None:
    frame = sweep_table()
    data = figures.pareto(frame, "tpot", "output_tokens_per_s").data
    front = queries.pareto(frame, ["tpot_ms", "output_tokens_per_s"])
    assert sorted(data.loc[data[ON_FRONT], "tpot_ms"]) == sorted(front["tpot_ms"])


def test_points_without_a_result_are_in_no_figure() -> None:
    frame = sweep_table()
    priced = (frame["error"] == "").sum()
    assert len(PLOTS["pareto"].data) == priced
    assert len(PLOTS["lines"].data) == priced


def test_a_line_with_two_points_in_one_place_is_refused() -> None:
    with pytest.raises(InputError, match="one point per place"):
        figures.lines(sweep_table(), "batch", ["tpot"], [])


def test_shares_of_what_binds_add_up_to_one() -> None:
    shares = PLOTS["binding"].data.groupby(["phase", "case"])["share"].sum()
    assert shares.to_numpy() == pytest.approx(1.0)


def test_only_figures_that_were_published_as_numbers_are_compared() -> None:
    assert PLOTS["published"].data["verdict"].tolist() == [KEPT, MISSED, TOGETHER]


def test_errors_are_shown_over_all_libraries() -> None:
    assert len(PLOTS["validation"].data) == 3
