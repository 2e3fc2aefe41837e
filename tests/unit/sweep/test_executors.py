"""Does every executor give the results of a run in one process, also when one of its two workers is killed in the middle?"""

import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from narrowgauge.errors import InputError
from narrowgauge.experiments.sweep import executor, plan, read_results, run_sweep
from narrowgauge.experiments.sweep import run as running
from narrowgauge.experiments.sweep.evaluation import evaluate

SWEEP = {"model": "gpt2", "machine": ["a100-sxm-80gb", "h100-sxm"], "batch": {"range": [1, 60]}, "output": 8}


class Suicide:
    """Evaluates points; the first worker that comes dies of it instead."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __call__(self, points: pd.DataFrame) -> pd.DataFrame:
        try:
            self.mark.open("x").close()
        except FileExistsError:
            time.sleep(0.05)
            return evaluate(points)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("survived")


@pytest.fixture
def dask_address() -> Iterator[str]:
    distributed = pytest.importorskip("distributed", reason="the extra narrowgauge[dask] is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as cluster:
            yield cluster.scheduler_address


@pytest.fixture
def ray_address() -> Iterator[str | None]:
    ray = pytest.importorskip("ray", reason="the extra narrowgauge[ray] is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        yield None
        ray.shutdown()


@pytest.fixture(params=["local", "dask", "ray"])
def where(request) -> tuple[str, str | None]:
    name = request.param
    return name, None if name == "local" else request.getfixturevalue(f"{name}_address")


@pytest.mark.filterwarnings("ignore")  # of the cluster libraries, about their own sockets and about the killed worker
@pytest.mark.parametrize("killed", [False, True])
def test_two_workers_give_what_one_process_gives(where, killed, tmp_path, monkeypatch):
    name, address = where
    run_sweep(SWEEP, tmp_path / "alone")
    monkeypatch.setattr(running, "LONGEST_PIECE_S", 0.005)
    mark = tmp_path / "mark"
    if killed:
        monkeypatch.setattr(running, "evaluate", Suicide(mark))
    run_sweep(SWEEP, tmp_path / "shared", on=executor(name, 2, address))
    assert mark.exists() == killed
    pd.testing.assert_frame_equal(read_results(tmp_path / "shared"), read_results(tmp_path / "alone"), check_exact=True)
    assert len(plan(SWEEP, tmp_path / "shared").missing) == 0


def always_dies(points: pd.DataFrame) -> pd.DataFrame:
    os.kill(os.getpid(), signal.SIGKILL)
    return points


@pytest.mark.filterwarnings("ignore")
def test_work_that_always_kills_its_worker_ends_with_a_reason():
    compute: Callable = executor("local", 2, None)
    with pytest.raises(InputError, match="workers died 3 times in a row"):
        list(compute(always_dies, [pd.DataFrame({"a": [1]})] * 3))


def test_a_dask_scheduler_that_does_not_answer_is_said():
    pytest.importorskip("distributed", reason="the extra narrowgauge[dask] is not installed")
    with pytest.raises(InputError, match="--address"):
        list(executor("dask", 1, None)(evaluate, []))
