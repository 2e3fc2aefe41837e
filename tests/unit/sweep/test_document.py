"""Is a sweep file understood, and is everything that is wrong with one said at once, with its line?"""

import pytest

from narrowgauge.errors import InputError
from narrowgauge.experiments.sweep.document import read_sweep

GOOD = """\
model: llama-3-8b
machine: [a100-sxm-80gb, H100_SXM]
scheme: [bf16, w4a16_g128]
batch: {powers_of_two: [1, 4]}
override: {dram.bandwidth_gb_per_s: [2000, 3350]}
where: [batch * input <= 4096, dram.capacity_gb > 50]
columns: {tokens_per_j: 1 / energy_per_output_token_j}
"""


def faults(source) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_sweep(source)
    return [str(problem) for problem in caught.value.problems]


def test_a_file_and_a_mapping_say_the_same(written):
    file = read_sweep(written(GOOD))
    same = read_sweep(
        {
            "model": "llama-3-8b",
            "machine": ["a100-sxm-80gb", "h100-sxm"],
            "scheme": ["bf16", "w4a16-g128"],
            "batch": [1, 2, 4],
            "override": {"dram.bandwidth_gb_per_s": [2000, 3350]},
            "where": ["batch * input <= 4096", "dram.capacity_gb > 50"],
            "columns": {"tokens_per_j": "1 / energy_per_output_token_j"},
        }
    )
    assert file.axes == same.axes
    assert [each.text for each in file.where] == [each.text for each in same.where]
    assert file.columns.keys() == same.columns.keys()


def test_what_is_not_named_is_as_in_predict(written):
    axes = {axis.name: axis.choices for axis in read_sweep(written(GOOD)).axes}
    assert (axes["input"], axes["output"], axes["tp"], axes["framework"]) == ((1024,), (128,), (1,), ("trtllm",))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("modle: x", "sweep.yaml:8: modle: unknown key, did you mean 'model'?"),
        ("dram.bandwidth_gb_per_s: 3", "write it below override: {dram.bandwidth_gb_per_s: …}"),
        ("tp: [1, 0]", "sweep.yaml:8: tp: 0, allowed: a whole number from 1"),
        ("tp: [1.5]", "sweep.yaml:8: tp: 1.5, allowed: a whole number"),
        ("tp: [true]", "sweep.yaml:8: tp: True, allowed: a whole number"),
        ("input: []", "sweep.yaml:8: input: is an empty list"),
        ("output: {linear: [1, 5]}", "sweep.yaml:8: output: needs the number of values"),
        ("framework: tensorrt", "sweep.yaml:8: framework: unknown framework 'tensorrt'"),
        ("fidelity: analytics", "sweep.yaml:8: fidelity: unknown fidelity 'analytics', did you mean 'analytic'?"),
        ("sample: {random: 10}\ngrid: true", "sweep.yaml:8: sample: a sweep is a grid or a sample"),
        ("sample: {lhs: 10}", "sweep.yaml:8: sample.lhs: unknown key, allowed: random, latin_hypercube, seed"),
        ("sample: {random: -1}", "sweep.yaml:8: sample.random: -1, must be a whole number from 1"),
        ("sample: 100", "sweep.yaml:8: sample: write {latin_hypercube: 1000, seed: 1}"),
    ],
)
def test_faults_have_a_line(written, line, found):
    assert any(found in fault for fault in faults(written(GOOD + line + "\n")))


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("model: llama-3-8b", "model: llama-3-9b", "sweep.yaml:1: model: llama-3-9b"),
        ("model: llama-3-8b\n", "", "model: is missing"),
        ("H100_SXM", "h100-sxmm", "did you mean 'h100-sxm'?"),
        ("w4a16_g128", "w4a17", "sweep.yaml:3: scheme"),
        ("dram.bandwidth_gb_per_s", "dram.bandwidth", "did you mean 'dram.bandwidth_gb_per_s'"),
        ("3350", "-3350", "sweep.yaml:5: override.dram.bandwidth_gb_per_s: value -3350 GB/s is impossible"),
        ("[2000, 3350]", "{linear: [1, 0, 3]}", "is an empty range"),
        ("dram.capacity_gb > 50", "ttft_ms > 50", "known only when the point is priced"),
        ("dram.capacity_gb > 50", "tokens_per_j > 50", "known only when the point is priced"),
        ("dram.capacity_gb > 50", "dram.capacity > 50", "did you mean 'dram.capacity_gb'"),
        ("tokens_per_j:", "batch:", "is taken"),
        ("1 / energy_per_output_token_j", "1 / energy_per_token_j", "did you mean 'energy_per_output_token_j'"),
    ],
)
def test_faults_name_what_is_near(written, old, new, found):
    assert any(found in fault for fault in faults(written(GOOD.replace(old, new))))


def test_all_faults_come_at_once(written):
    text = GOOD.replace("llama-3-8b", "x").replace("[1, 4]", "[4, 1]").replace("3350", "0").replace("50", "'a'")
    assert len(faults(written(text))) == 4


@pytest.mark.parametrize("text", ["", "- 1\n", "model: [\n", "model: llama-3-8b\nmodel: gpt2\n", "\x00"])
def test_what_is_no_sweep_is_said(written, text):
    assert "sweep.yaml" in faults(written(text))[0]


def test_a_missing_file_is_named(tmp_path):
    assert "nothing.yaml: cannot be read" in faults(tmp_path / "nothing.yaml")[0]


def test_units_stand_in_the_slots_of_the_machine():
    swept = read_sweep({"model": "gpt2", "machine": "a100-sxm-80gb", "replace": {"tensor_core": ["none", "LUT_4x"]}})
    assert {axis.name: axis.choices for axis in swept.axes}["tensor_core"] == ("none", "lut-4x")
    plain = read_sweep({"model": "gpt2", "machine": "a100-sxm-80gb"})
    assert {axis.name: axis.choices for axis in plain.axes}["tensor_core"] == ("none",)


def test_unknown_slots_and_units_are_named(written):
    found = faults(written("model: gpt2\nmachine: h100-sxm\nreplace:\n  tensor_cor: lut-4x\n  tensor_core: [lut-4y, fp16-mac]\n"))
    assert "sweep.yaml:4: replace.tensor_cor: unknown slot, did you mean 'tensor_core'?" in found[0]
    assert "sweep.yaml:5: replace.tensor_core: unknown unit 'lut-4y'; did you mean 'lut-4x'?" in found[1]
    assert "was not made to stand in an SM" in found[2]


def test_a_unit_by_itself_is_no_table():
    assert "must be a table of slot: units" in faults({"model": "gpt2", "machine": "h100-sxm", "replace": "lut-4x"})[0]
