"""Convolutional networks against counts of their papers."""

import pytest

from narrowgauge.errors import InputError
from narrowgauge.workloads.convolutional import load_network, network_names


@pytest.mark.parametrize(
    ("name", "million_weights", "giga_macs"),
    [
        # torchvision's counts of parameters less those of batch normalisation and biases; MACs as published there (GFLOPS)
        ("resnet-18", 11.679, 1.814),
        ("resnet-50", 25.503, 4.089),
        ("resnext-50", 24.960, 4.23),
        ("densenet-121", 7.894, 2.834),
        ("mobilenet-v2", 3.470, 0.301),
        ("vgg-16", 138.344, 15.470),
        ("s3d", 8.298, 17.979),
    ],
)
def test_weights_and_macs(name, million_weights, giga_macs):
    network = load_network(name)
    assert network.parameters / 1e6 == pytest.approx(million_weights, abs=1e-3)
    assert network.macs / 1e9 == pytest.approx(giga_macs, abs=1e-3)


@pytest.mark.parametrize("name", network_names())
@pytest.mark.parametrize("explicit", [False, True])
def test_layers_come_after_their_inputs(name, explicit):
    seen: set[str] = set()
    for layer in load_network(name, explicit).layers:
        assert set(layer.inputs) <= seen
        seen.add(layer.name)


def test_padding_is_an_operator_only_where_strides_need_it():
    kinds = [layer.kind for layer in load_network("resnet-50", explicit_padding=True).layers]
    assert kinds.count("pad") == 5  # first convolution, pooling, one 3 × 3 of stride 2 in each of three stages
    assert "pad" not in [layer.kind for layer in load_network("resnet-50").layers]


def test_an_unknown_network_names_the_nearest():
    with pytest.raises(InputError, match=r"unknown network 'resnet50'; did you mean 'resnet-50'\?"):
        load_network("resnet50")
