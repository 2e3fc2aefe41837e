"""Do heterogeneous machines come out as published where the configuration is known? What does not fit is in the pages of the
experiments, with the reason."""

import pytest

from narrowgauge.experiments.reproduction import load_experiment

RATIO = 0.15


def predicted(name: str, **case: str | int) -> dict[str, float]:
    experiment, _ = load_experiment(name)
    return dict(experiment.predict(experiment.make_case(**case)))


def test_duplex_and_units_at_the_banks_over_the_gpu_for_mixtral_at_batch_64() -> None:
    """Duplex, section 7.1: 2.05 and 1.18 for 256 tokens in and out."""
    found = predicted("duplex", model="mixtral-8x7b", devices=4, batch=64, input_tokens=256, output_tokens=256)
    assert found["logic_pim"] == pytest.approx(2.05, rel=RATIO)
    assert found["bank_pim"] == pytest.approx(1.18, rel=RATIO)


def test_neupims_over_its_npu_alone_and_the_batch_from_which_two_parts_pay() -> None:
    """NeuPIMs, abstract and section 8: 2.4 on average over models, data sets, batches; parts of a batch from 256 requests on."""
    found = predicted("neupims", model="published", dataset="published", batch="64+128+256+512")
    assert found["over_npu"] == pytest.approx(2.4, rel=RATIO)
    assert found["sub_batches_from"] == 256


def test_better_software_on_the_npu_takes_most_of_the_gain() -> None:
    """All heads side by side on eight arrays, where the authors' simulator takes one after the other."""
    theirs, better = (predicted("neupims", npu=npu)["over_npu"] for npu in ("neupims-npu-artifact", "neupims-npu"))
    assert theirs > 2 * better > 2.0


def test_pim_prefers_grouped_queries_on_the_logic_die_and_single_ones_at_the_banks() -> None:
    """Duplex, section 3: units at the banks serve one operation a byte, grouped-query attention has four to eight."""
    grouped = predicted("duplex", model="llama-3-70b", batch=16, input_tokens=2048, output_tokens=3)
    single = predicted("duplex", model="opt-66b", batch=64, input_tokens=384, output_tokens=3)
    assert grouped["logic_over_bank"] > 1.0 > single["logic_over_bank"]
