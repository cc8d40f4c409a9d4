"""What a command costs: seconds by the clock and of CPU, and memory of all its processes."""

import os
import resource
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

#: Seconds between two looks at the memory.
_INTERVAL: Final = 0.02
#: How many times longer than a look is the pause after it.
_PAUSE: Final = 40


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took.

    Attributes:
        wall: Seconds by the clock.
        cpu: Seconds of CPU, of all processes.
        memory: Most memory that all processes had at one time, in MiB. Shared pages count once
            where the system can tell (Linux), else once for each process.
    """

    wall: float
    cpu: float
    memory: float


class FailedError(Exception):
    """A command did not work; the message is what it said."""


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command and measure it.

    Raises:
        FailedError: It ended with an error.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        ended = threading.Event()
        with ThreadPoolExecutor(1) as watcher:
            watched = watcher.submit(_watch, process.pid, ended)
            said, _ = process.communicate()
            wall = time.perf_counter() - start
            ended.set()
            memory = watched.result()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise FailedError(" ".join(said.split())[-300:])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, memory)


def _watch(process: int, ended: threading.Event) -> float:
    """The most memory seen until the process has ended, in MiB."""
    most = 0
    while not ended.is_set():
        start = time.perf_counter()
        with suppress(psutil.Error):
            most = max(most, sum(_memory(each) for each in _tree(psutil.Process(process))))
        # A look at much memory halts the process and takes long: it must not be seen in the times.
        ended.wait(max(_INTERVAL, _PAUSE * (time.perf_counter() - start)))
    return most / 2**20


def _tree(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _memory(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    return 0
