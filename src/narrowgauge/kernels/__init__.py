"""Microbenchmarks for a real GPU. They talk to `calibration` through measurement files alone, and only this package imports
pycuda."""
