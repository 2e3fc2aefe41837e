"""Figures as part of a page: SVG without a document around it, in the colours of the page's theme."""

from __future__ import annotations

import re

from narrowgauge.experiments.figures.plot import Plot
from narrowgauge.experiments.figures.style import INK, NARROW_IN, PAPER, RULE, WIDE_IN

#: inks of a figure: what the page's style sheet puts in their place
THEME = {INK: "currentColor", RULE: "var(--rule)", PAPER: "var(--paper)"}
_BEFORE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_GROUP_NAME = re.compile(r'<g id="[^"]*"')
_COORDINATES = re.compile(r' (?:d|x|y)="[^"]*"')
_DIGITS = re.compile(r"(\.\d\d)\d+")  # a hundredth of a point is more than can be seen
_FONT = re.compile(r"'DejaVu Sans'[^;\"]*")
_FONTS = "system-ui, 'DejaVu Sans', sans-serif"


def wide_and_narrow(plot: Plot) -> tuple[str, str]:
    """The figure for pages and for phones; the style sheet shows one of them."""
    return _fragment(plot.svg(WIDE_IN)), _fragment(plot.svg(NARROW_IN))


def _fragment(document: str) -> str:
    """The `svg` element of a document of matplotlib's, scaled to its place, with the names of groups left out, which would be
    there twice on a page of several figures."""
    text = _METADATA.sub("", _BEFORE.sub("", document, count=1))
    text = _FONT.sub(_FONTS, _GROUP_NAME.sub("<g", text))
    text = _COORDINATES.sub(lambda found: _DIGITS.sub(r"\1", found[0]), text)
    for ink, themed in THEME.items():
        text = text.replace(ink, themed)
    return text.strip()
