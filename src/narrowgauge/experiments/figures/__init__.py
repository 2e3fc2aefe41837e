"""Figures of results: each function takes a result and returns a `Plot`, a picture together with the table that it shows.

    plot = roofline(answer, machine)      # answer = ng.predict(...)
    plot.figure()                         # a matplotlib figure
    plot.data                             # the numbers in it, a pandas table
    plot.save("figures")                  # roofline.png, roofline.svg, roofline.csv

`docs/reports.md` shows them all.
"""

from narrowgauge.experiments.figures.binding import binding
from narrowgauge.experiments.figures.breakdown import breakdown
from narrowgauge.experiments.figures.comparison import comparison, rows_of
from narrowgauge.experiments.figures.limits import limits
from narrowgauge.experiments.figures.lines import lines
from narrowgauge.experiments.figures.pareto import pareto
from narrowgauge.experiments.figures.plot import Plot
from narrowgauge.experiments.figures.published import published
from narrowgauge.experiments.figures.relief import relief
from narrowgauge.experiments.figures.roofline import roofline
from narrowgauge.experiments.figures.validation import validation

__all__ = [
    "Plot",
    "binding",
    "breakdown",
    "comparison",
    "limits",
    "lines",
    "pareto",
    "published",
    "relief",
    "roofline",
    "rows_of",
    "validation",
]
