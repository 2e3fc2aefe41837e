"""A report as one file of HTML that opens anywhere: styles, scripts and figures inside, everything from users escaped.

A content security policy names the scripts by their hashes and forbids every request, so a text that slipped through could
neither run nor send anything.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterable
from functools import cache
from importlib import metadata
from importlib.resources import files
from pathlib import Path

from narrowgauge.experiments.report.blocks import Report
from narrowgauge.experiments.report.hover import HINT, available, hovers
from narrowgauge.experiments.report.inline import wide_and_narrow
from narrowgauge.experiments.tables import check_writable, write_text

TEMPLATE, STYLE, SCRIPT = "page.html", "page.css", "page.js"


def html(report: Report) -> str:
    """The page."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("narrowgauge.experiments.report", "page"), autoescape=True)
    scatters = report.scatters()
    interactive, drawing = hovers(scatters)
    scripts = [*drawing, _shipped(SCRIPT)]
    return environment.get_template(TEMPLATE).render(
        report=report,
        drawn={plot.name: wide_and_narrow(plot) for plot in report.plots()},
        hovers=interactive,
        scripts=scripts,
        style=_shipped(STYLE),
        policy=_policy(scripts),
        version=metadata.version("narrowgauge"),
        hint=HINT if scatters and not available() else "",
    )


def _policy(scripts: Iterable[str]) -> str:
    hashes = " ".join(f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts)
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {hashes}; base-uri 'none'; form-action 'none'"
    )


@cache
def _shipped(name: str) -> str:
    return (files("narrowgauge.experiments.report") / "page" / name).read_text(encoding="utf-8")


def check_targets(page: Path | None, figures: Path | None) -> None:
    """Raise InputError, before the work is done rather than after it, for places that cannot be written to."""
    if page is not None:
        check_writable(page)
    if figures is not None and not figures.is_dir():
        check_writable(figures)


def deliver(make: Callable[[], Report], page: Path | None, figures: Path | None) -> tuple[str, ...]:
    """Make the report if somebody wants it; write the page, and each figure as PNG, SVG and CSV. Returns a line about each.

    Raises InputError if the disk refuses."""
    if page is None and figures is None:
        return ()
    report = make()
    lines = []
    if page is not None:
        text = html(report)
        write_text(text, page)
        lines.append(f"{page}: {len(text.encode()) / 1e6:.1f} MB")
    if figures is not None:
        written = [path for plot in report.plots() for path in plot.save(figures)]
        lines.append(f"{figures}: {len(written)} files of {len(written) // 3} figures")
    return tuple(lines)
