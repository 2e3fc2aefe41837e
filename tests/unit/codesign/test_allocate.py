"""Schemes by block: the sums are those of `predict`, budgets are kept, wrong tables are named row by row."""

import json

import pytest
from click.testing import CliRunner

from narrowgauge.archmodels import load_machine
from narrowgauge.cli import main
from narrowgauge.errors import CapacityError, InputError
from narrowgauge.experiments.codesign.allocate import allocate
from narrowgauge.experiments.codesign.sensitivity_table import SensitivityTable, read_sensitivities
from narrowgauge.experiments.predict import predict
from narrowgauge.workloads import read_model

GPU = load_machine("a100-sxm-80gb")
MODEL = read_model("llama-3.2-1b")
MAPS = ("attn.qkv", "attn.o", "mlp.gate_up", "mlp.down")
SCHEMES = {"w4a16-g128": 1.0, "w8a16": 0.1, "fp16": 0.0}


def blocks():
    return SensitivityTable(
        {((i, "*"), name): loss * (10 if i in (0, 15) else 1) for i in range(MODEL.layers) for name, loss in SCHEMES.items()}
    )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_uniform_choice_costs_what_predict_says(scheme):
    table = SensitivityTable({((i, "*"), name): float(name != scheme) for i in range(MODEL.layers) for name in SCHEMES})
    found = allocate(MODEL, GPU, table, tpot_ms=1e3)
    alone = predict(MODEL, GPU, scheme)
    assert set(found.schemes.values()) == {scheme}
    assert found.tpot_ms == pytest.approx(alone.tpot_ms.value, rel=0.002)
    assert found.memory_gb == pytest.approx(alone.memory_gb.value, rel=1e-6)


def test_a_budget_in_between_is_kept_and_spares_the_sensitive_blocks():
    slow, fast = (predict(MODEL, GPU, name).tpot_ms.value for name in ("fp16", "w4a16-g128"))
    found = allocate(MODEL, GPU, blocks(), tpot_ms=(slow + fast) / 2)
    assert fast < found.tpot_ms <= (slow + fast) / 2
    assert found.schemes[0, "*"] != "w4a16-g128"
    losses = [loss for _, loss in found.front]
    assert losses == sorted(losses, reverse=True)


def test_a_memory_budget_is_kept():
    found = allocate(MODEL, GPU, blocks(), memory_gb=2.2)
    assert found.memory_gb <= 2.2
    assert len(set(found.schemes.values())) > 1


def test_linear_maps_can_be_chosen_one_by_one():
    table = SensitivityTable(
        {((i, m), name): loss * (5 if m == "mlp.down" else 1) for i in range(16) for m in MAPS for name, loss in SCHEMES.items()}
    )
    whole = allocate(MODEL, GPU, table, memory_gb=1.9)
    kept = {name for (_, name), scheme in whole.schemes.items() if scheme != "w4a16-g128"}
    assert whole.memory_gb <= 1.9
    assert "mlp.down" in kept


def test_a_budget_below_everything_says_what_is_needed():
    with pytest.raises(CapacityError, match=r"memory: at least 1\.\d+ GB are needed, the budget is 0\.5"):
        allocate(MODEL, GPU, blocks(), memory_gb=0.5)


def test_schemes_that_change_other_operators_need_losses_of_whole_blocks():
    table = SensitivityTable({((i, m), name): 0.0 for i in range(16) for m in MAPS for name in ("fp16", "w8a8-int8")})
    with pytest.raises(InputError, match="give losses of whole blocks"):
        allocate(MODEL, GPU, table, tpot_ms=5)


def test_a_table_that_does_not_fit_the_model_is_named():
    table = SensitivityTable(
        {((0, "*"), "fp16"): 0.0, ((0, "attn.o"), "fp16"): 0.0, ((1, "mlp.up"), "fp16"): 0, ((99, "*"), "fp16"): 0}
    )
    with pytest.raises(InputError) as caught:
        allocate(MODEL, GPU, table, tpot_ms=5)
    said = str(caught.value)
    for part in (
        "layer 99, *: llama-3.2-1b has 16 layers",
        "layer 1: unknown operator 'mlp.up', did you mean 'mlp.gate_up'?",
        "layer 0: has losses as a whole and of its operators",
        "layer 2: no losses for any scheme",
    ):
        assert part in said


def test_no_budget_is_refused():
    with pytest.raises(InputError, match="budget: is missing"):
        allocate(MODEL, GPU, blocks())


def test_every_bad_row_is_named(tmp_path):
    file = tmp_path / "losses.csv"
    file.write_text("layer,scheme,loss\n0,fp16,0\n-1,fp16,0\n0.5,w4,1\n0,fp16,2\n1,fp16,\n")
    with pytest.raises(InputError) as caught:
        read_sensitivities(file)
    said = str(caught.value)
    for part in (
        "row 2: layer is -1",
        "row 3: layer is 0.5",
        "unknown scheme 'w4'",
        "row 4: layer 0, * has a loss",
        "row 5: loss is",
    ):
        assert part in said
    file.write_text("layers,scheme,lost\n0,fp16,0\n")
    with pytest.raises(InputError, match="has no column 'layer'"):
        read_sensitivities(file)


def test_the_command_writes_json(tmp_path):
    file, out = tmp_path / "losses.csv", tmp_path / "out.json"
    rows = [f"{i},{name},{loss}" for i in range(16) for name, loss in SCHEMES.items()]
    file.write_text("\n".join(["layer,scheme,loss", *rows]) + "\n")
    line = ["codesign", "llama-3.2-1b", str(file), "--on", "a100-sxm-80gb", "--tpot-ms", "3", "--json", str(out)]
    result = CliRunner().invoke(main, line)
    assert result.exit_code == 0, result.stderr
    written = json.loads(out.read_text())
    assert written["tpot_ms"] <= 3
    assert len(written["schemes"]) == 16
