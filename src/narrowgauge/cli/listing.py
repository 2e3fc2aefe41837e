"""`narrowgauge list`: the names that other commands take."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click

from narrowgauge.cli import json_answer, names, options, screen
from narrowgauge.cli.command import Command

Lines = Iterable[tuple[str, str]]


def _machines() -> Lines:
    from narrowgauge.archmodels import load_gpu, machine_names

    for name in machine_names():
        gpu = load_gpu(name).resources
        yield name, f"{gpu.architecture}, {gpu.sm_count} SMs, {gpu.memory_gb:g} GB at {gpu.dram_gb_per_s:,.0f} GB/s"


def _pim_machines() -> Lines:
    from narrowgauge.archmodels import load_machine, pim_names

    for name in pim_names():
        yield name, load_machine(name).specification.texts["title"]


def _npus() -> Lines:
    from narrowgauge.archmodels import load_machine, npu_names

    for name in npu_names():
        yield name, load_machine(name).specification.texts["title"]


def _systems() -> Lines:
    from narrowgauge.archmodels import load_machine, system_names

    for name in system_names():
        yield name, load_machine(name).specification.texts["title"]


def _models() -> Lines:
    from narrowgauge.workloads import model_names, parameter_count, read_model

    for name in model_names():
        model = read_model(name)
        yield name, f"{parameter_count(model) / 1e9:.2f} G parameters, {model.layers} layers"


def _schemes() -> Lines:
    from narrowgauge.formats import SCHEMES, parse_scheme

    for name in SCHEMES:
        scheme = parse_scheme(name)
        parts = (scheme.weight, scheme.activation, scheme.kv_cache)
        yield name, " × ".join(str(part.format.name) for part in parts[:2]) + f", KV cache {parts[2].format.name}"


def _formats() -> Lines:
    from narrowgauge.formats import FORMATS

    for name, fmt in FORMATS.items():
        yield name, f"{float(fmt.storage_bits):g} bits stored, largest {fmt.max:g}"


def _kernels() -> Lines:
    from narrowgauge.experiments.price_kinds import KINDS

    for kind in KINDS:
        yield kind.name, f"columns {' '.join(kind.required)}; op {', '.join(name.replace('-', '_') for name in kind.ops)}"


def _memories() -> Lines:
    from narrowgauge.sim.dram import load_standard, standard_names

    for name in standard_names():
        standard = load_standard(name)
        yield name, f"{standard.title}; {standard.pin_gb_per_s:g} GB/s a channel"


def _units() -> Lines:
    from narrowgauge.archmodels.units import load_unit, unit_names

    for name in unit_names():
        yield name, load_unit(name).texts["title"]


def _cpus() -> Lines:
    from narrowgauge.archmodels.cpu import cpu_names, load_cpu

    for name in cpu_names():
        yield name, load_cpu(name).texts["title"]


def _fpgas() -> Lines:
    from narrowgauge.archmodels.fpga import fpga_names, load_fpga

    for name in fpga_names():
        yield name, load_fpga(name).texts["title"]


def _accelerators() -> Lines:
    from narrowgauge.archmodels.accelerator import accelerator_names, load_accelerator

    for name in accelerator_names():
        yield name, load_accelerator(name).texts["title"]


def _papers() -> Lines:
    from narrowgauge.experiments.reproduction import experiment_names, load_experiment

    for name in experiment_names():
        yield name, load_experiment(name)[1].title


def _fits() -> Lines:
    from narrowgauge.calibration.record import shipped

    for name in fit_names():
        fit = shipped(*name.split(".", 1))
        if fit is not None:
            rows = sum(library.rows for precision in fit.precisions.values() for library in precision.libraries.values())
            yield name, f"{rows:,} rows: {', '.join(fit.precisions)}"


def fit_names() -> tuple[str, ...]:
    """Names of the shipped fits of kernels, `machine.family`."""
    from importlib.resources import files

    from narrowgauge.archmodels.machine_fit import SUFFIX

    folder = files("narrowgauge.calibration").joinpath("fits")
    names = (entry.name for entry in folder.iterdir()) if folder.is_dir() else ()
    kernels = (name for name in names if name.endswith(".json") and name.count(".") > 1 and not name.endswith(SUFFIX))
    return tuple(sorted(name.removesuffix(".json") for name in kernels))


TOPICS: dict[str, Callable[[], Lines]] = {
    "machines": _machines,
    "pim-machines": _pim_machines,
    "npus": _npus,
    "systems": _systems,
    "models": _models,
    "schemes": _schemes,
    "formats": _formats,
    "kernels": _kernels,
    "memories": _memories,
    "units": _units,
    "accelerators": _accelerators,
    "cpus": _cpus,
    "fpgas": _fpgas,
    "papers": _papers,
    "fits": _fits,
}


EXAMPLES = ("narrowgauge list", "narrowgauge list machines", "narrowgauge list schemes --json -")


@click.command("list", cls=Command, examples=EXAMPLES)
@click.argument("topic", metavar="[TOPIC]", type=names.OneOf(lambda: TOPICS), required=False)
@options.json_option
def list_command(topic: str | None, json_file: str | None) -> None:
    """Names that other commands take, each with a line about it.

    TOPIC is machines (GPUs), pim-machines, npus, systems (a GPU or an NPU with PIM memory), models, schemes, formats, kernels,
    memories, units (that can stand in a GPU or an array), accelerators (around an array of units), cpus, fpgas, papers (that
    `reproduce` knows) or fits; without it, the names alone, of everything.
    """
    topics = [topic] if topic else list(TOPICS)
    found = {name: dict(TOPICS[name]()) for name in topics}
    if json_file != json_answer.STDOUT:
        for name, lines in found.items():
            if topic:
                _print_lines(lines)
            else:
                click.secho(f"{name} ({len(lines)})", bold=True)
                click.echo(screen.wrapped("  ".join(lines) or "none", hang=2))
    json_answer.write_json(found if topic is None else found[topic], json_file)


def _print_lines(lines: dict[str, str]) -> None:
    if not lines:
        click.echo("none")
        return
    made = screen.table("name", "what")
    for name, words in lines.items():
        made.add_row(name, words)
    screen.console().print(made)
