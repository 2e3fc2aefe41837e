"""How many sequences a serving framework runs at once."""

import pytest

from narrowgauge.archmodels import load_gpu
from narrowgauge.errors import CapacityError
from narrowgauge.experiments.serving_batch import CACHE_SHARE, largest_batch
from narrowgauge.formats import parse_scheme
from narrowgauge.workloads import memory_footprint, read_model

A100 = load_gpu("a100-sxm-80gb")
MODEL, FP16 = read_model("llama-2-13b"), parse_scheme("fp16")


def needed_gb(batch: int) -> float:
    parts = memory_footprint(MODEL, FP16, batch, 1536, step_tokens=batch * 1024)
    return parts.weights_gb + parts.activations_gb + parts.kv_cache_gb / CACHE_SHARE


def test_one_more_sequence_would_not_fit() -> None:
    batch = largest_batch(MODEL, FP16, A100, 1024, 512, most=256)
    assert needed_gb(batch) <= A100.resources.memory_gb < needed_gb(batch + 1)


def test_an_engine_runs_no_more_than_it_is_built_for() -> None:
    assert largest_batch(MODEL, FP16, A100, 1024, 512, most=8) == 8


def test_a_model_that_leaves_no_room_is_refused_with_both_sizes() -> None:
    with pytest.raises(CapacityError, match=r"llama-2-70b in fp16 needs 138\.\d GB .* a100-sxm-80gb has 80\.0 GB"):
        largest_batch(read_model("llama-2-70b"), FP16, A100, 1024, 512, most=256)
