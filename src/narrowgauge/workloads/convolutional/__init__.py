"""Convolutional networks as graphs of layers with shapes, parameters and MACs: what bit allocation and on-chip memory planning
of the convolutional literature are about.

    network = load_network("resnet-50")
    network.layers[0].shape, network.macs
"""

from narrowgauge.workloads.convolutional.catalogue import load_network, network_names
from narrowgauge.workloads.convolutional.network import Layer, Network

__all__ = ["Layer", "Network", "load_network", "network_names"]
