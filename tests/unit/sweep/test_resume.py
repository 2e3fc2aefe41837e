"""Is every point computed once, kept whatever happens, and computed again exactly when what it depends on changes?"""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import sweep_kills

import narrowgauge as ng
from narrowgauge.calibration import record
from narrowgauge.calibration.basis import basis_of
from narrowgauge.errors import InputError
from narrowgauge.experiments.sweep import plan, read_results, run_sweep
from narrowgauge.experiments.sweep import run as running
from narrowgauge.experiments.sweep.code_groups import GROUPS, code_hash, paths_of
from narrowgauge.experiments.sweep.columns import KEY
from narrowgauge.experiments.sweep.lock import held
from narrowgauge.experiments.sweep.store import Store


def shards(folder: Path) -> list[Path]:
    return sorted((folder / "shards").glob("*.parquet"))


def stale(small, folder) -> pd.DataFrame:
    made = plan(small, folder)
    return made.points.iloc[made.missing]


def test_the_second_run_computes_nothing(small, tmp_path):
    first, second = run_sweep(small, tmp_path), run_sweep(small, tmp_path)
    assert (first.computed, second.computed) == (12, 0)
    assert len(read_results(tmp_path)) == 12


def test_a_larger_sweep_computes_what_is_new(small, tmp_path):
    run_sweep(small, tmp_path)
    assert run_sweep({**small, "batch": [1, 2, 4, 8]}, tmp_path).computed == 4
    assert len(read_results(tmp_path)) == 16


def test_an_interrupted_run_keeps_its_pieces(small, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "LONGEST_PIECE_S", 0.001)

    def impatient(done: int, total: int) -> None:
        if done >= 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(small, tmp_path, progress=impatient)
    assert 5 <= len(read_results(tmp_path)) < 12
    assert run_sweep(small, tmp_path).computed == 12 - 5
    assert len(read_results(tmp_path)) == 12


def test_a_killed_run_loses_nothing_that_was_finished(tmp_path):
    rounds = list(sweep_kills.kill_rounds(tmp_path, rounds=10, seed=11))
    assert any(not each.finished and each.points for each in rounds)


def test_points_that_cannot_be_priced_are_rows_with_reasons(small, tmp_path):
    wide = {
        **small,
        "machine": ["a100-sxm-80gb", "gddr6-aim", "rtx-3090"],
        "scheme": ["bf16", "fp8"],
        "model": "llama-2-13b",
        "tp": [1, 3],
    }
    outcome = run_sweep(wide, tmp_path)
    frame = read_results(tmp_path)
    assert outcome.failed == (frame["error"] != "").sum() > 0
    reasons = " | ".join(set(frame["error"]))
    assert all(
        words in reasons for words in ("needs a host beside it", "GB are missing", "do not divide", "needs an fp8 operand")
    ), reasons
    assert frame.loc[frame["error"] != "", "latency_ms"].isna().all()
    assert frame.loc[frame["error"] == "", "latency_ms"].notna().all()
    assert run_sweep(wide, tmp_path).computed == 0


def test_a_changed_specification_makes_its_own_points_stale(small, tmp_path):
    mine = tmp_path / "mine.yaml"
    text = "base: a100-sxm-80gb\ndram:\n  bandwidth_gb_per_s: [{}, GB/s, assumed, me, what if]\nsources:\n  me: a test\n"
    mine.write_text(text.format(2000))
    sweep = {**small, "machine": [str(mine), "h100-sxm"]}
    run_sweep(sweep, tmp_path / "out")
    mine.write_text(text.format(2000) + "# a remark\n")
    os.utime(mine, ns=(1, 1))
    assert len(stale(sweep, tmp_path / "out")) == 0
    mine.write_text(text.format(3000))
    assert set(stale(sweep, tmp_path / "out")["machine"]) == {str(mine)}
    assert run_sweep(sweep, tmp_path / "out").computed == 6
    frame = read_results(tmp_path / "out")
    assert len(frame) == 12
    assert not frame.duplicated(["machine", "scheme", "batch"]).any()


def test_a_number_that_the_sweep_replaces_does_not_count(small, tmp_path):
    mine = tmp_path / "mine.yaml"
    text = "base: a100-sxm-80gb\ndram:\n  bandwidth_gb_per_s: [{}, GB/s, assumed, me, what if]\nsources:\n  me: a test\n"
    mine.write_text(text.format(2000))
    sweep = {**small, "machine": str(mine), "override": {"dram.bandwidth_gb_per_s": [1000, 4000]}}
    run_sweep(sweep, tmp_path / "out")
    mine.write_text(text.format(3000))
    assert len(stale(sweep, tmp_path / "out")) == 0


