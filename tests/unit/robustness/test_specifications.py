"""Does a specification of one's own end in what it describes, or in one error at the faulty line?"""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from narrowgauge import load_machine, predict
from narrowgauge.archmodels.units import unit_names
from narrowgauge.cli import main
from narrowgauge.errors import InputError, NarrowgaugeError

BASES = {
    "lut-8x": "unit",
    "bitmod-sm": "unit",
    "fp16-prefill": "accelerator",
    "m2-ultra": "device",
    "flightllm-vhk158": "device",
    "h100-sxm": "machine",
    "gddr6-aim": "machine",
    "neupims-npu": "machine",
    "a100-attacc": "machine",
}
LUT = "title: mine\nbase: lut-8x\nsources:\n  me: my own\narray:\n  count: "
FAULTY_COUNTS = {
    "[-8, count, published, me]": "impossible, allowed: 1 to",
    "[.nan, count, published, me]": "not finite",
    "[many, count, published, me]": "not a number",
    "[8.5, count, published, me]": "must be whole",
    "[8, mm2, published, me]": "unit 'mm2' does not fit, allowed: count",
    "[8, count, guessed, me]": "unknown kind 'guessed'",
    "[8, count, published, nobody]": "source 'nobody' is not in the table of sources",
    "[8, count, assumed, me]": "needs a note",
    "8": "write [value, unit, kind, source]",
}


@pytest.fixture
def written(tmp_path):
    def write(text, name="mine.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.mark.parametrize(("base", "kind"), BASES.items())
def test_show_tells_from_a_file_what_it_describes(written, base, kind):
    answer = CliRunner().invoke(main, ["show", written(f"title: mine\nbase: {base}\n"), "--json", "-"])
    assert answer.exit_code == 0, answer.output
    assert f'"kind": "{kind}"' in answer.output


@pytest.mark.parametrize(("entry", "what"), FAULTY_COUNTS.items())
def test_a_faulty_number_of_a_unit_is_named_with_its_line(written, entry, what):
    path = written(LUT + entry + "\n")
    with pytest.raises(InputError) as caught:
        load_machine("a100-sxm-80gb").replace_unit("tensor_core", path)
    assert str(caught.value).startswith(f"{path}:6: array.count: ") and what in str(caught.value)


def test_a_kind_of_unit_that_does_not_exist_is_refused_with_the_nearest(written):
    with pytest.raises(InputError, match=r":2: unit: is 'systolicc', did you mean 'systolic'\?"):
        load_machine("a100-sxm-80gb").replace_unit("tensor_core", written("title: mine\nunit: systolicc\n"))


def test_bases_that_lead_back_are_refused(written):
    written("title: b\nbase: ./a.yaml\n", "b.yaml")
    with pytest.raises(InputError, match="leads back"):
        load_machine(written("title: a\nbase: ./b.yaml\n", "a.yaml"))


@pytest.mark.parametrize("base", ["lut-8x", "fp16-prefill"])
def test_what_is_no_machine_is_said_in_one_line(written, base):
    with pytest.raises(InputError, match=r"describes an? ") as caught:
        load_machine(written(f"title: mine\nbase: {base}\n"))
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize("unit", unit_names())
def test_a_unit_in_a_gpu_is_refused_or_no_faster_than_its_memory(unit):
    try:
        machine = load_machine("a100-sxm-80gb").replace_unit("tensor_core", unit)
    except NarrowgaugeError as reason:
        assert unit in str(reason)
        return
    answer = predict("opt-1.3b", on=machine, scheme="w4a8", batch=1, input_tokens=64, output_tokens=2, framework="none")
    weights_ms = answer.memory.weights_gb / machine.value("dram.bandwidth_gb_per_s") * 1e3
    assert weights_ms * 0.9 < answer.tpot_ms.value < 1e3
