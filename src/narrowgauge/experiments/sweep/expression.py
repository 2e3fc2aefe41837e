"""A small expression language over columns: `batch * input <= 131072 and scheme != "bf16"`.

The grammar is a part of Python's, read with Python's own parser and evaluated here, node by node: comparisons, arithmetic,
`and`, `or`, `not`, `min`, `max`, `log2`, numbers, texts in quotes and names of columns, dotted ones included. Nothing else has
a meaning, so an expression from a stranger can compute a column and do nothing more.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from narrowgauge.errors import InputError, Problem, nearest
from narrowgauge.experiments.sweep.names import closest

Column = npt.NDArray[Any]
LONGEST = 2000  # characters; a constraint that needs more is a program
DEEPEST = 50  # nested operations


class ValueKind(StrEnum):
    """What an expression, or a column, holds in each row."""

    NUMBER = "number"
    TEXT = "text"
    TRUTH = "truth value"


ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: np.power,
}
SIGNS: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {ast.UAdd: np.positive, ast.USub: np.negative}
COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
JOINS: Mapping[type[ast.boolop], Callable[[Any, Any], Any]] = {ast.And: np.logical_and, ast.Or: np.logical_or}
#: name: (smallest number of arguments, largest, meaning)
FUNCTIONS: Mapping[str, tuple[int, float, Callable[..., Any]]] = {
    "min": (2, np.inf, lambda *parts: reduce(np.minimum, parts)),
    "max": (2, np.inf, lambda *parts: reduce(np.maximum, parts)),
    "log2": (1, 1, np.log2),
}
GRAMMAR = "comparisons, arithmetic, and, or, not, min, max, log2, numbers, 'texts' and names of columns"


@dataclass(frozen=True)
class Expression:
    """A parsed expression: its text, its tree, the names of columns that it reads."""

    text: str
    tree: ast.expr
    names: frozenset[str]

    def faults(self, kinds: Mapping[str, ValueKind], wanted: ValueKind) -> list[str]:
        """What is wrong with it over columns of these kinds, if it is to be a `wanted`; empty if nothing is."""
        names = (name for name in sorted(self.names) if name not in kinds)
        unknown = [f"unknown name '{name}', {closest(name, kinds, 'which is no parameter and no result')}" for name in names]
        if unknown:
            return unknown
        found: list[str] = []
        kind = _kind(self.tree, kinds, found)
        if not found and kind is not wanted:
            found.append(f"is a {kind}, must be a {wanted}")
        return found

    def over(self, columns: Mapping[str, Column], rows: int) -> Column:
        """Its value in each of `rows` rows, as floating point or truth values. What has no value (0 / 0) is NaN."""
        with np.errstate(all="ignore"):
            return np.broadcast_to(_value(self.tree, columns), (rows,))


def parse(text: object) -> Expression:
    """The expression of a text. Raises InputError for what the grammar does not have, with the column where it stands."""
    if not isinstance(text, str) or not text.strip():
        raise InputError([Problem(f"{text!r}", f"is no expression, allowed: {GRAMMAR}")])
    if len(text) > LONGEST:
        raise InputError([Problem(f"'{text[:40]}…'", f"has {len(text)} characters, allowed: {LONGEST}")])
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        problems = [Problem(f"'{text}'", f"column {column}: {what}") for column, what in _foreign(tree, 0)]
        names = frozenset(_names(tree)) if not problems else frozenset()
    except SyntaxError as error:
        raise InputError([Problem(f"'{text}'", f"column {error.offset or 1}: {error.msg}; allowed: {GRAMMAR}")]) from None
    except (ValueError, MemoryError, RecursionError) as error:
        raise InputError([Problem(f"'{text[:40]}'", f"cannot be read: {error or type(error).__name__}")]) from None
    if problems:
        raise InputError(problems)
    return Expression(text.strip(), tree, names)


def dotted(node: ast.expr) -> str:
    """`dram.latency_cycles` of nested attribute nodes; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        stem = dotted(node.value)
        return f"{stem}.{node.attr}" if stem else ""
    return ""