def test_a_changed_fit_makes_exactly_its_own_points_stale(tmp_path, monkeypatch):
    sweep = {"model": "gpt2", "machine": ["a100-sxm-80gb", "h100-sxm"], "scheme": ["bf16", "w8a8-int8", "fp8"], "tp": [1, 2]}
    run_sweep(sweep, tmp_path)
    original = record.shipped

    def refitted(machine: str, family: str) -> record.Fit | None:
        fit = original(machine, family)
        if (machine, family) != ("a100-sxm-80gb", "gemm") or fit is None:
            return fit
        library = fit.precisions["w8a8-int8"].libraries["trtllm"]
        launch = dataclasses.replace(library.parameters["launch_us"], value=library.parameters["launch_us"].value * 1.01)
        changed = dataclasses.replace(library, parameters={**library.parameters, "launch_us": launch})
        return dataclasses.replace(fit, precisions={**fit.precisions, "w8a8-int8": record.PrecisionFit({"trtllm": changed})})

    monkeypatch.setattr(record, "shipped", refitted)
    basis_of.cache_clear()
    try:
        found = stale(sweep, tmp_path)
    finally:
        monkeypatch.undo()
        basis_of.cache_clear()
    assert set(zip(found["machine"], found["scheme"], strict=True)) >= {("a100-sxm-80gb", "w8a8-int8")}
    assert ("a100-sxm-80gb", "bf16") not in set(zip(found["machine"], found["scheme"], strict=True))
    assert ("h100-sxm", "bf16") not in set(zip(found["machine"], found["scheme"], strict=True))


def test_changed_code_makes_the_points_of_its_family_stale(tmp_path, monkeypatch):
    sweep = {"model": "gpt2", "machine": "h100-sxm", "tp": [1, 2]}
    run_sweep(sweep, tmp_path)
    for group, touched in (("all-reduce", {2.0}), ("gemm", {1.0, 2.0}), ("event", set())):
        monkeypatch.setattr(
            "narrowgauge.experiments.sweep.code_groups.code_hash", lambda name, g=group: code_hash(name) + "x" * (name == g)
        )
        assert set(stale(sweep, tmp_path)["tp"]) == touched
        monkeypatch.undo()


ONE = {"model": "gpt2", "machine": "a100-sxm-80gb", "scheme": "w4a8", "input": 64}
UNITS = {**ONE, "replace": {"tensor_core": ["none", "lut-4x"]}}


def test_changed_code_of_units_makes_their_points_stale(tmp_path, monkeypatch):
    run_sweep(UNITS, tmp_path)
    monkeypatch.setattr(
        "narrowgauge.experiments.sweep.code_groups.code_hash", lambda name: code_hash(name) + "x" * (name == "unit")
    )
    assert set(stale(UNITS, tmp_path)["tensor_core"]) == {"lut-4x"}


def test_a_changed_specification_of_a_unit_makes_its_points_stale(tmp_path):
    mine = tmp_path / "mine.yaml"
    text = "base: lut-4x\nunits_per_sm: [{}, count, assumed, me, what if]\nsources:\n  me: a test\n"
    mine.write_text(text.format(8))
    sweep = {**ONE, "replace": {"tensor_core": ["none", "lut-8x", str(mine)]}}
    run_sweep(sweep, tmp_path / "out")
    assert len(stale(sweep, tmp_path / "out")) == 0
    mine.write_text(text.format(2))
    assert set(stale(sweep, tmp_path / "out")["tensor_core"]) == {str(mine)}


#: modules that a prediction loads and that say nothing of its numbers: names, texts, errors, other kinds of hardware
WITHOUT_NUMBERS = (
    "narrowgauge.errors", "narrowgauge.registry", "narrowgauge.provenance", "narrowgauge.archmodels.catalogue",
    "narrowgauge.archmodels.consistency", "narrowgauge.archmodels.describe", "narrowgauge.archmodels.frozen",
    "narrowgauge.archmodels.hardware", "narrowgauge.archmodels.heterogeneous", "narrowgauge.archmodels.npu",
    "narrowgauge.archmodels.pim", "narrowgauge.archmodels.specified", "narrowgauge.archmodels.units.systolic",
    "narrowgauge.archmodels.yaml_source",
    "narrowgauge.calibration.datasets", "narrowgauge.dataflows.catalogue", "narrowgauge.experiments.predict_manifest",
    "narrowgauge.experiments.predict_reasons", "narrowgauge.experiments.price", "narrowgauge.sim",
)  # fmt: skip


