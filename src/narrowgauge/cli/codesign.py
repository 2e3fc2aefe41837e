"""`narrowgauge codesign`: a scheme for every block of a model, least loss within a time per token and a memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from narrowgauge.cli import json_answer, names, options, screen, what_if
from narrowgauge.cli.command import Command

if TYPE_CHECKING:
    from narrowgauge.experiments.codesign.allocate import Allocation

EXAMPLES = (
    "narrowgauge codesign llama-3-8b sensitivities.csv --on a100-sxm-80gb --tpot-ms 6",
    "narrowgauge codesign llama-3-8b sensitivities.csv --on h100-sxm --memory-gb 12 --batch 16 --json -",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("model", metavar="MODEL", type=names.MODEL)
@click.argument("table", metavar="TABLE", type=click.Path(path_type=Path))
@options.machine_option
@options.fits_option
@options.override_option
@options.replace_option
@click.option("--tpot-ms", metavar="MS", type=click.FloatRange(0, min_open=True), help="Most time per output token.")
@click.option("--memory-gb", metavar="GB", type=click.FloatRange(0, min_open=True), help="Most memory of the GPU.")
@click.option("--batch", metavar="B", type=int, default=1, show_default=True, help="Sequences that run together.")
@click.option("--input", "input_tokens", metavar="L", type=int, default=1024, show_default=True, help="Tokens of each prompt.")
@click.option("--output", "output_tokens", metavar="T", type=int, default=128, show_default=True, help="New tokens of each.")
@options.json_option
def codesign(
    model: str,
    table: Path,
    machine: str,
    fits: Path | None,
    overrides: tuple[str, ...],
    replacements: tuple[str, ...],
    tpot_ms: float | None,
    memory_gb: float | None,
    batch: int,
    input_tokens: int,
    output_tokens: int,
    json_file: str | None,
) -> int:
    """Choose a scheme for every block of MODEL so that the losses of TABLE sum to the least within the budgets.

    TABLE has columns layer, scheme, loss (and operator for single linear maps): your sensitivities, on any scale. Times are those
    of `predict` on the calibrated machine; the optimum is exact.
    """
    from narrowgauge.experiments.codesign.allocate import allocate
    from narrowgauge.experiments.codesign.sensitivity_table import read_sensitivities
    from narrowgauge.workloads import read_model

    gpu = what_if.hardware(machine, fits, overrides, replacements)
    found = allocate(
        read_model(model),
        gpu,
        read_sensitivities(table),
        tpot_ms=tpot_ms,
        memory_gb=memory_gb,
        batch=batch,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
    )
    if json_file != json_answer.STDOUT:
        _print(found, model, gpu.name)
    json_answer.write_json(found.to_json(), json_file)
    return 0


def _print(found: Allocation, model: str, machine: str) -> None:
    click.secho(f"{model} on {machine}: loss {found.loss:.6g}", bold=True)
    click.echo(f"  {found.tpot_ms:.3f} ms per output token, {found.memory_gb:.2f} GB")
    made = screen.table("scheme", ">chosen for", ">loss if uniform", ">ms per token", ">GB")
    for name, (loss, tpot, memory) in found.uniform.items():
        count = sum(scheme == name for scheme in found.schemes.values())
        made.add_row(
            name, f"{count} of {len(found.schemes)}", "–" if loss is None else f"{loss:.6g}", f"{tpot:.3f}", f"{memory:.2f}"
        )
    screen.console().print(made)
    front = screen.table(">ms per token", ">loss")
    for tpot, loss in found.front:
        front.add_row(f"{tpot:.3f}", f"{loss:.6g}")
    click.secho("Least loss at other times per token", bold=True)
    screen.console().print(front)
    for name in found.uniform:
        where = [
            f"{layer}" if part == "*" else f"{layer} {part}" for (layer, part), scheme in found.schemes.items() if scheme == name
        ]
        if where:
            click.echo(screen.wrapped(f"{name}: {', '.join(where)}"))
