"""A sweep as its file says it: which parameters take which values, what is left out, what is computed on top.

    model: llama-3-8b
    machine: [a100-sxm-80gb, h100-sxm]
    scheme: [bf16, w4a16-g128]
    batch: {powers_of_two: [1, 256]}
    override: {dram.bandwidth_gb_per_s: [2000, 3350, 4800]}
    replace: {tensor_core: [none, lut-4x]}
    where: batch * input <= 65536
    columns: {tokens_per_j: 1 / energy_per_output_token_j}

Without `sample` the points are all combinations; `sample: {latin_hypercube: 1000, seed: 1}`
or `{random: 1000, seed: 1}` draws some.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from narrowgauge.archmodels.machine import SLOTS
from narrowgauge.archmodels.schema import rules
from narrowgauge.archmodels.yaml_source import YamlSource, read_yaml
from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.experiments.sweep.columns import RESULT_KINDS
from narrowgauge.experiments.sweep.expression import Expression, ValueKind, parse
from narrowgauge.experiments.sweep.parameters import PARAMETERS, Parameter, override
from narrowgauge.experiments.sweep.ranges import Interval, Values, read_values

METHODS = ("random", "latin_hypercube")
SECTIONS = (*(name for name in PARAMETERS if name not in SLOTS), "replace", "override", "where", "columns", "sample", "grid")
DEFAULT_SEED = 0
Place = Callable[..., str]


@dataclass(frozen=True)
class Axis:
    """One parameter and its values."""

    name: str
    choices: Values
    whole: bool
    is_override: bool


@dataclass(frozen=True)
class Sample:
    """How many points are drawn, by which method, from which seed."""

    method: str
    points: int
    seed: int


@dataclass(frozen=True)
class Sweep:
    """A checked sweep. Every parameter of `PARAMETERS` has an axis, those that are not swept one of a single value. `where` are
    constraints over parameters, `columns` are computed when results are read."""

    label: str
    axes: tuple[Axis, ...]
    where: tuple[Expression, ...]
    columns: Mapping[str, Expression]
    sample: Sample | None
    text: str

    @property
    def paths(self) -> tuple[str, ...]:
        """Specification paths that it sets."""
        return tuple(axis.name for axis in self.axes if axis.is_override)


def read_sweep(source: str | Path | Mapping[str, Any] | Sweep) -> Sweep:
    """The sweep of a YAML file, or of the same as a mapping. Raises one InputError with everything that is wrong, each with the
    line of the file."""
    if isinstance(source, Sweep):
        return source
    if isinstance(source, Mapping):
        return _Reader(dict(source), lambda *keys: ".".join(map(str, keys)) or "sweep").sweep("sweep", repr(dict(source)))
    path = Path(source)
    file = read_yaml(path, str(source))
    return _Reader(file.tree, _places(file)).sweep(path.name, file.text)


def _places(file: YamlSource) -> Place:
    return lambda *keys: f"{file.label}:{file.line_of(keys)}: {'.'.join(map(str, keys))}".removesuffix(": ")


class _Reader:
    """Reads one tree and keeps every problem that it finds."""

    def __init__(self, tree: dict[str, Any], place: Place) -> None:
        self._tree, self._place, self._problems = tree, place, list[Problem]()

    def sweep(self, label: str, text: str) -> Sweep:
        for key in self._tree:
            if key not in SECTIONS:
                path = f"; write it below override: {{{key}: …}}" if key in rules() else ""
                self._add(f"unknown key, {nearest(str(key), SECTIONS)}{path}", key)
        sample = self._sample()
        named = [self._axis(parameter, self._tree.get(name), name) for name, parameter in PARAMETERS.items() if name not in SLOTS]
        axes = [axis for axis in (*named, *self._slots(), *self._overrides()) if axis is not None]
        if sample is None:
            self._no_intervals(axes)
        columns = self._columns()
        made = Sweep(label, tuple(axes), tuple(self._where(columns)), columns, sample, text)
        if self._problems:
            raise InputError(self._problems)
        return made

    def _add(self, what: str, *keys: Any) -> None:
        self._problems.append(Problem(self._place(*keys), what))

    def _axis(self, parameter: Parameter, raw: Any, *keys: str) -> Axis | None:
        if raw is None:
            if parameter.default is None:
                self._add("is missing" if keys[0] not in self._tree else "has no value", *keys)
                return None
            raw = parameter.default
        whole, is_override = parameter.name in PARAMETERS, parameter.name not in PARAMETERS
        whole = whole if not is_override else rules()[parameter.name].whole
        try:
            values = read_values(raw, whole)
        except InputError as error:
            for problem in error.problems:
                self._add(problem.what, *keys)
            return None
        ends = (values.low, values.high) if isinstance(values, Interval) else values
        faults = [fault for value in ends for fault in parameter.faults(value)]
        for fault in dict.fromkeys(faults[:5]):
            self._add(fault, *keys)
        if len(faults) > 5:  # noqa: PLR2004 - one line for each would drown the others
            self._add(f"and {len(faults) - 5} more values like that", *keys)
        if not faults and not isinstance(values, Interval):
            values = tuple(dict.fromkeys(parameter.spelling(value) for value in values))
        return None if faults else Axis(parameter.name, values, whole, is_override)

    def _slots(self) -> list[Axis | None]:
        table = self._tree.get("replace") or {}
        if not isinstance(table, Mapping):
            self._add("must be a table of slot: units", "replace")
            return []
        for slot in table:
            if slot not in SLOTS:
                self._add(f"unknown slot, {nearest(str(slot), SLOTS)}", "replace", slot)
        return [self._axis(PARAMETERS[slot], table.get(slot), "replace", slot) for slot in SLOTS]

    def _overrides(self) -> list[Axis | None]:
        table = self._tree.get("override") or {}
        if not isinstance(table, Mapping):
            self._add("must be a table of specification path: values", "override")
            return []
        axes: list[Axis | None] = []
        for path in sorted(table, key=str):
            try:
                axes.append(self._axis(override(str(path)), table[path], "override", str(path)))
            except InputError as error:
                self._add(str(error), "override", str(path))
        return axes

    def _no_intervals(self, axes: list[Axis]) -> None:
        for axis in axes:
            if isinstance(axis.choices, Interval):
                keys = ("override", axis.name) if axis.is_override else (axis.name,)
                self._add("needs the number of values as third entry; without it only a sample can draw from it", *keys)

    def _sample(self) -> Sample | None:
        raw = self._tree.get("sample")
        if raw is None or raw is False:
            return None
        if self._tree.get("grid"):
            self._add("a sweep is a grid or a sample, not both", "sample")
        if not isinstance(raw, Mapping):
            self._add("write {latin_hypercube: 1000, seed: 1} or {random: 1000, seed: 1}", "sample")
            return None
        for key in raw:
            if key not in (*METHODS, "seed"):
                self._add(f"unknown key, {nearest(str(key), (*METHODS, 'seed'))}", "sample", key)
        methods = [name for name in METHODS if name in raw]
        if len(methods) != 1:
            self._add(f"names {len(methods)} methods, must be one of {', '.join(METHODS)}", "sample")
            return None
        points, seed = raw[methods[0]], raw.get("seed", DEFAULT_SEED)
        for key, number, least in ((methods[0], points, 1), ("seed", seed, 0)):
            if isinstance(number, bool) or not isinstance(number, int) or number < least:
                self._add(f"{number!r}, must be a whole number from {least}", "sample", key)
                return None
        return Sample(methods[0], points, seed)

    def _expression(self, text: object, *keys: str) -> Expression | None:
        try:
            return parse(text)
        except InputError as error:
            for problem in error.problems:
                self._add(f"{problem.where}: {problem.what}", *keys)
            return None

    def _columns(self) -> dict[str, Expression]:
        table = self._tree.get("columns") or {}
        if not isinstance(table, Mapping):
            self._add("must be a table of name: expression", "columns")
            return {}
        known = {**parameter_kinds(), **RESULT_KINDS}
        made: dict[str, Expression] = {}
        for name, text in table.items():
            found = self._expression(text, "columns", name)
            if not str(name).isidentifier() or name in known:
                self._add("is taken, or is no name (letters, digits and _)", "columns", name)
            elif found is not None:
                for fault in found.faults(known, ValueKind.NUMBER):
                    self._add(f"'{found.text}': {fault}", "columns", name)
                known[name] = ValueKind.NUMBER
                made[name] = found
        return made

    def _where(self, columns: Mapping[str, Expression]) -> list[Expression]:
        raw = self._tree.get("where")
        made: list[Expression] = []
        kinds = parameter_kinds()
        for name, expression in columns.items():
            if expression.names <= set(kinds):
                kinds[name] = ValueKind.NUMBER
        for text in raw if isinstance(raw, list) else [] if raw is None else [raw]:
            found = self._expression(text, "where")
            if found is None:
                continue
            results = sorted(name for name in found.names if name in RESULT_KINDS or name in columns.keys() - kinds.keys())
            faults = [f"'{name}' is known only when the point is priced; filter with `narrowgauge results`" for name in results]
            for fault in faults or found.faults(kinds, ValueKind.TRUTH):
                self._add(f"'{found.text}': {fault}", "where")
            made.append(found)
        return made


def parameter_kinds() -> dict[str, ValueKind]:
    """What expressions over parameters may name, and what each is."""
    return {name: parameter.kind for name, parameter in PARAMETERS.items()} | dict.fromkeys(rules(), ValueKind.NUMBER)
