"""A YAML file and the line on which each of its keys stands.

Values are read without positions, which is faster; only when something is wrong is the text read again for its lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from narrowgauge.errors import InputError, Problem


@dataclass(frozen=True)
class YamlSource:
    """A parsed YAML mapping; `label` is the file name that errors print, `path` where it lies."""

    label: str
    path: Path | Traversable
    text: str
    tree: dict[str, Any]

    def has(self, keys: Sequence[str]) -> bool:
        """Whether the file itself holds that key."""
        node: Any = self.tree
        for key in keys:
            if not isinstance(node, dict) or key not in node:
                return False
            node = node[key]
        return True

    def line_of(self, keys: Sequence[str]) -> int:
        """Line, counted from 1, of a key or, where the file does not hold it, of the deepest section above it."""
        node, line = self._positions, 0
        for key in keys:
            if not isinstance(node, CommentedMap) or key not in node:
                break
            line = node.lc.key(key)[0]
            node = node[key]
        return int(line) + 1

    @cached_property
    def _positions(self) -> Any:
        return YAML().load(self.text)


def read_yaml(path: Path | Traversable, label: str) -> YamlSource:
    """Read a YAML file whose top level is a mapping; raises InputError with file and line otherwise."""
    try:
        text = path.read_text(encoding="utf-8")
        tree = YAML(typ="safe", pure=True).load(text)
    except OSError as error:
        raise InputError([Problem(label, f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise InputError([Problem(label, "is not UTF-8 text")]) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise InputError([Problem(f"{label}{line}", f"is not valid YAML: {_first_line(error.problem)}")]) from error
    except (YAMLError, ValueError) as error:  # ValueError: a date or number of impossible form
        raise InputError([Problem(label, f"is not valid YAML: {_first_line(error)}")]) from error
    except RecursionError as error:
        raise InputError([Problem(label, "is nested too deeply")]) from error
    if not isinstance(tree, dict) or not all(isinstance(key, str) for key in tree):
        raise InputError([Problem(f"{label}:1", "the top level must be a mapping of section names")])
    return YamlSource(label, path, text, tree)


def _first_line(message: object) -> str:
    return (str(message).strip().splitlines() or ["syntax error"])[0]
