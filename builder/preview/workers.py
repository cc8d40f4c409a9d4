"""What takes long, in processes of their own: cards never wait for rules or for pages."""

import os
import signal
import sys
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess

from builder.cache import Cache
from builder.diagnostics import ContentError, Diagnostic, EnvironmentProblem
from builder.project import Project


@dataclass(frozen=True, slots=True)
class Drawn:
    """A PDF, or why there is none."""

    data: bytes
    problem: str = ""


class Workers:
    """One process that checks the content and one that draws pages, both started when needed.

    They are started anew rather than forked, since this program has threads.
    """

    def __init__(self, project: Project, cache: Cache, now: int) -> None:
        self._work = (project, cache, now)
        self._pools: dict[str, ProcessPoolExecutor] = {}

    def check(self) -> "Future[tuple[Diagnostic, ...]]":
        """Everything that is wrong or doubtful, as `deckwright check` says it."""
        pool = self._pool("check")
        return pool.submit(_check, *self._work)

    def draw(self, name: str) -> "Future[Drawn]":
        """A printed output."""
        pool = self._pool("draw")
        return pool.submit(_draw, *self._work, name)

    def _pool(self, name: str) -> ProcessPoolExecutor:
        pool = self._pools.get(name)
        # A process may die of a native library; the next call has a new one.
        if pool is None or getattr(pool, "_broken", False):
            pool = ProcessPoolExecutor(1, get_context("spawn"), _start)
            self._pools[name] = pool
        return pool

    def close(self) -> None:
        """End the processes, whatever they are at, and those that they started."""
        for pool in self._pools.values():
            for process in list((getattr(pool, "_processes", None) or {}).values()):
                _end(process)
            # Waits for its thread, or what it leaves behind would be tidied up, or half, at exit.
            pool.shutdown(cancel_futures=True)
        self._pools.clear()


def _end(process: BaseProcess) -> None:
    """A process alone would leave those behind that read and draw for it, waiting for ever."""
    if sys.platform != "win32" and process.pid is not None:
        try:
            os.killpg(process.pid, signal.SIGTERM)
        except ProcessLookupError:  # it has no group yet, hence no others either
            process.terminate()
    else:
        process.terminate()


def _start() -> None:
    # Ctrl-C reaches all processes of a terminal; the preview itself ends these.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        os.setpgid(0, 0)


def _check(project: Project, cache: Cache, now: int) -> tuple[Diagnostic, ...]:
    from builder.build import check

    try:
        # One process: what takes long the preview has just read, and it is in the cache.
        return check(project, cache, now, 1).warnings
    except ContentError as error:
        return error.diagnostics


def _draw(project: Project, cache: Cache, now: int, name: str) -> Drawn:
    from builder.build import make

    try:
        made = make(project, cache, now=now, names=[name])
    except ContentError as error:
        errors = [problem for problem in error.diagnostics if problem.severity == "error"]
        return Drawn(b"", "\n".join(f"{d.span or name}: {d.message}" for d in errors))
    except EnvironmentProblem as error:
        return Drawn(b"", str(error))
    return Drawn(made.artifacts[0].data)


__all__ = ["BrokenProcessPool", "Drawn", "Workers"]
