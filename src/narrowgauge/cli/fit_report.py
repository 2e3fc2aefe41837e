"""What `fit` says of a machine: changes against the specification, contradictions, what is missing, what counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import click

from narrowgauge.cli import screen, voice

if TYPE_CHECKING:
    from narrowgauge.archmodels.machine_fit import HeldOutError
    from narrowgauge.calibration.machine.changes import Account, Change
    from narrowgauge.calibration.machine.fit import Outcome
    from narrowgauge.calibration.machine.targets import Comparison

_REASONS = 5  #: of a kind that are printed


def print_outcome(outcome: Outcome) -> None:
    """Tables and lines that fit 80 columns."""
    click.secho(f"{outcome.fit.machine}, measured as {outcome.fit.gpu}", bold=True)
    laid = [change for change in outcome.changes if change.specified is not None]
    _print_changes(laid)
    _print_contradictions(laid)
    _print_beside(change for change in outcome.changes if change.specified is None)
    _print_comparisons(outcome.comparisons)
    print_held_out(outcome.fit.held_out)
    _print_missing(outcome)
    if outcome.account:
        _print_account(outcome.account)
    for note in outcome.notes:
        voice.note(f"note: {note}")


def _print_changes(changes: list[Change]) -> None:
    from narrowgauge.archmodels.schema import rules

    if not changes:
        return
    columns = ("number", ">spec.", "kind", ">fitted", ">90 %", ">ratio")
    table = screen.table(*columns, title="Over the specification")
    table.columns[0].no_wrap = table.columns[2].no_wrap = True
    section = ""
    for change in sorted(changes, key=lambda change: list(rules()).index(change.reading.path)):
        reading, specified = change.reading, change.specified
        if reading.path.partition(".")[0] != section:
            section = reading.path.partition(".")[0]
            table.add_row(section)
        interval = f"{_number(reading.low)}–{_number(reading.high)}"
        given = ("", "") if specified is None else (_number(specified.value), str(specified.kind))
        ratio = "" if change.ratio is None else f"{change.ratio:.3f}"
        table.add_row(f" {reading.path.partition('.')[2]}", *given, _number(reading.value), interval, ratio)
    screen.console().print(table, markup=False)


def _number(value: float) -> str:
    """Four digits, without an exponent where there are more before the point."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"  # noqa: PLR2004 - the digits that .4g prints


def _print_beside(changes: Iterable[Change]) -> None:
    sections = Counter(change.reading.path.partition(".")[0] for change in changes)
    if sections:
        listed = ", ".join(f"{name} ({count})" for name, count in sections.items())
        click.echo(f"{sections.total()} numbers that no specification holds stand in the file beside those")
        click.echo(screen.wrapped(listed))


def _print_contradictions(changes: list[Change]) -> None:
    against = [change for change in changes if change.contradicts]
    if not against:
        click.echo("no number of the datasheet is contradicted")
        return
    click.secho("Contradicted numbers of the datasheet, or derived; the specification keeps them", bold=True)
    for change in against:
        reading = change.reading
        measured = f"measured {reading.value:.4g} ({reading.low:.4g} to {reading.high:.4g}) {reading.unit}"
        click.echo(screen.wrapped(f"{reading.path}: {change.specified}, {measured}", hang=6))


def _print_comparisons(comparisons: Iterable[Comparison]) -> None:
    found = list(comparisons)
    if not found:
        return
    title = "Published microbenchmarks; NO: not within 5 %"
    table = screen.table("bench", "point", ">published", ">measured", ">ratio", "", title=title)
    table.columns[0].no_wrap = table.columns[1].no_wrap = True
    for item in found:
        axes = " ".join(str(value) for value in item.target.axes.values())
        numbers = (f"{item.target.value:g}", f"{item.measured.value:.4g}", f"{item.ratio:.3f}")
        table.add_row(item.target.bench, axes, *numbers, "" if item.close else "NO")
    screen.console().print(table, markup=False)
    for source in dict.fromkeys(item.target.source for item in found):
        click.echo(screen.wrapped(source))


def print_held_out(errors: Iterable[HeldOutError], title: str = "") -> None:
    """One line per model of a machine's numbers."""
    found = list(errors)
    if not found:
        return
    click.secho(f"{title}mean absolute errors on settings left out", bold=True)
    table = screen.table("model", ">groups", ">points", ">error", ">noise")
    for held in found:
        noise = screen.percent(float("nan") if held.noise is None else held.noise)
        table.add_row(held.model, str(held.groups), str(held.points), screen.percent(held.error), noise)
    screen.console().print(table, markup=False)


def _print_missing(outcome: Outcome) -> None:
    if outcome.missing:
        click.secho("Not fitted", bold=True)
    for missing in outcome.missing:
        click.echo(screen.wrapped(f"{missing.what}: {missing.why}", hang=6))
    if outcome.unread:
        click.echo(screen.wrapped(f"measured, but no number rests on them: {', '.join(outcome.unread)}"))


def _print_account(account: Account) -> None:
    skipped, failed = sum(account.skipped.values()), sum(account.failed.values())
    click.echo(f"{account.measured:,} points count; {skipped} were skipped, {failed} failed, {account.wrong} had a wrong result")
    click.echo(f"{account.discarded:,} of {account.samples:,} samples were discarded, because the clock had moved")
    _print_reasons("skipped", account.skipped)
    _print_reasons("failed", account.failed)


def _print_reasons(outcome: str, reasons: Mapping[str, int]) -> None:
    for reason, count in list(reasons.items())[:_REASONS]:
        click.echo(screen.wrapped(f"{count} {outcome}: {reason}", hang=6))
