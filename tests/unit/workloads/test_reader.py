"""Are config files read as published, and is every fault reported once, with its place?"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgauge.errors import InputError
from narrowgauge.workloads import model_names, parse_config, read_model
from narrowgauge.workloads.model import Activation, WindowGroup

LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
}


def problems(**changes: Any) -> list[str]:
    """What is wrong with a Llama configuration after `changes` (a value of ... removes the field)."""
    data = {key: value for key, value in (LLAMA | changes).items() if value is not ...}
    with pytest.raises(InputError) as caught:
        parse_config(data, "config.json", "model")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("name", model_names())
def test_every_card_reads_without_a_problem(name: str) -> None:
    assert read_model(name).name == name


def test_names_are_found_in_any_spelling() -> None:
    assert read_model("Llama_3-8B") == read_model("llama-3-8b")


def test_a_file_and_its_folder_are_read_alike(tmp_path: Path) -> None:
    folder = tmp_path / "my-model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(LLAMA))
    assert read_model(folder) == read_model(folder / "config.json") == read_model(str(folder))
    assert read_model(folder).name == "my-model"


def test_grouped_query_heads() -> None:
    shape = read_model("llama-3-8b").attention
    assert (shape.heads, shape.kv_heads, shape.head_dim) == (32, 8, 128)


def test_multi_query_falcon_ignores_the_listed_key_value_heads() -> None:
    assert read_model("falcon-7b").attention.kv_heads == 1
    assert read_model("falcon-40b").attention.kv_heads == 8


def test_mistral_slides_in_every_layer() -> None:
    assert read_model("mistral-7b").attention.windows == (WindowGroup(32, 4096),)


def test_gemma_2_alternates_and_gemma_3_has_one_global_layer_in_six() -> None:
    assert read_model("gemma-2-9b").attention.windows == (WindowGroup(21, 4096), WindowGroup(21))
    assert read_model("gemma-3-27b").attention.windows == (WindowGroup(52, 1024), WindowGroup(10))


def test_layer_types_overrule_the_pattern() -> None:
    types = ["full_attention", "sliding_attention", "full_attention"]
    data = LLAMA | {"model_type": "gemma2", "num_hidden_layers": 3, "layer_types": types, "sliding_window": 64}
    assert parse_config(data, "c", "m").attention.windows == (WindowGroup(1, 64), WindowGroup(2))


def test_qwen_slides_only_where_it_says_so() -> None:
    qwen = LLAMA | {"model_type": "qwen2", "sliding_window": 1024, "max_window_layers": 30}
    assert parse_config(qwen | {"use_sliding_window": False}, "c", "m").attention.windows == (WindowGroup(32),)
    windows = parse_config(qwen | {"use_sliding_window": True}, "c", "m").attention.windows
    assert windows == (WindowGroup(2, 1024), WindowGroup(30))


def test_partial_rotary_embedding() -> None:
    assert parse_config(LLAMA | {"model_type": "phi3", "partial_rotary_factor": 0.75}, "c", "m").attention.rotary_dim == 96
    assert read_model("gpt-j-6b").attention.rotary_dim == 64


def test_bitnet_has_sub_norms_and_squared_relu() -> None:
    model = read_model("bitnet-2b")
    assert (model.attention.sub_norm, model.mlp.sub_norm, model.mlp.activation) == (True, True, Activation.RELU2)


def test_deepseek_keeps_its_first_layers_dense() -> None:
    model = read_model("deepseek-v3")
    assert (model.dense_layers, model.moe_layers) == (3, 58)
    assert model.attention.latent is not None
    assert model.attention.latent.cache_dim == 576


def test_sparse_step_and_listed_layers_stay_dense() -> None:
    qwen = LLAMA | {"model_type": "qwen3_moe", "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 768}
    model = parse_config(qwen | {"decoder_sparse_step": 2, "mlp_only_layers": [1]}, "c", "m")
    assert (model.dense_layers, model.moe_layers) == (17, 15)


@pytest.mark.parametrize("value", [0, -1, 2.5, 4096.0, "4096", True, float("nan"), float("inf"), [4096], 10**12])
def test_an_impossible_size_is_one_problem_with_what_was_given(value: object) -> None:
    (problem,) = problems(hidden_size=value)
    assert problem.startswith(f"config.json: hidden_size: given {value!r}")
    assert "allowed: a whole number from 1" in problem


def test_a_missing_field_names_the_one_that_was_probably_meant() -> None:
    (problem,) = problems(hidden_size=..., hiden_size=4096)
    assert "hidden_size: missing" in problem
    assert "did you mean 'hiden_size'?" in problem


def test_all_faults_are_reported_at_once() -> None:
    found = problems(hidden_size=..., vocab_size=-1, tie_word_embeddings="yes", hidden_act="sillu", num_hidden_layers=None)
    fields = [problem.split(": ")[1] for problem in found]
    assert sorted(fields) == ["hidden_act", "hidden_size", "num_hidden_layers", "tie_word_embeddings", "vocab_size"]
    assert any("did you mean 'silu'" in problem for problem in found)


def test_heads_must_divide() -> None:
    found = problems(num_attention_heads=30, num_key_value_heads=8)
    assert found == [
        "config.json: num_key_value_heads: given 8, allowed: a divisor of num_attention_heads, which is 30",
        "config.json: num_attention_heads: given 30, allowed: a divisor of hidden_size, which is 4096",
    ]


def test_more_experts_per_token_than_experts_are_refused() -> None:
    (problem,) = problems(model_type="mixtral", num_local_experts=4, num_experts_per_tok=5)
    assert "num_experts_per_tok: given 5, allowed: a whole number from 1 to 4" in problem


def test_nested_fields_are_named_by_their_path() -> None:
    data = {"model_type": "gemma3", "text_config": {"hidden_size": 0, "num_hidden_layers": 26, "intermediate_size": 6912}}
    with pytest.raises(InputError, match=r"c: text_config.hidden_size: given 0"):
        parse_config(data, "c", "m")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"config.json:1:2: is not JSON"),
        ('{"a": 1,\n "b" 2}', r"config.json:2:6: is not JSON"),
        ("[1, 2]", "holds a list, allowed: an object"),
        ("{}", "model_type: missing"),
        ('{"model_type": "lama"}', "unsupported, given 'lama'; did you mean 'llama'"),
        ('{"model_type": 3}', "unsupported, given 3"),
        ("[" * 100_000, "cannot be read as JSON"),
        ('{"a": ' + "9" * 5000 + "}", "cannot be read as JSON"),
    ],
)
def test_a_broken_file_is_one_input_error(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        read_model(path)
    assert len(caught.value.problems) == 1


def test_a_binary_file_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(InputError, match="cannot be read as JSON"):
        read_model(path)


@pytest.mark.parametrize("source", ["lama-3-8b", "x" * 5000, "no/such/file.json", ""])
def test_an_unknown_name_is_an_input_error(source: str) -> None:
    with pytest.raises(InputError, match="no model card"):
        read_model(source)


JUNK = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers(), max_size=3))
CARDS = [
    name
    for name in model_names()
    if name in ("llama-3-8b", "qwen3-30b-a3b", "gemma-3-1b", "falcon-40b", "opt-350m", "deepseek-v3")
]


@settings(max_examples=150)
@given(st.data())
def test_any_value_in_any_field_gives_a_model_or_an_input_error(data: st.DataObject) -> None:
    import narrowgauge.workloads as package

    card = Path(package.__file__).parent / "cards" / f"{data.draw(st.sampled_from(CARDS))}.json"
    config = json.loads(card.read_text())
    for field in data.draw(st.lists(st.sampled_from(sorted(config)), max_size=3)):
        config[field] = data.draw(JUNK)
    try:
        parse_config(config, "c", "m")
    except InputError as error:
        assert error.problems
