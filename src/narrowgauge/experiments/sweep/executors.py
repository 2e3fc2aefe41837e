"""Where pieces of a sweep are computed: in this process, in processes of this machine, on a Dask or Ray cluster.

An executor is a function from pieces of work to their results, in the order in which they finish. It survives the death of a
worker: the piece is computed again elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from narrowgauge.errors import InputError, Problem, nearest

if TYPE_CHECKING:
    import pandas as pd

Work = Callable[["pd.DataFrame"], "pd.DataFrame"]
Results = Generator["pd.DataFrame", None, None]
NAMES = ("local", "dask", "ray")
RETRIES = 3  # deaths of workers in a row, without a finished piece between them, after which the work itself is to blame


class Executor(Protocol):
    """Computes `work` of every piece and yields the results as they come."""

    def __call__(self, work: Work, pieces: Sequence[pd.DataFrame]) -> Results:
        """Results in the order in which they finish; closing the iterator stops the work."""
        ...


def executor(name: str, jobs: int, address: str | None) -> Executor:
    """The executor of that name. `jobs` counts local processes, `address` is that of a cluster. Raises InputError for an unknown
    name and for an extra that is not installed."""
    if name not in NAMES:
        raise InputError([Problem("--executor", f"unknown executor '{name}', {nearest(name, NAMES)}")])
    if name == "local":
        if address:
            raise InputError([Problem("--address", "belongs to --executor dask or ray")])
        return in_this_process if jobs == 1 else lambda work, pieces: on_this_machine(work, pieces, jobs)
    if name == "dask":
        return lambda work, pieces: on_dask(work, pieces, address)
    return lambda work, pieces: on_ray(work, pieces, address)


def in_this_process(work: Work, pieces: Iterable[pd.DataFrame]) -> Results:
    """One piece after the other."""
    yield from map(work, pieces)


def on_this_machine(work: Work, pieces: Sequence[pd.DataFrame], jobs: int) -> Results:
    """In `jobs` processes (joblib, loky)."""
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import BrokenProcessPool

    left = dict(enumerate(pieces))
    deaths = 0
    while left:
        try:
            pool = Parallel(n_jobs=jobs, batch_size=1, pre_dispatch="2*n_jobs", return_as="generator_unordered")
            for place, result in pool(delayed(_placed)(work, place, piece) for place, piece in list(left.items())):
                del left[place]
                deaths = 0
                yield result
        except BrokenProcessPool as error:
            deaths += 1
            if deaths >= RETRIES:
                raise InputError(f"workers died {deaths} times in a row: {str(error).splitlines()[0]}") from None


def _placed(work: Work, place: int, piece: pd.DataFrame) -> tuple[int, pd.DataFrame]:
    return place, work(piece)


def on_dask(work: Work, pieces: Sequence[pd.DataFrame], address: str | None) -> Results:
    """On the Dask cluster at `address`, which brings back what a dead worker had."""
    distributed = _extra("distributed", "dask")
    if address is None:
        raise InputError([Problem("--address", "is missing: the address of the Dask scheduler, tcp://HOST:8786")])
    try:
        client = distributed.Client(address, timeout="10s", set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError([Problem(f"--address {address}", f"no Dask scheduler answers: {str(error).splitlines()[0]}")]) from None
    with client:
        futures = client.map(work, pieces, pure=False, retries=RETRIES)
        for future in distributed.as_completed(futures, loop=client.loop):
            yield future.result()
            future.release()


def on_ray(work: Work, pieces: Sequence[pd.DataFrame], address: str | None) -> Results:
    """On the Ray cluster at `address`, or on one that is started on this machine; Ray computes again what a dead worker had."""
    ray = _extra("ray", "ray")
    owned = not ray.is_initialized()
    if owned:
        try:
            ray.init(
                address=address, log_to_driver=False, logging_level="ERROR", include_dashboard=False if address is None else None
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise InputError([Problem(f"--address {address}", f"no Ray cluster answers: {str(error).splitlines()[0]}")]) from None
    try:
        remote = ray.remote(max_retries=RETRIES)(_worked)
        left = [remote.remote(work, piece) for piece in pieces]
        while left:
            ready, left = ray.wait(left)
            yield from ray.get(ready)
    finally:
        if owned:
            ray.shutdown()


def _worked(work: Work, piece: pd.DataFrame) -> pd.DataFrame:
    return work(piece)


def _extra(module: str, extra: str) -> Any:
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError:
        what = f"needs the package {module}: pip install 'narrowgauge[{extra}]'"
        raise InputError([Problem(f"--executor {extra}", what)]) from None
