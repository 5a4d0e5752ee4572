"""Many machines as a crew: dask.distributed."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from microfutures.model.errors import ConfigurationError
from microfutures.research.evaluator import Evaluator
from microfutures.research.task import Done, IsInterrupted, StudyError, Task, done, evaluate_here

LOOK_SECONDS = 0.2
CONNECT_SECONDS = 10
TASKS_A_CORE = 3
"""On their way to each core: enough to keep it busy, few enough to stop soon."""


class Cluster:
    """The workers of a dask scheduler.

    Parameters
    ----------
    address
        ``tcp://host:8786`` of a running scheduler, or ``local:2`` for two workers of our own.

    Raises
    ------
    ConfigurationError
        If the address is none, or nobody answers there.
    """

    def __init__(self, evaluator: Evaluator, address: str) -> None:
        self._evaluator = evaluator
        self._own: Any = None
        local = re.fullmatch(r"local:([1-9]\d{0,2})", address)
        if local is None and not re.fullmatch(r"(tcp|tls|ucx)://\S+:\d+", address):
            raise ConfigurationError(
                f"--cluster must be a scheduler's address (tcp://host:8786) or local:N, was "
                f"{address!a}"
            )
        try:
            from distributed import Client, LocalCluster
        except ImportError as error:
            raise ConfigurationError(
                "--cluster needs dask.distributed; install microfutures[research]"
            ) from error
        if local is not None:
            # One thread a worker: an evaluator that uses several gets them by its own means.
            self._own = LocalCluster(
                n_workers=int(local[1]),
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
            )
        try:
            self._client = Client(
                self._own or address, timeout=CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, TimeoutError) as error:
            raise ConfigurationError(
                f"no dask scheduler answers at {address}; start one by `dask scheduler`, and "
                f"workers by `dask worker {address}`"
            ) from error

    def work(self, tasks: Sequence[Task], is_interrupted: IsInterrupted) -> Iterator[Done]:
        """Yield tasks as they are finished; those of a worker that died go to another one."""
        from distributed import wait

        waiting = deque(tasks)
        running: dict[Any, Task] = {}
        while (waiting or running) and not is_interrupted():
            while waiting and len(running) < TASKS_A_CORE * max(1, self._cores()):
                task = waiting.popleft()
                # Not pure: dask would hash every set to look whether it knows it.
                future = self._client.submit(evaluate_here, self._evaluator, task, pure=False)
                running[future] = task
            try:
                with self._client.as_current():
                    finished = wait(list(running), LOOK_SECONDS, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                continue
            for future in finished:
                yield done(running.pop(future), self._answer(future))
        for future in running:
            future.cancel()

    def close(self) -> None:
        """Leave the scheduler; end the workers that are our own."""
        self._client.close()
        if self._own is not None:
            self._own.close()

    def _cores(self) -> int:
        return sum(self._client.ncores().values())

    def _answer(self, future: Any) -> Any:  # noqa: ANN401 - as dask types it
        try:
            return future.result()
        except Exception as error:
            raise StudyError(f"a worker of the cluster failed: {error}") from error
