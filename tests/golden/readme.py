"""The outputs in README.md are those that the commands print.

    python tests/golden/readme.py            exits with 1 and prints the difference if one is not
    python tests/golden/readme.py --write    runs the commands of the README and rewrites their outputs

A command is a line that starts with `$` in a block marked `console`, or a block marked `python` before one marked `text`, which
is its output. Commands run in an empty folder, in the order in which they stand.
"""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
CONSOLE = re.compile(r"```console\n(?P<body>.*?)```\n", re.DOTALL)
PYTHON = re.compile(r"```python\n(?P<code>[^`]*)```\n\n```text\n(?P<output>[^`]*)```\n")


def refreshed(text: str, folder: Path) -> str:
    """The same page with every output as it is now."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "80", "NO_COLOR": "1"}

    def run(command: list[str]) -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, env=environment)
        lines = "\n".join(line.rstrip() for line in done.stdout.splitlines()).strip("\n")
        return f"{lines}\n" if lines else ""

    def console(block: re.Match[str]) -> str:
        commands = re.findall(r"^\$ (.*)$", block["body"], re.MULTILINE)
        return "```console\n" + "".join(f"$ {command}\n{run(['bash', '-c', command])}" for command in commands) + "```\n"

    def python(block: re.Match[str]) -> str:
        return f"```python\n{block['code']}```\n\n```text\n{run([sys.executable, '-c', block['code']])}```\n"

    return PYTHON.sub(python, CONSOLE.sub(console, text))


def main() -> int:
    before = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        now = refreshed(before, Path(folder))
    difference = list(difflib.unified_diff(before.splitlines(), now.splitlines(), "README.md", "as printed now", lineterm=""))
    print("\n".join(difference) or "the outputs in README.md are true")
    if "--write" in sys.argv[1:]:
        README.write_text(now, encoding="utf-8")
        return 0
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
