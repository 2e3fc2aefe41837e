"""Do the means of BitMoD's paper follow from the cycles of its six models? (arXiv 2411.11745, section VI)"""

from statistics import mean

import pytest

from narrowgauge.experiments.reproduce.bitmod import Case, predict

MODELS = ("opt-1.3b", "phi-2", "yi-6b", "llama-2-7b", "llama-2-13b", "llama-3-8b")
GENERATED = 20  # tokens after the prompt
ANT = ("5", "5", "5.25", "5", "5", "4.5")
OLIVE = ("3.875", "4", "4.25", "3.75", "3.75", "3.5")


def cycles(machine: str, prompt: str, tokens: tuple[str, ...] | str) -> list[tuple[float, float]]:
    """Of each model: the prompt, and the prompt with the tokens after it."""
    precisions = (tokens,) * len(MODELS) if isinstance(tokens, str) else tokens
    found = []
    for model, precision in zip(MODELS, precisions, strict=True):
        first = predict(Case(model=model, on=machine, phase="prefill", precision=prompt))["cycles"]
        each = predict(Case(model=model, on=machine, phase="decode", precision=precision))["cycles"]
        found.append((first, first + GENERATED * each))
    return found


@pytest.fixture(scope="module")
def lossless() -> list[tuple[float, float]]:
    return cycles("bitmod", "int6", "int6")


@pytest.fixture(scope="module")
def lossy() -> list[tuple[float, float]]:
    return cycles("bitmod", "bitmod-fp4", "bitmod-fp3")


def speedups(of: list[tuple[float, float]], over: list[tuple[float, float]]) -> tuple[float, float]:
    prompts, generations = (mean(slow[i] / fast[i] for slow, fast in zip(over, of, strict=True)) for i in (0, 1))
    return round(prompts, 2), round(generations, 2)


def test_int6_over_fp16(lossless: list[tuple[float, float]]) -> None:
    assert speedups(lossless, cycles("fp16", "fp16", "fp16")) == (1.99, 2.41)


def test_low_bit_over_ant(lossy: list[tuple[float, float]]) -> None:
    assert speedups(lossy, cycles("ant", "5.5", ANT)) == (1.72, 1.66)


def test_low_bit_over_olive(lossy: list[tuple[float, float]]) -> None:
    assert speedups(lossy, cycles("olive", "4.5", OLIVE)) == (1.56, 1.39)
