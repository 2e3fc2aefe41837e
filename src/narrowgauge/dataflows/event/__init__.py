"""Kernels of the GPU model as task graphs: the tilings and calibrated rates of the closed forms, scheduled event by event."""