PREDICTIONS = {
    "experts on two GPUs": "ng.predict('deepseek-v2-lite', on='h100-sxm', scheme='fp8', tp=2)",
    "another unit": "ng.predict('gpt2', ng.load_machine('h100-sxm').replace_unit('tensor_core', 'lut-4x'), 'w4a8', 1, 64, 8)",
}


@pytest.mark.parametrize("prediction", PREDICTIONS.values(), ids=PREDICTIONS)
def test_every_module_of_a_prediction_stands_in_a_group(prediction):
    code = f"import sys, narrowgauge as ng; {prediction}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    known = {path for group in GROUPS for path in paths_of(group)}
    for name in (name for name in loaded if name.startswith("narrowgauge.")):
        file = Path(ng.__file__).parent.joinpath(*name.split(".")[1:]).with_suffix(".py")
        assert not file.exists() or file in known or name.startswith(WITHOUT_NUMBERS), name
    assert all(paths_of(group) for group in GROUPS)


def test_a_truncated_shard_is_reported_and_computed_again(small, tmp_path):
    run_sweep(small, tmp_path)
    whole = read_results(tmp_path)
    victim = shards(tmp_path)[0]
    victim.write_bytes(victim.read_bytes()[:-100])
    assert "truncated or changed" in read_results(tmp_path).attrs["notes"][0]
    outcome = run_sweep(small, tmp_path)
    assert outcome.computed > 0 and victim.name in outcome.notes[0]
    assert victim.with_name(victim.name + ".damaged").exists()
    pd.testing.assert_frame_equal(read_results(tmp_path), whole)


def test_a_shard_of_another_schema_is_left_alone(small, tmp_path, monkeypatch):
    monkeypatch.setattr("narrowgauge.experiments.sweep.store.SCHEMA", 99)
    run_sweep(small, tmp_path)
    monkeypatch.undo()
    with pytest.raises(InputError, match=r"manifest.json: has schema 99, this version reads 2"):
        run_sweep(small, tmp_path)
    (tmp_path / "manifest.json").unlink()
    before = shards(tmp_path)
    outcome = run_sweep(small, tmp_path)
    assert outcome.computed == 12 and "has schema 99" in outcome.notes[0]
    assert set(before) < set(shards(tmp_path))


def test_a_read_only_folder_is_said_before_anything_is_computed(small, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        run_sweep(small, file / "out")
    if os.geteuid() != 0:  # nothing is read-only for root
        tmp_path.chmod(0o500)
        with pytest.raises(InputError, match="Permission denied"):
            run_sweep(small, tmp_path)
        tmp_path.chmod(0o700)


def test_a_full_disk_is_said_and_costs_one_piece(small, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "LONGEST_PIECE_S", 0.001)
    synchronise, calls = os.fsync, []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) > 9:
            raise OSError(28, "No space left on device")
        synchronise(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left on device; what is finished is kept"):
        run_sweep(small, tmp_path)
    monkeypatch.undo()
    kept = len(read_results(tmp_path))
    assert 0 < kept < 12 and not list(tmp_path.rglob("*.part"))
    assert run_sweep(small, tmp_path).computed == 12 - kept


def test_two_runs_in_one_folder_do_not_meet(small, tmp_path):
    with held(tmp_path), pytest.raises(InputError, match=f"in use by process {os.getpid()} on"):
        run_sweep(small, tmp_path)
    assert run_sweep(small, tmp_path).computed == 12


def test_the_lock_of_a_dead_process_is_taken_over(small, tmp_path):
    code = "import os, signal, sys; from pathlib import Path; from narrowgauge.experiments.sweep.lock import held\n"
    code += "with held(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert (tmp_path / "lock").exists()
    assert run_sweep(small, tmp_path).computed == 12


def test_the_manifest_says_what_the_results_are_made_of(small, tmp_path):
    run_sweep(small, tmp_path, command="narrowgauge sweep small.yaml")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (run,) = manifest["runs"]
    assert run["command"] == "narrowgauge sweep small.yaml"
    assert set(run["code"]) == set(GROUPS) and "h100-sxm.gemm.json" in run["fits"] and "h100-sxm" in run["specifications"]
    assert len(manifest["settings"]) == 4


def test_keys_on_disk_are_unique(small, tmp_path):
    run_sweep(small, tmp_path, jobs=2)
    keys = [key for table in Store(tmp_path).scan([KEY]).tables for key in table.column(KEY).to_pylist()]
    assert len(keys) == len(set(keys)) == 12


def test_results_of_nothing_are_refused(tmp_path):
    with pytest.raises(InputError, match="holds no sweep"):
        read_results(tmp_path)
