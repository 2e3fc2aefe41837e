"""Command line: parses, calls, prints. One file per command, imported when the command is called.

Exit codes: 0 done, 1 a check fell short or some rows are bad, 2 wrong input or use, 130 interrupted, 141 a pipe's reader left,
70 a fault in narrowgauge itself.
"""

from __future__ import annotations

import click

from narrowgauge.cli.lazy import LazyGroup

#: name of each command: its module in this package, and the line that the overview shows
COMMANDS = {
    "predict": ("predict", "Latency, throughput, memory and energy of a model."),
    "sweep": ("sweep", "Many predictions from one file, kept as they finish."),
    "results": ("results", "Questions to the results of a sweep: filter, compare, Pareto front."),
    "reproduce": ("reproduce", "Published results of papers beside predicted ones."),
    "price": ("price", "Price a table of kernels (CSV or Parquet)."),
    "codesign": ("codesign", "A scheme for every block of a model: least loss within time and memory."),
    "map": ("map", "Tiles, loop orders and stages of one matrix product: the dataflow search."),
    "measure": ("measure", "Microbenchmarks on this machine's GPU, or the plan of them."),
    "memory": ("memory", "A DRAM under a stream of requests: bandwidth, latency, energy."),
    "fit": ("fit", "Fit the models to measured data."),
    "validate": ("validate", "Errors of the models on measured data left out of the fit."),
    "list": ("listing", "Names of machines, models, schemes, formats, kernels, memories and fits."),
    "show": ("show", "Everything known of one of them."),
    "completion": ("completion", "Names and options completed by bash, zsh or fish."),
}


@click.group(
    "narrowgauge",
    cls=LazyGroup,
    commands_in=(__name__, COMMANDS),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: narrowgauge predict llama-3-8b --on a100-sxm-80gb --scheme w4a16",
)
@click.version_option(package_name="narrowgauge", message="%(prog)s %(version)s")
def main() -> None:
    """What low-bit LLM inference costs on GPUs that exist and on hardware that does not exist yet."""
