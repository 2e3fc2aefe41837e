"""`narrowgauge show`: everything known of one name, whatever it names."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

import click

from narrowgauge.cli import (
    json_answer,
    names,
    options,
    show_accelerator,
    show_device,
    show_fit,
    show_format,
    show_kernel,
    show_machine,
    show_memory,
    show_model,
    show_paper,
    show_unit,
)
from narrowgauge.cli.command import Command
from narrowgauge.cli.listing import fit_names
from narrowgauge.errors import InputError, NarrowgaugeError, nearest
from narrowgauge.registry import canonical

Describe = Callable[[str], dict[str, Any]]


def _catalogues() -> tuple[tuple[Collection[str], Describe], ...]:
    """The names of each kind, and what describes one of them."""
    from narrowgauge.archmodels import machine_names, npu_names, pim_names, system_names
    from narrowgauge.archmodels.accelerator import accelerator_names
    from narrowgauge.archmodels.cpu import cpu_names
    from narrowgauge.archmodels.fpga import fpga_names
    from narrowgauge.archmodels.units import unit_names
    from narrowgauge.experiments.price_kinds import KINDS
    from narrowgauge.experiments.reproduction import experiment_names
    from narrowgauge.formats import FORMATS, SCHEMES
    from narrowgauge.sim.dram import standard_names
    from narrowgauge.workloads import model_names

    return (
        ((*machine_names(), *pim_names(), *npu_names(), *system_names()), show_machine.describe_machine),
        (model_names(), show_model.describe_model),
        (SCHEMES, show_format.describe_scheme),
        (FORMATS, show_format.describe_format),
        (tuple(kind.name for kind in KINDS), show_kernel.describe_kernel),
        (standard_names(), show_memory.describe_memory),
        (unit_names(), show_unit.describe_unit),
        (accelerator_names(), show_accelerator.describe_accelerator),
        (cpu_names(), show_device.describe_cpu),
        (fpga_names(), show_device.describe_fpga),
        (experiment_names(), show_paper.describe_paper),
        (fit_names(), show_fit.describe_fit),
    )


def every_name() -> list[str]:
    """Everything that can be shown by its name."""
    return [name for names_of_kind, _ in _catalogues() for name in names_of_kind]


def _kinds_of(name: str) -> list[Describe]:
    """What describes the name, several where it names several things (`nf4` is a format and a scheme)."""
    from narrowgauge.formats import parse_scheme

    key = canonical(name)
    if name.lower().endswith((".yaml", ".yml")):
        return [_of_file(name)]
    if "/" in name or name.lower().endswith(".json"):
        return [show_model.describe_model]
    found = [describe for known, describe in _catalogues() if key in known]
    if found:
        return found
    try:
        parse_scheme(name)
    except NarrowgaugeError:
        close = nearest(key, every_name()).split("? allowed:")[0]
        hint = f"{close}? " if close.startswith("did you mean") else ""
        raise InputError(f"nothing is named '{name}'; {hint}`narrowgauge list` prints every name") from None
    return [show_format.describe_scheme]


def _of_file(path: str) -> Describe:
    """What describes a specification: a key, its own or its base's, says what it is of; GPUs have none."""
    from narrowgauge.archmodels.catalogue import open_specification
    from narrowgauge.archmodels.specification import chain

    said = {key: entry for source in reversed(list(chain(open_specification(path)))) for key, entry in source.tree.items()}
    if "unit" in said:
        return show_unit.describe_unit
    if "pe_array" in said:
        return show_accelerator.describe_accelerator
    devices = {"cpu": show_device.describe_cpu, "fpga": show_device.describe_fpga}
    return devices.get(str(said.get("machine")), show_machine.describe_machine)


EXAMPLES = (
    "narrowgauge show h100-sxm",
    "narrowgauge show w4a16-g128",
    "narrowgauge show llama-3-8b --json -",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("name", metavar="NAME", type=names.Name("name", every_name, files=True))
@options.fits_option
@options.override_option
@options.json_option
def show(name: str, fits: Path | None, overrides: tuple[str, ...], json_file: str | None) -> None:
    """Everything known of NAME, any name that `narrowgauge list` prints, or of a specification or config.json by its path.

    Of a machine: every number with its unit, kind and source, and the list of those that nobody measured; with --fits, what was
    fitted beside what the specification says.
    """
    kinds = _kinds_of(name)
    if overrides or fits:
        if show_machine.describe_machine not in kinds:
            raise InputError(f"{'--override' if overrides else '--fits'}: '{name}' is no machine")
        kinds = [partial(show_machine.describe_machine, fits=fits, overrides=overrides)]
    described = [describe(name) for describe in kinds]
    if json_file != json_answer.STDOUT:
        for item in described:
            PRINTERS[item["kind"]](item)
    json_answer.write_json(described[0] if len(described) == 1 else described, json_file)


PRINTERS: dict[str, Callable[[dict[str, Any]], None]] = {
    "machine": show_machine.print_machine,
    "model": show_model.print_model,
    "scheme": show_format.print_facts,
    "format": show_format.print_facts,
    "kernel": show_format.print_facts,
    "memory": show_machine.print_machine,
    "fit": show_fit.print_fit,
    "unit": show_unit.print_unit,
    "accelerator": show_machine.print_machine,
    "device": show_machine.print_machine,
    "paper": show_paper.print_paper,
}
