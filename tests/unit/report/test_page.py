"""Is the page one file that asks for nothing, runs nothing but its own scripts, and shows every text of a user as text?"""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from shown_results import prediction, published_rows, request, sweep_table

from narrowgauge.errors import InputError
from narrowgauge.experiments import figures
from narrowgauge.experiments.report import hover
from narrowgauge.experiments.report.blocks import (
    Bullets,
    Fold,
    Listing,
    Picture,
    Report,
    Scatter,
    Section,
    Tile,
    Tiles,
    Words,
    table,
)
from narrowgauge.experiments.report.predict import predict_report
from narrowgauge.experiments.report.render import check_targets, deliver, html

EVIL = "</script><script>alert('x')</script><img src=x onerror=alert(1)>"
VOID = {"meta", "link", "img", "br", "input"}


class Reader(HTMLParser):
    """The elements of a page: names, attributes, and whether they nest."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def evil_report() -> Report:
    frame = sweep_table(schemes=("bf16", EVIL)).assign(machine=EVIL)
    blocks = (
        Words(EVIL),
        Bullets((EVIL,), warning=True),
        Tiles((Tile(EVIL, EVIL, EVIL),)),
        table(EVIL, (EVIL,), [(EVIL,)]),
        Listing(EVIL),
        Fold(EVIL, (Words(EVIL),)),
        Picture(figures.published([{**published_rows()[0], "claim": EVIL, "paper": EVIL}])),
        Scatter(figures.pareto(frame, "tpot", "energy", "scheme"), "tpot_ms", "energy_per_output_token_j", "scheme"),
    )
    return Report(EVIL, EVIL, (Section(EVIL, blocks),))


@pytest.fixture(scope="module")
def page() -> str:
    return html(predict_report(prediction(), request(), "narrowgauge predict llama-3-8b"))


@pytest.fixture(scope="module")
def evil_page() -> str:
    return html(evil_report())


def scripts(page: str) -> list[str]:
    return re.findall(r"<script>(.*?)</script>", page, re.DOTALL)


def test_texts_of_users_are_texts(evil_page: str) -> None:
    elements = Reader(evil_page).elements
    assert not [attributes for tag, attributes in elements if tag == "img"]
    assert not [name for _, attributes in elements for name in attributes if name.startswith("on")]
    assert not [script for script in scripts(evil_page) if script.startswith("alert")]


def test_elements_nest(page: str) -> None:
    assert Reader(page).open == []


def test_nothing_outside_is_referred_to(page: str, evil_page: str) -> None:
    for _, attributes in (*Reader(page).elements, *Reader(evil_page).elements):
        for name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
            assert (attributes.get(name) or "#").startswith(("#", "data:"))
    assert "@import" not in page
    assert not re.findall(r"url\((?!#|'#|\"#|data:)", re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL))


def test_the_policy_allows_the_scripts_of_the_page_and_no_request(evil_page: str) -> None:
    policy = next(attributes["content"] for tag, attributes in Reader(evil_page).elements if "http-equiv" in attributes)
    assert policy is not None
    allowed = re.findall(r"'sha256-([^']+)'", policy)
    found = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts(evil_page)]
    assert sorted(allowed) == sorted(found)
    assert policy.startswith("default-src 'none'")
    assert "unsafe-eval" not in policy


def test_the_table_of_contents_leads_to_every_section(page: str) -> None:
    elements = Reader(page).elements
    links = [attributes["href"] for tag, attributes in elements if tag == "a" and attributes["href"] != "#content"]
    sections = [f"#{attributes['id']}" for tag, attributes in elements if tag == "section"]
    assert links == sections
    assert len(set(sections)) == len(sections) > 5


def test_every_figure_is_there_for_pages_and_for_phones(page: str) -> None:
    classes = [attributes.get("class") for tag, attributes in Reader(page).elements if tag == "div"]
    assert classes.count("wide") == classes.count("narrow") == 5


def test_identifiers_are_unique(page: str) -> None:
    body = re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)
    found = re.findall(r' id="([^"]+)"', body)
    assert len(found) == len(set(found))


def test_without_the_extra_there_are_static_figures_and_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bokeh", None)
    made = html(evil_report())
    assert len(scripts(made)) == 1
    assert "narrowgauge[report]" in made


def test_points_under_a_pointer_hold_the_whole_front() -> None:
    scatter = evil_report().scatters()[0]
    front = scatter.plot.data["on_front"].sum()
    assert hover.thinned(scatter)["on_front"].sum() == front > 0


def test_of_points_in_one_spot_one_is_kept() -> None:
    frame = sweep_table(40, schemes=("bf16",))
    for name in ("tpot_ms", "energy_per_output_token_j"):
        frame[name] = [1.0, 100.0, *([10.0] * 38)]
    plot = figures.pareto(frame.assign(error=""), "tpot_ms", "energy_per_output_token_j")
    assert len(hover.thinned(Scatter(plot, "tpot_ms", "energy_per_output_token_j", "scheme"))) == 3


def test_a_report_is_made_only_if_somebody_wants_it() -> None:
    assert deliver(lambda: pytest.fail("nobody asked"), None, None) == ()


def test_page_and_figures_are_written(tmp_path: Path) -> None:
    plot = figures.limits(prediction())
    report = Report("title", "", (Section("section", (Fold("folded", (Picture(plot),)),)),))
    lines = deliver(lambda: report, tmp_path / "report.html", tmp_path / "figures")
    assert (tmp_path / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == ["limits.csv", "limits.png", "limits.svg"]
    assert len(lines) == 2


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        check_targets(tmp_path / "missing" / "report.html", None)
    with pytest.raises(InputError, match="no folder"):
        check_targets(None, tmp_path / "missing" / "deeper" / "figures")
