"""The scripts in examples/ print what the files in tests/golden/examples hold.

python tests/golden/examples.py            exits with 1 and prints the difference if one does not
python tests/golden/examples.py --write    runs them and rewrites the files
"""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "examples"
OUTPUTS = Path(__file__).with_suffix("")


def printed(script: Path) -> str:
    """What a script prints, run in an empty folder."""
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, str(script)], capture_output=True, text=True, check=True, cwd=folder, env=environment
        )
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())


def main() -> int:
    changed = 0
    for script in sorted(SCRIPTS.glob("*.py")):
        golden = OUTPUTS / f"{script.stem}.txt"
        before = golden.read_text(encoding="utf-8") if golden.exists() else ""
        now = printed(script)
        difference = difflib.unified_diff(before.splitlines(), now.splitlines(), golden.name, "as printed now", lineterm="")
        print("\n".join(difference) or f"{script.name} prints what it did")
        changed += before != now
        if "--write" in sys.argv[1:]:
            golden.parent.mkdir(exist_ok=True)
            golden.write_text(now, encoding="utf-8")
    return int(changed > 0 and "--write" not in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
