"""The answer of a sweep: its best points, how schemes compare over all of it, and which points have no result."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from narrowgauge.errors import InputError
from narrowgauge.experiments.predict_estimate import Estimate
from narrowgauge.experiments.predict_text import number
from narrowgauge.experiments.report.blocks import Block, Cell, Table, Tile, Tiles, Words, cell, percent, table
from narrowgauge.experiments.report.cases import SIDES, priced
from narrowgauge.experiments.sweep.columns import ERROR, OWN_SHARE
from narrowgauge.experiments.sweep.queries import MORE_IS_BETTER, baseline, varying

if TYPE_CHECKING:
    import pandas as pd

#: quantity: how an answer calls its best point, its name in tables, its unit
BEST = {
    "ttft_ms": ("Earliest first token", "first token", "ms"),
    "tpot_ms": ("Fastest further token", "further token", "ms"),
    "output_tokens_per_s": ("Highest throughput", "throughput", "tokens/s"),
    "energy_per_output_token_j": ("Least energy per token", "energy per token", "J"),
}
PLAIN = "bf16"  # what schemes are compared with
MOST_REASONS = 20
_NUMBERS = re.compile(r"\d[\d.,]*")


def answer_blocks(frame: pd.DataFrame) -> Iterator[Block]:
    """Words, the best points with their intervals, and how many others may be as good."""
    rows = priced(frame)
    yield Words(_extent(frame, len(rows)))
    if rows.empty:
        return
    best = {quantity: _best(rows, quantity) for quantity in BEST}
    yield Tiles(tuple(_tile(rows, best[quantity], quantity) for quantity in BEST))
    yield _best_table(rows, best)
    own = float(rows[OWN_SHARE].mean())
    yield Words(
        f"On average {own:.0%} of the kernels' time is priced by fits of the very machine, within the range of their data. "
        "Points of one sweep are wrong together: the order of points on one machine is better known than their values."
    )


def _extent(frame: pd.DataFrame, count: int) -> str:
    values = [f"{len(frame[name].unique()):,} values of {name}" for name in varying(frame)]
    over = f" over {', '.join(values)}" if values else ""
    missing = len(frame) - count
    without = f"; {missing:,} have no result, for reasons below" if missing else ", all with a result"
    models = ", ".join(str(name) for name in frame["model"].unique())
    counted = f"{len(frame):,} point{'s' if len(frame) > 1 else ''}"
    return f"{models}: {counted}{over}{without}."


def _best(rows: pd.DataFrame, quantity: str) -> pd.Series[Any]:
    column = rows[quantity]
    return rows.iloc[int(column.argmax() if quantity in MORE_IS_BETTER else column.argmin())]


def estimate(row: pd.Series[Any], quantity: str) -> Estimate:
    """A quantity of a row with its interval."""
    return Estimate(float(row[quantity]), float(row[f"{quantity}_low"]), float(row[f"{quantity}_high"]))


def _as_good(rows: pd.DataFrame, best: pd.Series[Any], quantity: str) -> int:
    """Points whose interval reaches the best value."""
    more = quantity in MORE_IS_BETTER
    reaches = rows[f"{quantity}_high"] >= best[quantity] if more else rows[f"{quantity}_low"] <= best[quantity]
    return int(reaches.sum())


def _tile(rows: pd.DataFrame, best: pd.Series[Any], quantity: str) -> Tile:
    name, _, unit = BEST[quantity]
    found = estimate(best, quantity)
    where = f"{number(found.low)} to {number(found.high)}; {best['machine']}, {best['scheme']}, batch {best['batch']}"
    return Tile(name, f"{number(found.value)} {unit}", where)


def _best_table(rows: pd.DataFrame, best: dict[str, pd.Series[Any]]) -> Table:
    names = varying(rows)
    columns = ("best in", *names, *(f"{name}, {unit}" for _, name, unit in BEST.values()), "as good inside intervals")
    lines = (
        (
            BEST[quantity][1],
            *(row[name] for name in names),
            *(estimate(row, other) for other in BEST),
            _as_good(rows, row, quantity),
        )
        for quantity, row in best.items()
    )
    return table("The best points, and how many points may be as good", columns, lines)


def ratio_blocks(frame: pd.DataFrame) -> Iterator[Block]:
    """How much each scheme changes time and energy against bf16, over all points that have both."""
    schemes = [str(name) for name in frame["scheme"].unique()]
    if PLAIN not in schemes or len(schemes) == 1:
        return
    try:
        ratios = baseline(frame, f'scheme == "{PLAIN}"')
    except InputError:  # several bf16 points for one point
        return
    rows = ratios[(ratios["scheme"] != PLAIN) & ratios["tpot_ms_ratio"].notna()]
    groups = [(key, group) for key, group in rows.groupby(list(SIDES), observed=True) if len(group)]
    yield table(
        f"Against {PLAIN} at the same point: medians, and the share of points that are faster",
        ("machine", "scheme", "points", "further token, ratio", "faster", "first token, ratio", "energy, ratio"),
        ([*map(str, sides), len(group), *_ratios(group)] for sides, group in groups),
    )
    for words in _sentences(groups):
        yield Words(words)


def _ratios(group: pd.DataFrame) -> Iterator[Cell]:
    yield cell(float(group["tpot_ms_ratio"].median()))
    yield percent(float((group["tpot_ms_ratio"] < 1).mean()), 0)
    yield cell(float(group["ttft_ms_ratio"].median()))
    yield cell(float(group["energy_per_output_token_j_ratio"].median()))


def _sentences(groups: list[tuple[Any, pd.DataFrame]]) -> Iterator[str]:
    """Where a scheme loses."""
    for (machine, scheme), group in groups:
        slower = group[group["tpot_ms_ratio"] > 1]
        if slower.empty:
            continue
        sizes = f"; batches from {slower['batch'].min()} to {slower['batch'].max()}" if "batch" in varying(group) else ""
        yield f"{scheme} is slower than {PLAIN} on {machine} in {len(slower) / len(group):.0%} of the points{sizes}."


def failures(frame: pd.DataFrame) -> Table | None:
    """Reasons why points have no result, numbers in them aside, with an example; None if all have one."""
    reasons = frame[ERROR].astype(str)
    reasons = reasons[reasons != ""]
    if reasons.empty:
        return None
    kinds = {reason: _NUMBERS.sub("…", reason) for reason in reasons.unique()}
    counted = reasons.groupby(reasons.map(kinds)).agg(["size", "first"]).sort_values("size", ascending=False)
    rows = ([int(row["size"]), str(row["first"])] for _, row in counted.head(MOST_REASONS).iterrows())
    more = f", the {MOST_REASONS} most frequent" if len(counted) > MOST_REASONS else ""
    return table(f"Points without a result: reasons that differ in more than numbers{more}", ("points", "for instance"), rows)
