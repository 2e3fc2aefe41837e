"""`narrowgauge map`: tiles, loop orders and stages of one matrix product on an SM, and why a tile does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from narrowgauge.cli import json_answer, names, options, screen, what_if
from narrowgauge.cli.command import Command
from narrowgauge.units import BYTES_PER_KB

if TYPE_CHECKING:
    from narrowgauge.experiments.mapping import GpuMapping

FRONT_SHOWN = 12
OBJECTIVES = ("latency", "energy", "edp")
EXAMPLES = (
    "narrowgauge map 4096x4096x4096 --on a100-sxm-80gb --scheme fp16",
    "narrowgauge map 16x8192x8192 --on a100-sxm-80gb --scheme w2a8 --replace tensor_core=lut-8x",
    "narrowgauge map 512x4096x4096 --on h100-sxm --scheme fp8 --tile 128x128x128",
)


@click.command("map", cls=Command, examples=EXAMPLES)
@click.argument("shape", metavar="MxNxK")
@options.machine_option
@options.fits_option
@options.override_option
@options.replace_option
@options.scheme_option
@click.option(
    "--objective",
    metavar="O",
    type=names.OneOf(OBJECTIVES),
    default="latency",
    show_default=True,
    help="What the best mapping makes small: latency, energy or edp, their product.",
)
@click.option("--tile", metavar="MxNxK", help="This tile in shared memory, instead of a search.")
@options.json_option
def map_(
    shape: str,
    machine: str,
    fits: Path | None,
    overrides: tuple[str, ...],
    replacements: tuple[str, ...],
    scheme: str,
    objective: str,
    tile: str | None,
    json_file: str | None,
) -> int:
    """Search the best mapping of C[m,n] = A[m,k] · B[k,n], activations A and weights B, onto an SM.

    A model of bandwidths and capacities, for tensor cores and for units that no kernel was written for. Prints the loop
    nest, what it is bound by, and the mappings that no other beats in both latency and energy. A tile that does not fit is
    explained: what it needs, what there is, and which changes would make it fit.
    """
    from narrowgauge.archmodels import Machine
    from narrowgauge.dataflows.mapping import Objective
    from narrowgauge.errors import InputError
    from narrowgauge.experiments.mapping import map_product, parse_sizes
    from narrowgauge.formats import parse_scheme

    gpu = what_if.hardware(machine, fits, overrides, replacements)
    if not isinstance(gpu, Machine):
        raise InputError(f"{gpu.name} is no GPU: only an SM has the memories that the search knows")
    sizes, given = parse_sizes(shape), parse_sizes(tile, "--tile") if tile else None
    found = map_product(gpu, parse_scheme(scheme), sizes, Objective(objective), given)
    if json_file != json_answer.STDOUT:
        _print(found, gpu.name, scheme)
        if gpu.unit and gpu.unit.name != found.target.compute.name:
            click.echo(screen.wrapped(f"{gpu.unit.name} takes no {scheme}: mapped onto the tensor cores beside it"))
    json_answer.write_json(found.to_json(), json_file)
    return 0


def _print(found: GpuMapping, machine: str, scheme: str) -> None:
    product, best = found.product, found.found.best
    click.secho(f"{product.m} × {product.n} × {product.k}, {scheme}, on {machine}", bold=True)
    click.echo(f"  {found.latency_us:,.2f} us, {found.energy_uj:,.1f} uJ, bound by {found.bound_by}")
    (rows, columns), part = found.grid, found.slice
    click.echo(f"  split over {rows} × {columns} SMs, {part.m} × {part.n} × {part.k} each")
    loops = screen.table("level", "tile m×n×k", "buffers in, out", "loops over it, outermost first")
    for index, (level, order) in enumerate(zip(found.target.levels, best.mapping.orders, strict=True)):
        fan = dict(zip("mnk", best.mapping.fans[index], strict=True))
        stages = best.mapping.stages[index - 1] if index else None
        buffers = f"{stages.inputs}, {stages.output}" if stages else ""
        words = " ".join(f"{d}:{fan[d]}" for d in order if fan[d] > 1) or "one tile"
        loops.add_row(level.name, "×".join(map(str, best.tiles[index])), buffers, words)
    loops.add_row(found.target.compute.name, "×".join(map(str, found.target.compute.quantum)), "", "")
    screen.console().print(loops)
    busy = screen.table("resource", ">busy cycles", ">share")
    for name, cycles in best.busy_cycles.items():
        if cycles:
            busy.add_row(name, f"{cycles:,.0f}", screen.percent(cycles / best.latency_cycles))
    screen.console().print(busy)
    _print_front(found)


def _print_front(found: GpuMapping) -> None:
    front = found.found.front
    click.secho("Pareto front of one SM", bold=True)
    made = screen.table(">cycles", ">nJ", ">KB held", "smem tile", "register tile", "loops")
    for entry in front[:FRONT_SHOWN]:
        tiles = ["×".join(map(str, tile)) for tile in entry.tiles[1:3]]
        loops = " ".join("".join(order) for order in entry.mapping.orders)
        kilobytes = entry.buffer_bytes / BYTES_PER_KB
        made.add_row(f"{entry.latency_cycles:,.0f}", f"{entry.energy_pj / 1e3:,.1f}", f"{kilobytes:,.1f}", *tiles, loops)
    screen.console().print(made)
    rest = f"; {len(front) - FRONT_SHOWN} more with --json" if len(front) > FRONT_SHOWN else ""
    proof = "the optimum of this split" if found.found.complete else "the best of those tried"
    click.echo(screen.wrapped(f"{found.found.tried:,} mappings that fit were priced; the loop nest is {proof}{rest}"))
