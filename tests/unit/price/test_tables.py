"""Are tables read as they are, written whole or not at all, and refused in one clear error?"""

import os
from pathlib import Path

import pandas as pd
import pytest

from narrowgauge.errors import InputError
from narrowgauge.experiments.tables import check_writable, read_table, write_table

FRAME = pd.DataFrame({"m": [1, 2], "note": ["a", "b"], "x": [0.5, None]})


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".CSV"])
def test_what_is_written_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"table{suffix}"
    write_table(FRAME, path)
    found = read_table(path)
    pd.testing.assert_frame_equal(found.isna(), FRAME.isna())
    assert found.iloc[0].tolist() == FRAME.iloc[0].tolist()


def test_whole_numbers_stay_whole_next_to_empty_cells(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("m,n\n1,2\n3,\n")
    write_table(read_table(path), path)
    assert path.read_text() == "m,n\n1,2\n3,\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "is empty"),
        ("t.csv", b"a,b\n1,2\n1,2,3,4\n", "cannot be read as CSV"),
        ("t.csv", b"\xff\xfe\x00\x81,\n", "cannot be read as CSV"),
        ("t.parquet", b"PAR1 but no footer", "is truncated or no Parquet file"),
        ("t.parquet", b"", "is truncated or no Parquet file"),
        ("t.xlsx", b"", r"the suffix '.xlsx' is no table; allowed: .csv, .parquet"),
    ],
)
def test_a_file_that_is_no_table_is_one_error(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_table(path)
    assert len(caught.value.problems) == 1 and str(path) in str(caught.value)


def test_a_truncated_parquet_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(FRAME, path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="truncated"):
        read_table(path)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / "t.csv")


@pytest.mark.parametrize("path", ["no/such/folder/t.csv", "."])
def test_an_output_without_a_place_is_refused_beforehand(tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError):
        check_writable(tmp_path / path)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_text("old")
    with pytest.raises(InputError, match="cannot be written"):
        write_table(pd.DataFrame({"x": [object(), 1]}), path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["t.parquet"]  # noqa: PTH208 - names alone


def test_written_files_have_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    write_table(FRAME, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").stat().st_mode == (tmp_path / "other").stat().st_mode
