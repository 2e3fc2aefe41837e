"""`narrowgauge price`: a table of kernels in, the same table with latency, energy and power out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgauge.cli import json_answer, options, screen, voice, what_if
from narrowgauge.cli.command import Command
from narrowgauge.cli.lazy import USAGE
from narrowgauge.cli.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

    from narrowgauge.archmodels import Hardware

SHORT_FALL = 1
EVENT = "event"
ROWS_NAMED = 10  # of each problem; the JSON has all of them
GROUPS_SHOWN = 20
GROUP_BY = ("op", "framework", "scheme", "attn_dtype", "kv_cache_dtype")

EXAMPLES = (
    "narrowgauge price kernels.csv -o priced.csv --on h100-sxm",
    "narrowgauge price gemms.parquet -o out.parquet --on a100-sxm-80gb --physics",
    "narrowgauge price one.csv -o out.csv --on h100-sxm --fidelity event --trace one.json",
    "narrowgauge price gemvs.csv -o out.csv --on hbm2-pim --override channels=16",
)
SECTIONS = {
    "Columns of a row, by kind of kernel": (
        ("GEMM", "m n k; scheme (default bf16), framework"),
        (
            "attention",
            "batch_size isl num_heads num_key_value_heads head_dim; step (tokens in the cache), window_size, attn_dtype, "
            "kv_cache_dtype or scheme, framework; isl 1 is decode",
        ),
        (
            "elementwise",
            "op num_tokens n_embd; n_head n_kv_head for attn_rope, n_expanded_embd for mlp_act; num_tensor_parallel_workers",
        ),
        ("mixed tables", "op, which only elementwise rows need elsewhere"),
        ("published", "tables of ai-dynamo/aiconfigurator (*_perf.txt, .parquet) and microsoft/vidur (mlp.csv) as they are"),
    )
}


@click.command(cls=Command, examples=EXAMPLES, sections=SECTIONS)
@click.argument("source", metavar="TABLE", type=click.Path(path_type=Path))
@options.out_option("FILE", "The priced table, .csv or .parquet.")
@options.machine_option
@options.fits_option
@options.override_option
@options.replace_option
@options.physics_option
@options.fidelity_option
@options.trace_option
@options.json_option
def price(
    source: Path,
    out: Path,
    machine: str,
    fits: Path | None,
    overrides: tuple[str, ...],
    replacements: tuple[str, ...],
    physics: bool,
    fidelity: str,
    trace_file: str | None,
    json_file: str | None,
) -> int:
    """Price every kernel of TABLE (.csv or .parquet) on a GPU or a PIM machine.

    Appends latency_us, latency_us_low, latency_us_high (nominal 90 % interval), energy_mj, power_w, bound_by and source. Columns
    of those names in TABLE are measurements: they are kept as measured_*, and error is then predicted / measured - 1.
    Rows that cannot be priced are listed on standard error, counted from 1 without the header. Exit code 1 if some rows are bad,
    2 if all are (nothing is written then).
    """
    from narrowgauge.experiments import tables
    from narrowgauge.experiments.price import bad_rows, price_table

    tables.suffix_of(out)
    tables.check_writable(out)
    hardware, level = what_if.hardware(machine, fits, overrides, replacements), options.fidelity(fidelity)
    if trace_file is not None and level != EVENT:
        raise click.UsageError("--trace shows a kernel by events: give --fidelity event with it")
    progress = Progress("price", "rows")
    with voice.step(f"{source} read"):
        frame = tables.read_table(source)
    with voice.step(f"{len(frame):,} rows priced"), _named(source):
        priced = price_table(frame, hardware, physics, progress, level)
    progress.close()
    bad = {reason: (rows + 1).tolist() for reason, rows in bad_rows(priced).items()}
    count = sum(map(len, bad.values()))
    for reason, rows in bad.items():
        voice.error(f"{source}: {_rows_clause(rows)}: {reason}")
    if count == len(priced):
        voice.error(f"{source}: no row can be priced, nothing written")
        return USAGE
    tables.write_table(priced, out)
    if trace_file is not None:
        with _named(source):
            _write_timeline(frame, hardware, Path(trace_file))
    summary = _summary(priced, bad, source, out, hardware, physics)
    if json_answer.summary_wanted(json_file):
        _print(summary)
    json_answer.write_json(summary, json_file)
    return SHORT_FALL if count else 0


def _write_timeline(frame: pd.DataFrame, hardware: Hardware, target: Path) -> None:
    from narrowgauge.experiments.tables import write_text
    from narrowgauge.experiments.timeline import shown_units, table_schedule
    from narrowgauge.sim.trace import write_trace

    schedule, share = table_schedule(frame, hardware)
    write_text(write_trace(schedule, shown_units(schedule)), target)
    if share < 1:
        voice.note(f"{target}: {share:.0%} of the kernel's CTAs, its first rounds and its end")


class _named:  # noqa: N801 - reads as a verb in `with`
    """Puts the file's name in front of errors that do not say where they are."""

    def __init__(self, source: Path) -> None:
        self._source = source

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from narrowgauge.errors import InputError, Problem

        if isinstance(error, InputError):
            raise InputError([Problem(p.where or str(self._source), p.what) for p in error.problems]) from None


