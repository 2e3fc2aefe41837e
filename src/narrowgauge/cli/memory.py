"""`narrowgauge memory`: a DRAM under a stream of requests; bandwidth, latency, row hits, commands and energy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from narrowgauge.cli import json_answer, names, options, screen, voice
from narrowgauge.cli.command import Command

EXAMPLES = (
    "narrowgauge memory hbm2 --pattern random",
    "narrowgauge memory hbm3 --pattern seq --channels 8 --writes 0.3",
    "narrowgauge memory ddr4 --pattern row-conflict --override tRP=30 --json -",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("standard", metavar="STANDARD", type=names.MEMORY)
@click.option("--pattern", metavar="P", help="seq (default), random, stride:N, row-hit, row-conflict, two-row, bank-conflict.")
@click.option(
    "--replay", metavar="FILE", type=click.Path(path_type=Path), help="Requests of a file instead: '0xADDR R|W' a line."
)
@click.option("--requests", metavar="N", type=int, default=20_000, show_default=True, help="Requests of a pattern.")
@click.option("--writes", metavar="SHARE", type=float, default=0.0, show_default=True, help="Share of writes in a pattern.")
@click.option("--seed", metavar="N", type=click.IntRange(min=0), default=0, show_default=True, help="Of random draws.")
@click.option("--channels", metavar="N", type=int, default=1, show_default=True, help="Channels, a power of two.")
@click.option("--mapping", metavar="M", help="Fields of an address, highest first: RoRaBaCoBgPcCh.")
@click.option("--policy", metavar="P", help="When rows close: open (for another row) or closed (when idle).")
@click.option("--refresh", metavar="R", help="all-bank (default), per-bank or none.")
@click.option("--max-outstanding", metavar="N", type=int, help="Requests of a channel under way at once; 0: no bound.")
@click.option("--queue", "queue_depth", metavar="N", type=int, help="Requests a channel's scheduler sees.")
@options.override_option
@options.json_option
def memory(
    standard: str,
    pattern: str | None,
    replay: Path | None,
    requests: int,
    writes: float,
    seed: int,
    overrides: tuple[str, ...],
    json_file: str | None,
    **controller: Any,
) -> int:
    """Serve requests from a DRAM as fast as its timings allow.

    STANDARD is a name of `narrowgauge list memories`. Requests wait in order until the controller's queue has room. --override
    takes timings, in cycles (tRP=30) or in nanoseconds (tRP_ns=15).
    """
    from narrowgauge.errors import InputError
    from narrowgauge.experiments.memory import report
    from narrowgauge.sim.dram import Controller, load_standard, simulate
    from narrowgauge.sim.dram.patterns import stream
    from narrowgauge.sim.dram.trace import read_trace

    if replay is not None and pattern is not None:
        raise InputError("give --pattern or --replay, not both")
    tables = load_standard(standard, _overrides(overrides))
    chosen = Controller.of(tables, **controller)
    name = str(replay) if replay is not None else pattern or "seq"
    given = stream(tables, chosen, name, requests, writes, seed) if replay is None else read_trace(replay)
    with voice.step("requests served"):
        answer = report(simulate(tables, given, chosen), name)
    if json_file != json_answer.STDOUT:
        _print(answer)
    json_answer.write_json(answer, json_file)
    return 0


def _overrides(texts: tuple[str, ...]) -> dict[str, str]:
    from narrowgauge.errors import InputError, Problem

    pairs = [text.partition("=") for text in texts]
    wrong = [Problem("--override", f"is '{''.join(pair)}', write PATH=VALUE") for pair in pairs if not (pair[0] and pair[2])]
    if wrong:
        raise InputError(wrong)
    return {name.strip().removeprefix("timing."): value.strip() for name, _, value in pairs}


def _print(answer: dict[str, Any]) -> None:
    click.secho(f"{answer['memory']}, {answer['requests']:,} requests: {answer['stream']}", bold=True)
    for words in answer["overrides"]:
        click.echo(f"  what if: {words}")
    latency, energy = answer["latency_ns"], answer["energy_pj"]
    made = screen.table("figure", ">value", "unit")
    rows = [
        ("cycles", f"{answer['cycles']:,}", f"of {answer['tck_ps']} ps"),
        ("time", f"{answer['time_us']:,.2f}", "us"),
        ("bandwidth", f"{answer['bandwidth_gb_per_s']:,.2f}", f"GB/s, {screen.percent(answer['share_of_pins'])} of the pins"),
        ("latency, mean", f"{latency['mean']:,.0f}", "ns"),
        ("latency, p50", f"{latency['p50']:,.0f}", "ns"),
        ("latency, p99", f"{latency['p99']:,.0f}", "ns"),
        ("row hits", f"{answer['row_hits']:,}", screen.percent(answer["row_hit_share"])),
    ]
    rows += [(f"commands {name}", f"{number:,}", "") for name, number in answer["commands"].items()]
    if energy["total"] is not None:
        rows.append(("energy", f"{energy['total'] / 1e6:,.2f}", f"uJ, {answer['energy_pj_per_bit']:.2f} pJ/bit"))
    for row in rows:
        made.add_row(*row)
    screen.console().print(made)
    for reason in answer["unavailable"]:
        click.echo(screen.wrapped(f"not known: {reason}"))
