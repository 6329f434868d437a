"""
Processes that hold shares of the rows.

A process starts in one to two seconds, which is longer than many a search takes. So it does one piece of work after another,
and waits for the next for a while.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Sequence
from typing import Any

import ray

_IDLE_SECONDS = 30.0


class _Process:
    """
    Does what it is asked of the piece of work that it is asked about.

    One that was lost begins anew with nothing, so that each question says what the work is made of.
    """

    def __init__(self) -> None:
        # What the work needs is loaded before there is any.
        import ray.data.block  # noqa: F401

        from .. import _core

        _core.set_threads(1)
        self._number, self._work = -1, None

    def ask(self, number: int, made_of: list[Any], method: str, *arguments: Any) -> Any:
        if number != self._number:
            self._work = None  # first what it holds is let go
            kind, share = ray.get(made_of[0])
            self._number, self._work = number, kind(share)
        return getattr(self._work, method)(*arguments)

    def forget(self) -> None:
        self._number, self._work = -1, None


class _Idle:
    """The processes that wait for work. They end after a while, and with the session of Ray that they are of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: tuple[str, str] | None = None
        self._processes: list[Any] = []
        self._timer: threading.Timer | None = None

    def take(self, count: int) -> list[Any]:
        with self._lock:
            self._fill(count)
            taken, self._processes = self._processes[:count], self._processes[count:]
            return taken

    def begin(self, count: int) -> None:
        """Lets so many start meanwhile."""
        with self._lock:
            self._fill(count)
            self._wait()

    def give_back(self, processes: list[Any]) -> None:
        with self._lock:
            if self._session == _session():
                self._processes += processes
                self._wait()

    def _fill(self, count: int) -> None:
        if self._session != _session():
            self._session, self._processes = _session(), []
        kind = ray.remote(max_restarts=-1, max_task_retries=-1, scheduling_strategy="SPREAD")(_Process)
        self._processes += [kind.remote() for _ in range(count - len(self._processes))]

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(_IDLE_SECONDS, self.end)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        with self._lock:
            processes, self._processes = self._processes, []
            with contextlib.suppress(Exception):  # Ray may come to its end meanwhile
                if ray.is_initialized() and self._session == _session():
                    for one in processes:
                        ray.kill(one)


def _session() -> tuple[str, str]:
    context = ray.get_runtime_context()
    return context.get_node_id(), context.get_job_id()


_idle = _Idle()
_numbers = itertools.count()


def workers_for(n: int) -> int:
    """A worker for each processor of the cluster, no more than there are rows."""
    return max(1, min(n, _processors()))


def _processors() -> int:
    return int(ray.cluster_resources().get("CPU", 1))


def begin() -> None:
    """Lets processes start while something else is done; they will be asked for soon."""
    _idle.begin(max(1, _processors()))


def end_idle() -> None:
    """Ends the processes that wait."""
    _idle.end()


class Workers:
    """
    Objects of `kind`, each made of one of these shares of the work, in processes of their own.

    Where one is lost it begins anew and is asked again, so that all methods must be able to begin from nothing.
    """

    def __init__(self, kind: type, shares: Sequence[tuple[Any, ...]]) -> None:
        # What a worker is made of stays as long as it may have to be made again.
        self._made_of = [[ray.put((kind, share))] for share in shares]
        self._number = next(_numbers)
        self._processes = _idle.take(len(shares))

    def __len__(self) -> int:
        return len(self._processes)

    def ask(self, method: str, *arguments: Any) -> list[Any]:
        """What each answers."""
        answers = [
            one.ask.remote(self._number, made_of, method, *arguments)
            for one, made_of in zip(self._processes, self._made_of, strict=True)
        ]
        return ray.get(answers)  # type: ignore[no-any-return]

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is not None:  # they may be at work still
            for one in self._processes:
                ray.kill(one)
            return
        for one in self._processes:
            one.forget.options(max_task_retries=0).remote()
        _idle.give_back(self._processes)
