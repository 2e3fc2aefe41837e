"""Which tables below a folder are found, and what is said of the others?"""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from narrowgauge.calibration import campaign
from narrowgauge.calibration.datasets import own
from narrowgauge.calibration.datasets.originals import discover
from narrowgauge.errors import InputError

SAMPLES = Path(__file__).with_name("samples")
OWN = pd.DataFrame({"m": [1, 2], "n": [64, 64], "k": [64, 64], "latency_us": [5.0, 6.0]})


def test_originals_are_found_below_the_folder() -> None:
    found = discover(SAMPLES)
    assert [(entry.file.rpartition("/")[2], entry.machine, entry.families) for entry in found.sets] == [
        ("mlp.csv", "a100-sxm-80gb", ("elementwise",)),
        ("gemm_perf.txt", "a100-sxm-80gb", ("gemm",)),
        ("gemm_perf.txt", "h100-sxm", ("gemm",)),
        ("context_attention_perf.txt", "h100-sxm", ("attention-prefill",)),
        ("generation_attention_perf.txt", "h100-sxm", ("attention-decode",)),
    ]
    assert found.skipped == ()
    for entry in found.sets:
        assert all("latency_us" in rows for rows in entry.read(entry.load(SAMPLES)).values())
    assert found.sets[0].resolution_us == {"": 1.0} and found.sets[1].resolution_us["w4a16"] == 1.024


def test_what_cannot_be_used_is_skipped_with_its_reason(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES / "profiling/compute/a100", tmp_path / "a40")
    (tmp_path / "gemm_perf.txt").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    OWN.to_csv(tmp_path / "mine.csv", index=False)
    (tmp_path / "notes.txt").write_text("m,n,k,latency_us\n")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    found = discover(tmp_path)
    assert found.sets == ()
    reasons = {Path(problem.where).name: problem.what for problem in found.skipped}
    assert set(reasons) == {"mlp.csv", "gemm_perf.txt", "mine.csv"}
    assert "git lfs pull" in reasons["gemm_perf.txt"] and "no column 'machine'" in reasons["mine.csv"]


def test_a_table_of_ones_own_is_split_by_machine(tmp_path: Path) -> None:
    OWN.assign(machine=["L40S", "rtx_4090"]).to_csv(tmp_path / "mine.csv", index=False)
    OWN.assign(machine="l40s").to_parquet(tmp_path / "more.parquet")
    sets = discover(tmp_path).sets
    assert [(entry.file, entry.machine, entry.origin) for entry in sets] == [
        ("mine.csv", "l40s", "user table"),
        ("mine.csv", "rtx-4090", "user table"),
        ("more.parquet", "l40s", "user table"),
    ]
    assert [len(entry.load(tmp_path)) for entry in sets] == [1, 1, 2]


def test_predictions_and_the_known_files_are_not_taken_for_a_users_measurements(tmp_path: Path) -> None:
    priced = OWN.assign(machine="l40s", latency_us_low=1.0, latency_us_high=2.0, bound_by="dram")
    priced.to_csv(tmp_path / "priced.csv", index=False)
    OWN.assign(machine="l40s").to_parquet(tmp_path / "gemm_h100_sxm.parquet")
    assert discover(tmp_path).sets == ()


def test_unknown_hardware_in_a_users_table_is_an_error(tmp_path: Path) -> None:
    OWN.assign(machine=["h100", None]).to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(InputError, match=r"unknown hardware 'h100'; did you mean 'h100-sxm'") as caught:
        discover(tmp_path)
    assert "is empty in 1 rows" in str(caught.value)


def test_rows_of_several_kinds_share_a_table() -> None:
    attention = {"batch_size": 1, "isl": 1, "step": 64, "num_heads": 8, "num_key_value_heads": 8, "head_dim": 128}
    rows = [
        {"m": 1, "n": 64, "k": 64, "op": "gemm"},
        {**attention, "op": "decode"},
        {"num_tokens": 4, "n_embd": 64, "op": "add"},
    ]
    found = own.variants(pd.DataFrame(rows).assign(latency_us=[5.0, 6.0, 7.0]))
    assert {family: rows["latency_us"].tolist() for (family, _), rows in found.items()} == {
        "gemm": [5.0],
        "attention-decode": [6.0],
        "elementwise": [7.0],
    }


def test_rows_that_cannot_be_fitted_are_named() -> None:
    with pytest.raises(InputError) as caught:
        own.variants(OWN.assign(m=[0.5, 2], latency_us=[5.0, -1.0]))
    assert {p.where: p.what.partition(" ")[0] for p in caught.value.problems} == {"m": "'0.5'", "latency_us": "'-1.0'"}
    assert "rows 1," in str(caught.value) and "rows 2," in str(caught.value)


def test_a_folder_with_nothing_to_fit_says_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "gemm_perf.txt").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(InputError) as caught:
        campaign.fit_all(tmp_path, tmp_path / "out")
    for words in (
        "holds nothing to fit",
        "gemm_a100_sxm.parquet",
        "context_attention_perf",
        "mlp.csv",
        "machine",
        "git lfs pull",
    ):
        assert words in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_too_few_rows_and_another_machine_are_errors(tmp_path: Path) -> None:
    OWN.assign(machine="l40s").to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(InputError, match=r"too little data: .* 40 measured rows"):
        campaign.fit_all(tmp_path, tmp_path / "out")
    with pytest.raises(InputError, match="there are gemm on l40s"):
        campaign.fit_all(tmp_path, tmp_path / "out", machines=("h100-sxm",))
