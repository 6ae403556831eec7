"""Processes that trials run in: Dask's, on this machine or where a scheduler has them."""

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from typing import Any, Generic, TypeVar

import dask
from distributed import Client, Future, LocalCluster, as_completed
from distributed.scheduler import KilledWorker

from inrhw.base.errors import InputError, InrhwError
from inrhw.base.programs.stopping import uninterrupted
from inrhw.sweeps.search import Needs, Workers

T = TypeVar("T")
R = TypeVar("R")

#: How long a scheduler may take to answer.
CONNECT = "10s"

#: Seconds after which workers are counted again.
_COUNTED_S = 1.0

#: Seconds that a worker on this machine has to start again before it is closed.
_STARTED_S = 10


class Lost(InrhwError):
    """A worker was lost, and those that it was given to after it, too."""


@contextlib.contextmanager
def pool_of(workers: Workers) -> Iterator["Pool[Any, Any]"]:
    """Yield workers: those of a scheduler, or one a core of this machine, which end with the block.

    Raises
    ------
    InputError
        No scheduler answers.
    """
    # A worker that trains or waits for a tool may be silent for long; the pipe to it says when it is gone.
    settings = {"distributed.scheduler.worker-ttl": None, "distributed.comm.timeouts.connect": CONNECT}
    for name in ("distributed", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with dask.config.set(settings), contextlib.ExitStack() as stack:
        if workers.scheduler:
            client = stack.enter_context(_client(workers.scheduler))
        else:
            number = workers.number or len(os.sched_getaffinity(0))
            given = {"cores": 1.0, "memory_gb": _memory_gb() / number}
            with uninterrupted():  # one that has not started cannot be closed
                cluster = LocalCluster(
                    n_workers=number,
                    threads_per_worker=1,
                    memory_limit=0,
                    dashboard_address="127.0.0.1:0",  # a free port; None would take 8787, which may not be
                    resources=given,
                    silence_logs=logging.CRITICAL,
                )
                stack.enter_context(cluster)
            client = stack.enter_context(Client(cluster))
        yield Pool(client)
        if not workers.scheduler:
            with contextlib.suppress(TimeoutError):  # Dask cannot close a worker that is being started again
                client.wait_for_workers(number, timeout=_STARTED_S)


def _client(address: str) -> "Client":
    try:
        return Client(address)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(
            f"no Dask scheduler answers at {address} ({error or type(error).__name__}); "
            "start one with `dask scheduler`, or leave --scheduler out"
        ) from error


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


class Pool(Generic[T, R]):
    """Work that is given out and comes back in whatever order: `T` is what is given out, `R` comes back."""

    def __init__(self, client: "Client") -> None:
        self._client = client
        self._given: dict[str, list[T]] = {}
        self._ready = as_completed()
        self._slots, self._counted = 0, -_COUNTED_S

    def __len__(self) -> int:
        return sum(map(len, self._given.values()))

    @property
    def slots(self) -> int:
        """Number of things that can be done at once, now."""
        if time.monotonic() - self._counted >= _COUNTED_S:
            with self._answering():
                self._slots = sum(self._client.nthreads().values())
            self._counted = time.monotonic()
        return self._slots

    def check(self, needs: Needs) -> None:
        """Raise InputError if there are workers, and none was given what a stage needs."""
        with self._answering():
            there = [
                worker["resources"]
                for worker in self._client.scheduler_info(n_workers=-1)["workers"].values()
            ]
        wanted = needs.resources
        if there and not any(all(has.get(k, 0) >= n for k, n in wanted.items()) for has in there):
            said = " ".join(f"{name}={amount:g}" for name, amount in wanted.items())
            raise InputError(
                f'no worker has {said}; start one with `dask worker ADDRESS --resources "{said}"`'
            )

    def give(self, what: T, name: str, needs: Needs, function: Callable[..., R], *arguments: object) -> None:
        """Have a function called by a worker; if `name` is given out already its result serves twice.

        A worker that is lost loses nothing: what it did is given to another.
        """
        with self._answering():
            future = self._client.submit(function, *arguments, key=name, resources=needs.resources, pure=True)
        if name in self._given:
            self._given[name].append(what)
        else:
            self._given[name] = [what]
            self._ready.add(future)

    def back(self) -> tuple[list[T], Callable[[], R]]:
        """Wait for something to come back; return what was given out, and what gives the result.

        The latter raises Lost where each worker that it was given to was lost.
        """
        with self._answering():
            future = next(self._ready)
        return self._given.pop(future.key), lambda: self._result(future)

    def _result(self, future: "Future[R]") -> R:
        try:
            with self._answering():
                result: R = future.result()
        except KilledWorker as error:
            raise Lost(
                "its worker was killed, and so were others that tried it again; is there enough memory?"
            ) from error
        return result

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        """Turn what a lost scheduler raises into a sentence."""
        try:
            yield
        except KilledWorker:
            raise
        except (OSError, TimeoutError, CancelledError) as error:
            raise InputError(
                f"the scheduler is gone ({error or type(error).__name__}); nothing that is finished is lost, "
                "and the same command goes on"
            ) from error
