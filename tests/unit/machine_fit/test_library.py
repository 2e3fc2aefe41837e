"""Timings of the vendor's library among the records: fits of kernels from them, and the rule of 40 rows."""

from itertools import product
from pathlib import Path

import paper_records

from narrowgauge.calibration import campaign
from narrowgauge.calibration.machine.board import read_board
from narrowgauge.calibration.machine.library import library_rows, too_few
from narrowgauge.calibration.record import load

SHAPES = list(product((1, 16, 64, 256, 1024, 4096), (4096, 8192, 14336), (4096, 8192, 2048)))


def records(folder: Path, shapes: list[tuple[int, int, int]]) -> Path:
    board = paper_records.PaperBoard()
    board.write_library(board.write(folder, only=("launch-graph",)), "bf16", shapes)
    return folder


def test_too_few_rows_are_counted(tmp_path: Path):
    board = read_board(records(tmp_path, SHAPES[:39]), None)
    assert library_rows(board) == ()
    assert [(m.what, m.why) for m in too_few(board)] == [("gemm bf16/torch", "39 rows of the library, a fit needs 40")]


def test_attention_rows_count_apart(tmp_path: Path):
    file = paper_records.PaperBoard().write(tmp_path, only=("launch-graph",))
    axes = {"batch_size": 1, "isl": 512, "step": 0, "num_heads": 32, "num_key_value_heads": 8, "head_dim": 128}
    for tokens in (512, 1024):
        paper_records.write_library_row(file, "library-attention", {**axes, "isl": tokens, "attn_dtype": "bf16"}, 20.0)
    paper_records.write_library_row(file, "library-attention", {**axes, "isl": 1, "step": 512, "attn_dtype": "bf16"}, 9.0)
    counts = {missing.what: missing.why[:6] for missing in too_few(read_board(tmp_path, None))}
    assert counts == {"attention-prefill bf16/torch": "2 rows", "attention-decode bf16/torch": "1 rows"}


def test_without_library_rows_nothing_is_said(a100):
    assert library_rows(a100) == () and not list(too_few(a100))


def test_enough_rows_make_a_fit(tmp_path: Path):
    board = read_board(records(tmp_path / "records", SHAPES), None)
    (path,) = campaign.fit_all(None, tmp_path / "fits", jobs=1, recorded=library_rows(board))
    fit = load(path)
    assert (path.name, list(fit.precisions), fit.sources[0].origin) == (
        "a100-sxm-80gb.gemm.json",
        ["bf16"],
        "narrowgauge measure",
    )
    torch = fit.precisions["bf16"].libraries["torch"]
    assert torch.rows == len(SHAPES) and torch.held_out["physics_mape"] < 0.15
