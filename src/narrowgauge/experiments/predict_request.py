"""What is asked of `predict`, checked all at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from narrowgauge.archmodels import Hardware, Machine, Npu, PimMachine, System, load_machine
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.experiments.fidelity import Fidelity
from narrowgauge.experiments.serving import Framework, framework
from narrowgauge.formats import QuantScheme, parse_scheme
from narrowgauge.registry import canonical
from narrowgauge.workloads import ModelConfig, read_model
from narrowgauge.workloads.fields import MAX_DIMENSION
from narrowgauge.workloads.parallel import Split

M = TypeVar("M")


@dataclass(frozen=True)
class Question:
    """A checked question but for the machine: a model and sizes that make sense together."""

    model: ModelConfig
    scheme: QuantScheme
    batch: int
    input_tokens: int
    output_tokens: int
    tp: int
    framework: Framework
    fidelity: Fidelity
    physics_only: bool

    @property
    def context(self) -> int:
        """Tokens of a finished sequence."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True)
class Request(Question):
    """A checked question to a GPU."""

    machine: Machine


@dataclass(frozen=True)
class SystemRequest(Question):
    """A checked question to an NPU, or to a host with PIM memory."""

    machine: Npu | System


@lru_cache(maxsize=64)
def _shipped_machine(name: str) -> Hardware:
    return load_machine(name)


def _host(on: str | PathLike[str] | Hardware) -> Machine | Npu | System:
    """The hardware; raises InputError for what cannot run a model on its own."""
    found = on if isinstance(on, Hardware) else _loaded(on)
    if isinstance(found, PimMachine):
        why = "has no unit for prefill, norms and activations: a model needs a host beside it (`narrowgauge list systems`)"
        raise InputError([Problem("on", f"{found.name} {why}; `narrowgauge price` prices its GEMM and attention rows")])
    return found


def _gpu(on: str | PathLike[str] | Hardware) -> Machine:
    """The GPU; raises InputError for other hardware."""
    found = _host(on)
    if not isinstance(found, Machine):
        raise InputError([Problem("on", f"{found.name} is no GPU; only `predict` takes NPUs and heterogeneous machines")])
    return found


def _loaded(on: str | PathLike[str]) -> Hardware:
    if isinstance(on, str) and not any(mark in on for mark in "./\\"):
        return _shipped_machine(canonical(on))
    return load_machine(Path(on))


def check(
    model: str | PathLike[str] | ModelConfig,
    on: str | PathLike[str] | Hardware,
    scheme: str | QuantScheme,
    batch: int,
    input_tokens: int,
    output_tokens: int,
    tp: int,
    framework_name: str | None,
    fidelity: str,
    physics_only: bool,
) -> Request | SystemRequest:
    """The request to a GPU, an NPU or a heterogeneous machine; raises one InputError with everything that is wrong."""
    sizes = (batch, input_tokens, output_tokens, tp)
    machine, question = _checked(lambda: _host(on), model, scheme, sizes, framework_name, fidelity, physics_only)
    if isinstance(machine, Machine):
        return Request(**vars(question), machine=machine)
    return SystemRequest(**vars(question), machine=machine)


def check_gpu(
    model: str | PathLike[str] | ModelConfig,
    on: str | PathLike[str] | Hardware,
    scheme: str | QuantScheme,
    batch: int,
    input_tokens: int,
    output_tokens: int,
    tp: int,
    framework_name: str | None,
    fidelity: str,
    physics_only: bool,
) -> Request:
    """The request to a GPU; raises likewise, and for other hardware."""
    sizes = (batch, input_tokens, output_tokens, tp)
    machine, question = _checked(lambda: _gpu(on), model, scheme, sizes, framework_name, fidelity, physics_only)
    return Request(**vars(question), machine=machine)


def _checked(
    load: Callable[[], M],
    model: str | PathLike[str] | ModelConfig,
    scheme: str | QuantScheme,
    given: tuple[int, int, int, int],
    framework_name: str | None,
    fidelity: str,
    physics_only: bool,
) -> tuple[M, Question]:
    problems: list[Problem] = []
    batch, input_tokens, output_tokens, tp = given

    def attempt(make: Callable[[], Any]) -> Any:
        try:
            return make()
        except InputError as error:
            problems.extend(error.problems)
            return None

    config = model if isinstance(model, ModelConfig) else attempt(lambda: read_model(model))
    machine = attempt(load)
    formats = scheme if isinstance(scheme, QuantScheme) else attempt(lambda: parse_scheme(scheme))
    host = attempt(lambda: framework(framework_name))
    sizes = {"batch": batch, "input_tokens": input_tokens, "output_tokens": output_tokens, "tp": tp}
    wrong = [Problem(name, _size_fault(value)) for name, value in sizes.items() if not _is_size(value)]
    problems += wrong
    if config is not None and _is_size(tp):
        attempt(lambda: Split(config, tp))
    if config is not None and not wrong:
        problems += _too_long(config, input_tokens, output_tokens)
    if fidelity not in tuple(Fidelity):
        problems.append(Problem("fidelity", f"given {fidelity!r}; {nearest(str(fidelity), list(Fidelity))}"))
    if problems:
        raise InputError(problems)
    level = Fidelity(fidelity)
    if level is Fidelity.BOUND:
        host = replace(host, step=None)  # a bound holds whatever the framework does
    return machine, Question(config, formats, batch, input_tokens, output_tokens, tp, host, level, physics_only)


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_DIMENSION


def _size_fault(value: object) -> str:
    return f"given {value!r}, allowed: a whole number from 1 to {MAX_DIMENSION}"


def _too_long(model: ModelConfig, input_tokens: int, output_tokens: int) -> list[Problem]:
    """A learned position table ends; rotary embeddings go on (and `predict` warns)."""
    most = model.max_positions or model.positions
    longest = input_tokens + output_tokens
    if not model.positions or longest <= most:
        return []
    what = f"{input_tokens} + {output_tokens} = {longest} tokens, {model.name} has {most} positions"
    return [Problem("input_tokens + output_tokens", what)]
