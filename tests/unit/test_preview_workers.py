"""The preview's processes end with it, whatever they were at."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from builder.cache import Cache
from builder.preview.workers import Workers
from builder.project import Project

_CALLS = "import socket, sys, time; s = socket.create_connection(('127.0.0.1', {})); time.sleep(60)"


def start_another(port: int) -> None:
    """What reading and drawing do in a worker: start processes of their own, and wait."""
    subprocess.Popen([sys.executable, "-c", _CALLS.format(port)])
    time.sleep(60)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no groups of processes to end")
def test_what_a_worker_started_ends_too(tmp_path: Path, cache: Cache) -> None:
    workers = Workers(Project(tmp_path), cache, 1_795_000_000)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        workers._pool("check").submit(start_another, server.getsockname()[1])
        connection, _ = server.accept()
    with connection:
        workers.close()
        connection.settimeout(20)
        assert connection.recv(1) == b""  # its end ends the connection
