"""Golden reproductions: every figure of every paper, as it was when somebody last looked at it.

python tests/golden/reproductions.py            exits with 1 and prints a table if a prediction or a verdict has changed
python tests/golden/reproductions.py --write    rewrites reproductions.csv and the gallery, and prints what changed
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from narrowgauge.experiments.reproduction import Paper, Row, compare, experiment_names, load_experiment
from narrowgauge.experiments.reproduction.pages import write_index, write_pages

FILE = Path(__file__).with_name("reproductions.csv")
GALLERY = Path(__file__).parents[2] / "docs" / "gallery"
HEADER = "# made by: make golden; predictions compared within 0.1 %\n"
KEY = ["paper", "table", "claim"]
TOLERANCE = 1e-3


def reproductions() -> dict[str, tuple[Paper, list[Row]]]:
    """Every paper with its rows."""
    found = {}
    for name in experiment_names():
        experiment, paper = load_experiment(name)
        found[name] = (paper, compare(experiment, paper))
    return found


def frame_of(found: dict[str, tuple[Paper, list[Row]]]) -> pd.DataFrame:
    rows = [
        {"paper": r.paper, "table": r.table, "claim": r.claim, "published": r.published, "predicted": r.predicted, "ok": r.ok}
        for _, rows in found.values()
        for r in rows
    ]
    return pd.DataFrame(rows, columns=[*KEY, "published", "predicted", "ok"])


def changes(now: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Figures whose prediction or verdict differs."""
    both = _numbered(now).merge(_numbered(before), on=[*KEY, "of_these"], how="outer", suffixes=("", "_before"))
    new, old = (pd.to_numeric(both[name]).astype(float) for name in ("predicted", "predicted_before"))
    same = ((new - old).abs() <= TOLERANCE * old.abs()) | (new.isna() & old.isna())
    verdicts = _verdicts(both["ok"]) == _verdicts(both["ok_before"])
    return both.loc[~(same & verdicts), [*KEY, "predicted_before", "predicted", "ok_before", "ok"]]


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of one claim in one table are told apart by their order."""
    return frame.assign(of_these=frame.groupby(KEY).cumcount())


def _verdicts(column: pd.Series) -> pd.Series:
    return column.map(lambda ok: "" if pd.isna(ok) else str(ok))


def main() -> int:
    found = reproductions()
    now = frame_of(found)
    before = pd.read_csv(FILE, comment="#") if FILE.exists() else now.iloc[:0]
    changed = changes(now, before)
    if len(changed):
        print(changed.to_string(index=False))
    print(f"{len(changed)} of {len(now)} golden figures have changed")
    if "--write" not in sys.argv[1:]:
        return 1 if len(changed) else 0
    FILE.write_text(HEADER + now.to_csv(index=False, float_format="%.6g"), encoding="utf-8")
    for name, (paper, rows) in found.items():
        write_pages(GALLERY, name, paper, rows)
        (GALLERY / f"{name}.csv").unlink()
    write_index(GALLERY, {name: (paper.title, rows) for name, (paper, rows) in found.items()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
