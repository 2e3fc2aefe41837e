"""Are lists in one option read as lists, and refused where they are none?"""

from __future__ import annotations

import pytest

from narrowgauge.errors import InputError
from narrowgauge.experiments.reproduction.listed import models_of, numbers_of


@pytest.mark.parametrize("text", ["8,16,32", "8 16 32", " 8, 16 ,32,"])
def test_numbers_stand_between_commas_or_spaces(text):
    assert numbers_of("batches", text) == (8, 16, 32)


@pytest.mark.parametrize("text", ["", ",", "8,x", "0", "-8", "1.5"])
def test_what_is_no_list_of_numbers_is_refused_by_the_name_of_its_option(text):
    with pytest.raises(InputError, match="batches: given"):
        numbers_of("batches", text)


def test_models_stand_between_commas():
    assert [model.name for model in models_of("model", "opt-30b, opt-66b,")] == ["opt-30b", "opt-66b"]


@pytest.mark.parametrize(("text", "what"), [("", "model: given ''"), (" , ", "model: given"), ("opt-30b,opt-67b", "opt-66b")])
def test_a_list_without_models_or_with_an_unknown_one_is_refused(text, what):
    with pytest.raises(InputError, match=what):
        models_of("model", text)
