"""narrowgauge: what low-bit LLM inference costs on GPUs that exist and on hardware that does not exist yet.

Five lines from import to a result:

    import narrowgauge as ng

    machine = ng.load_machine("a100-sxm-80gb")
    answer = ng.predict("llama-3-8b", on=machine, scheme="w4a16", batch=8, input_tokens=1024, output_tokens=256)
    print(answer.tpot_ms.value, answer.tpot_ms.low, answer.tpot_ms.high)
    frame = answer.frame()  # a row per phase and operator: time, interval, what binds it, energy, where the price comes from

The grammar is four nouns and a few verbs. Every noun is immutable; every change returns a new one.

    model     what is computed      ng.read_model("llama-3-8b") or a Hugging Face config.json
    scheme    in which formats      ng.parse_scheme("w4a16-g128"): weights, activations, KV cache, accumulator
    machine   on which hardware     ng.load_machine("h100-sxm"), "hbm2-pim" or a YAML file
    result    what it costs         every number with low and high, and a breakdown that says why

    ng.predict(model, on=machine, scheme=..., batch=...)    a whole model: first token, further tokens, energy, memory
    ng.price_table(frame, machine)                          a table of kernels, the columns of published measurements
    ng.build_graph(model, scheme, "decode", batch=8)        the operators of one pass, with MACs and bytes
    ng.memory_footprint(model, scheme, batch, context)      what has to fit
    ng.describe(machine)                                    every number of a machine, its source, what nobody measured
    ng.run_sweep("sweep.yaml", "results")                   many predictions, kept as they finish (docs/sweeps.md)
    ng.read_results("results")                              their table, a row per point
    ng.reproduce("bitmod", model="yi-6b")                   published figures of a paper beside predicted ones, and beyond them
    machine.replace_unit("tensor_core", "lut-8x")           an unbuilt unit in a measured GPU (docs/in_situ.md)
    machine.with_(**{"dram.bandwidth_gb_per_s": 4800})      a what-if variant; predictions say that it is one

Names take `-` and `_` alike. `ng.machine_names()` (GPUs), `ng.pim_names()`, `ng.unit_names()`, `ng.model_names()`,
`ng.experiment_names()` (papers) and `ng.SCHEMES` list what ships.
Wrong input is one `ng.InputError` with all its problems, a task that hardware refuses an `ng.UnsupportedError`, a model that does
not fit an `ng.CapacityError`; all are `ng.NarrowgaugeError`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from narrowgauge.archmodels import Machine, load_machine, machine_names, pim_names
    from narrowgauge.archmodels.hardware import describe
    from narrowgauge.archmodels.units import load_unit, unit_names
    from narrowgauge.errors import CapacityError, InputError, NarrowgaugeError, UnsupportedError
    from narrowgauge.experiments.predict import predict
    from narrowgauge.experiments.predict_result import Prediction
    from narrowgauge.experiments.price import price_table
    from narrowgauge.experiments.reproduction import experiment_names, reproduce
    from narrowgauge.experiments.sweep import read_results, run_sweep
    from narrowgauge.formats import SCHEMES, QuantScheme, parse_scheme
    from narrowgauge.workloads import ModelConfig, build_graph, memory_footprint, model_names, read_model

__all__ = [
    "SCHEMES",
    "CapacityError",
    "InputError",
    "Machine",
    "ModelConfig",
    "NarrowgaugeError",
    "Prediction",
    "QuantScheme",
    "UnsupportedError",
    "build_graph",
    "describe",
    "experiment_names",
    "load_machine",
    "load_unit",
    "machine_names",
    "memory_footprint",
    "model_names",
    "parse_scheme",
    "pim_names",
    "predict",
    "price_table",
    "read_model",
    "read_results",
    "reproduce",
    "run_sweep",
    "unit_names",
]

_HOMES = {
    "archmodels": ("Machine", "describe", "load_machine", "machine_names", "pim_names"),
    "archmodels.units": ("load_unit", "unit_names"),
    "errors": ("CapacityError", "InputError", "NarrowgaugeError", "UnsupportedError"),
    "experiments.predict": ("predict",),
    "experiments.predict_result": ("Prediction",),
    "experiments.price": ("price_table",),
    "experiments.reproduction": ("experiment_names", "reproduce"),
    "experiments.sweep": ("read_results", "run_sweep"),
    "formats": ("SCHEMES", "QuantScheme", "parse_scheme"),
    "workloads": ("ModelConfig", "build_graph", "memory_footprint", "model_names", "read_model"),
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import narrowgauge` costs nothing."""
    for home, names in _HOMES.items():
        if name in names:
            value = getattr(import_module(f"{__name__}.{home}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
