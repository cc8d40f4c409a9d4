"""Files are whole or not there, whoever else writes beside them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.files import write_atomically

NOW = 1_790_000_000


def test_writing_leaves_no_temporary_file_and_clears_abandoned_ones(tmp_path: Path) -> None:
    abandoned, busy = tmp_path / ".deckwright-old", tmp_path / ".deckwright-busy"
    for file in (abandoned, busy):
        file.write_bytes(b"half")
    os.utime(abandoned, (NOW - 10**8, NOW - 10**8))
    write_atomically(tmp_path / "b.txt", b"x")
    assert sorted(file.name for file in tmp_path.iterdir()) == [busy.name, "b.txt"]


def test_writing_beside_a_build_that_ends_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".deckwright-other").write_bytes(b"whole")
    glob = Path.glob

    def ending(self: Path, pattern: str) -> Iterator[Path]:
        for file in list(glob(self, pattern)):
            file.rename(self / "a.txt")
            yield file

    monkeypatch.setattr(Path, "glob", ending)
    write_atomically(tmp_path / "b.txt", b"x")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.txt", "b.txt"]