def _rows_clause(rows: list[int]) -> str:
    if len(rows) == 1:
        return f"row {rows[0]}"
    named = ", ".join(map(str, rows[:ROWS_NAMED]))
    return f"rows {named}{', …' if len(rows) > ROWS_NAMED else ''} ({len(rows):,} rows)"


def _summary(
    priced: pd.DataFrame, bad: dict[str, list[int]], source: Path, out: Path, machine: Hardware, physics: bool
) -> dict[str, Any]:
    import pandas as pd

    from narrowgauge.archmodels import Machine

    count = sum(map(len, bad.values()))
    keys = [name for name in GROUP_BY if name in priced]
    groups: list[tuple[dict[str, Any], pd.DataFrame]]
    good = priced[priced["latency_us"].notna()]
    groups = (
        [(dict(zip(keys, key, strict=True)), part) for key, part in good.groupby(keys, dropna=False)] if keys else [({}, good)]
    )
    return {
        "table": str(source),
        "output": str(out),
        "machine": machine.name,
        "unit": machine.unit.name if isinstance(machine, Machine) and machine.unit else None,
        "overrides": {change.path: change.new.value for change in machine.overrides},
        "physics_only": physics,
        "rows": len(priced),
        "priced": len(priced) - count,
        "bad": count,
        "problems": [{"problem": reason, "count": len(rows), "rows": rows} for reason, rows in bad.items()],
        "mape": _mape(good),
        "groups": [
            {
                "of": {k: str(v) for k, v in of.items() if pd.notna(v)},
                "rows": len(part),
                "latency_us": float(part["latency_us"].sum()),
            }
            | {"mape": _mape(part), "bound_by": str(part["bound_by"].mode()[0])}
            for of, part in groups
        ],
    }


def _mape(priced: pd.DataFrame) -> float | None:
    """Mean absolute error where there are measurements."""
    if "error" not in priced or not priced["error"].notna().any():
        return None
    return float(priced["error"].abs().mean())


def _print(summary: dict[str, Any]) -> None:
    measured = summary["mape"] is not None
    made = screen.table("kernels", ">rows", ">sum of latency", "mostly bound by", *([">mean error"] if measured else []))
    for group in summary["groups"][:GROUPS_SHOWN]:
        cells = [
            " ".join(group["of"].values()) or "all",
            f"{group['rows']:,}",
            f"{group['latency_us'] / 1e3:,.3f} ms",
            group["bound_by"],
        ]
        if measured:
            cells.append("–" if group["mape"] is None else screen.percent(group["mape"]))
        made.add_row(*cells)
    screen.console().print(made)
    if len(summary["groups"]) > GROUPS_SHOWN:
        click.echo(f"and {len(summary['groups']) - GROUPS_SHOWN} groups more (--json has all)")
    error = f", mean absolute error {screen.percent(summary['mape'])}" if measured else ""
    where = f"{summary['machine']} with {summary['unit']}" if summary["unit"] else summary["machine"]
    click.echo(f"{summary['priced']:,} of {summary['rows']:,} rows priced on {where}{error}: {summary['output']}")
