"""Does every kind of report work in a browser: no error, no request, figures, nothing cut off, text that can be read?"""

from __future__ import annotations

import base64
import hashlib
import html as escapes
import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from shown_results import prediction, request, validation_table

from narrowgauge.experiments.report.blocks import Report
from narrowgauge.experiments.report.predict import predict_report
from narrowgauge.experiments.report.render import html
from narrowgauge.experiments.report.reproduce import reproduce_report
from narrowgauge.experiments.report.sweep import sweep_report
from narrowgauge.experiments.report.validate import validate_report
from narrowgauge.experiments.reproduction import compare, load_experiment
from narrowgauge.experiments.sweep import run_sweep
from narrowgauge.provenance import Source

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs Chromium or Chrome")

PROBE = (Path(__file__).parent / "report_probe.js").read_text()
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
)
PATIENCE_MS = 15_000
#: a page around the report: windows without a head are not made narrower than 500 pixels, frames are
FRAME = """<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><body>
<script>addEventListener("message", (event) => {{
  const place = document.body.appendChild(document.createElement("pre"));
  place.id = "probe";
  place.textContent = event.data;
}});</script>
<iframe src="{page}" width="{width}" height="900" style="border: 0"></iframe>"""
SMALLEST_PX = 11.0
SWEEP = {"model": "llama-3-8b", "machine": ["a100-sxm-80gb", "h100-sxm"], "scheme": ["bf16", "fp8"], "batch": [1, 4, 16, 64]}
KINDS = ("predict", "sweep", "validate", "reproduce")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of each kind of report, with the probe in it, whose hash the page's policy is told."""
    folder = tmp_path_factory.mktemp("pages")
    run_sweep(SWEEP, folder / "results")
    experiment, paper = load_experiment("systolic")
    reports = {
        "predict": predict_report(prediction(), request(), "narrowgauge predict llama-3-8b --on h100-sxm"),
        "sweep": sweep_report(folder / "results", "narrowgauge sweep sweep.yaml -o results"),
        "validate": validate_report(
            validation_table(), [Source("gemm.parquet", "0" * 64, 100, "origin")], "narrowgauge validate"
        ),
        "reproduce": reproduce_report([("systolic", paper, compare(experiment, paper))], "narrowgauge reproduce systolic"),
    }
    return {kind: _probed(report, folder / f"{kind}.html") for kind, report in reports.items()}


def _probed(report: Report, path: Path) -> Path:
    digest = base64.b64encode(hashlib.sha256(PROBE.encode()).digest()).decode()
    page = html(report)
    assert page.count("script-src ") == 1
    page = page.replace("script-src ", f"script-src 'sha256-{digest}' ")
    path.write_text(page.replace("<style>", f"<script>{PROBE}</script><style>", 1))
    return path


@cache
def seen(path: Path, width: int, dark: bool) -> dict[str, Any]:
    """What the probe found."""
    theme = ("--blink-settings=preferredColorScheme=0",) if dark else ()
    frame = path.with_name(f"{path.stem}-{width}.html")
    frame.write_text(FRAME.format(page=path.name, width=width))
    where = ("--window-size=1400,1000", f"--virtual-time-budget={PATIENCE_MS}", "--dump-dom", frame.as_uri())
    assert BROWSER is not None
    done = subprocess.run([BROWSER, *OPTIONS, *theme, *where], capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found is not None, done.stderr[-2000:]
    report: dict[str, Any] = json.loads(escapes.unescape(found[1]))
    return report


@pytest.fixture(params=[(width, dark) for width in (1280, 390) for dark in (False, True)], ids=str)
def view(request: pytest.FixtureRequest) -> tuple[int, bool]:
    return request.param  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_runs_without_error_and_asks_for_nothing(kind: str, view: tuple[int, bool], pages: dict[str, Path]) -> None:
    report = seen(pages[kind], *view)
    assert report["faults"] == []
    assert report["requests"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_wider_than_the_window(kind: str, view: tuple[int, bool], pages: dict[str, Path]) -> None:
    report = seen(pages[kind], *view)
    assert report["width"] == view[0]
    assert report["content"] <= report["width"]
    assert 0 < max(report["figures"]) <= report["width"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_text_can_be_read(kind: str, view: tuple[int, bool], pages: dict[str, Path]) -> None:
    report = seen(pages[kind], *view)
    assert report["dark"] == view[1]
    assert report["smallest"] >= SMALLEST_PX
    assert report["contrast"] >= 4.5  # WCAG 2.2, AA


@pytest.mark.parametrize(("kind", "figures"), [("predict", 5), ("sweep", 7), ("validate", 1), ("reproduce", 1)])
def test_figures_are_there_once(kind: str, figures: int, view: tuple[int, bool], pages: dict[str, Path]) -> None:
    assert len(seen(pages[kind], *view)["figures"]) == figures


def test_points_of_a_sweep_answer_to_a_pointer(view: tuple[int, bool], pages: dict[str, Path]) -> None:
    pytest.importorskip("bokeh")
    report = seen(pages["sweep"], *view)
    assert report["drawn"] == report["interactive"] == 2


def test_tables_can_be_sorted_from_the_keyboard(view: tuple[int, bool], pages: dict[str, Path]) -> None:
    assert seen(pages["predict"], *view)["buttons"] > 20
