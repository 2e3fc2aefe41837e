"""Machine-level numbers from microbenchmarks: plateaus found in made-up tables, and agreement with the specifications."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from narrowgauge.archmodels import load_gpu
from narrowgauge.calibration.datasets import microbench
from narrowgauge.errors import InputError
from narrowgauge.provenance import Kind

DATA = Path(__file__).parents[4] / "shared" / "data"
A100 = load_gpu("a100-sxm-80gb").resources


def chase(sizes, cycles, source="gpu-benches/gpu-latency"):
    return pd.DataFrame({"gpu": "x", "source": source, "data_kB": sizes, "latency_cycles": cycles})


def test_plateaus_of_a_pointer_chase():
    frame = chase([8, 100, 1000, 5000, 9000, 30_000, 200_000, 900_000], [33, 90, 200, 201, 202, 400, 540, 560])
    near, dram = microbench.pointer_chase(frame, "x", A100)  # 164 KB of L1 per SM, 40 MB of L2
    assert (near.value, near.points) == (201, 3)
    assert (dram.value, dram.points) == (550, 2)
    assert near.low < near.value < near.high


def test_bulk_copies_are_not_loads():
    frame = pd.concat([chase([1000, 200_000], [200, 500]), chase([1000, 200_000], [370, 750], "random/tma_random_latency")])
    assert [r.value for r in microbench.pointer_chase(frame, "x", A100)] == [200, 500]


def test_l2_bandwidth_per_sm_and_cycle():
    frame = pd.DataFrame(
        {"bench": "gpu-l2-cache", "gpu": "x", "data_set_kB": [1000, 10_000, 20_000, 90_000], "eff_bw_GBps": [9e3, 5e3, 5e3, 2e3]}
    )
    reading = microbench.l2_bandwidth(frame, "x", A100)
    assert reading.value == pytest.approx(5000e9 / (108 * 1410e6))
    assert reading.points == 2


def test_streams_count_on_full_sms_only():
    frame = pd.DataFrame(
        {"gpu": "x", "occ_pct": [50, 95, 100], "read_GBps": [900, 1835.1, 1835.1], "scale_GBps": [800, 1631.2, 1631.2]}
    )
    read, copy = microbench.dram_streams(frame, "x", A100)
    assert (read.value, copy.value) == (pytest.approx(0.9), pytest.approx(0.8))


def test_launches_take_the_median_over_block_sizes():
    times = {"x.txt": [2.0, 3.0, 9.0], "x_graph.txt": [1.0, 1.5, 9.0]}
    frame = pd.concat(pd.DataFrame({"file": name, "n_elems": 4096, "time_us_est": values}) for name, values in times.items())
    large = pd.DataFrame({"file": ["x.txt"], "n_elems": [1 << 20], "time_us_est": [50.0]})
    stream, graph = microbench.launches(pd.concat([frame, large]), "x")
    assert (stream.value, graph.value, stream.points) == (3.0, 1.5, 1)


def test_an_unknown_gpu_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'x1'"):
        microbench.pointer_chase(chase([1000], [200]).assign(gpu="x1"), "x2", A100)


def test_a_table_that_tells_nothing_is_refused():
    with pytest.raises(InputError, match=r"no row of .x. tells dram\.latency_cycles"):
        microbench.pointer_chase(chase([1000], [200]), "x", A100)


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason=f"no measured data at {DATA}")
@pytest.mark.parametrize(("label", "hardware"), microbench.HARDWARE.items())
def test_specifications_agree_with_the_measurements(label, hardware):
    machine = load_gpu(hardware)
    frames = {name: frame for name, frame in microbench.tables(DATA).items() if name != microbench.POWER}
    found = microbench.readings(frames, label, machine.resources) if label in microbench.labels(frames, hardware) else {}
    assert found or label == "alex_a100_40"  # which only the table of power knows
    for path, reading in found.items():
        assert np.isfinite([reading.low, reading.value, reading.high]).all()
        assert reading.low <= reading.value <= reading.high
        assert reading.quantity().kind is Kind.MEASURED
        if path in machine.quantities:
            assert machine.value(path) == pytest.approx(reading.value, rel=0.12), path
        else:
            assert 0.75 < reading.value < 1, path


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason=f"no measured data at {DATA}")
def test_readings_lie_over_a_machine():
    machine = load_gpu("a100-sxm-80gb")
    found = microbench.readings(microbench.tables(DATA), "a100_80", machine.resources)
    fitted = machine.with_fit({path: r.quantity() for path, r in found.items() if path in machine.quantities})
    assert fitted.value("launch.graph_us") == found["launch.graph_us"].value