def _foreign(node: ast.expr, depth: int) -> Iterator[tuple[int, str]]:
    """Everything in a tree that the grammar does not have, with the column counted from 1."""
    if depth > DEEPEST:
        yield node.col_offset + 1, f"is nested more than {DEEPEST} deep"
        return
    parts: Collection[ast.expr] = ()
    match node:
        case ast.Constant(value=bool()) | ast.Constant(value=int() | float() | str()):
            return
        case ast.Name() | ast.Attribute() if dotted(node):
            return
        case ast.BinOp(op=op) if type(op) in ARITHMETIC:
            parts = (node.left, node.right)
        case ast.UnaryOp(op=op) if type(op) in SIGNS or isinstance(op, ast.Not):
            parts = (node.operand,)
        case ast.BoolOp():
            parts = node.values
        case ast.Compare() if all(type(op) in COMPARISONS for op in node.ops):
            parts = (node.left, *node.comparators)
        case ast.Call(func=ast.Name(id=name)) if name in FUNCTIONS and not node.keywords:
            least, most, _ = FUNCTIONS[name]
            if not least <= len(node.args) <= most:
                yield node.col_offset + 1, f"{name} takes {least} argument{'s or more' if most > least else ''}"
            parts = node.args
        case ast.Call(func=ast.Name(id=name)):
            yield node.col_offset + 1, f"no function '{name}', {nearest(name, FUNCTIONS)}"
            return
        case _:
            yield node.col_offset + 1, f"'{ast.unparse(node)[:40]}' is not in the grammar; allowed: {GRAMMAR}"
            return
    for part in parts:
        yield from _foreign(part, depth + 1)


def _names(node: ast.expr) -> Iterator[str]:
    name = dotted(node)
    if name:
        yield name
        return
    parts = (
        node.args if isinstance(node, ast.Call) else [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
    )
    for part in parts:
        yield from _names(part)


def _kind(node: ast.expr, kinds: Mapping[str, ValueKind], found: list[str]) -> ValueKind:
    """What a tree of the grammar holds; what does not go together is added to `found`."""

    def need(part: ast.expr, wanted: ValueKind) -> None:
        kind = _kind(part, kinds, found)
        if kind is not wanted and not found:
            found.append(f"'{ast.unparse(part)}' is a {kind}, must be a {wanted} here")

    match node:
        case ast.Constant(value=bool()):
            return ValueKind.TRUTH
        case ast.Constant(value=str()):
            return ValueKind.TEXT
        case ast.Constant():
            return ValueKind.NUMBER
        case ast.Name() | ast.Attribute():
            return kinds[dotted(node)]
        case ast.BinOp():
            need(node.left, ValueKind.NUMBER)
            need(node.right, ValueKind.NUMBER)
            return ValueKind.NUMBER
        case ast.UnaryOp(op=ast.Not()):
            need(node.operand, ValueKind.TRUTH)
            return ValueKind.TRUTH
        case ast.UnaryOp():
            need(node.operand, ValueKind.NUMBER)
            return ValueKind.NUMBER
        case ast.BoolOp():
            for part in node.values:
                need(part, ValueKind.TRUTH)
            return ValueKind.TRUTH
        case ast.Compare():
            first = _kind(node.left, kinds, found)
            equality = all(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops)
            if first is not ValueKind.NUMBER and not equality and not found:
                found.append(f"'{ast.unparse(node)}' orders a {first}; only == and != do for it")
            for part in node.comparators:
                need(part, first)
            return ValueKind.TRUTH
        case ast.Call():
            for part in node.args:
                need(part, ValueKind.NUMBER)
            return ValueKind.NUMBER
    raise TypeError(f"{ast.dump(node)} passed the grammar and has no kind")


def _value(node: ast.expr, columns: Mapping[str, Column]) -> Any:
    match node:
        case ast.Constant(value=bool() | str()):
            return node.value
        case ast.Constant(value=value):
            return np.float64(value)  # type: ignore[arg-type]
        case ast.Name() | ast.Attribute():
            return columns[dotted(node)]
        case ast.BinOp():
            return ARITHMETIC[type(node.op)](_value(node.left, columns), _value(node.right, columns))
        case ast.UnaryOp(op=ast.Not()):
            return np.logical_not(_value(node.operand, columns))
        case ast.UnaryOp():
            return SIGNS[type(node.op)](_value(node.operand, columns))
        case ast.BoolOp():
            return reduce(JOINS[type(node.op)], (_value(part, columns) for part in node.values))
        case ast.Compare():
            sides = [_value(part, columns) for part in (node.left, *node.comparators)]
            found = (COMPARISONS[type(op)](a, b) for op, a, b in zip(node.ops, sides, sides[1:], strict=False))
            return reduce(np.logical_and, found)
        case ast.Call(func=ast.Name(id=name)):
            return FUNCTIONS[name][2](*(_value(part, columns) for part in node.args))
    raise TypeError(f"{ast.dump(node)} passed the grammar and has no value")
