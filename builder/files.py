"""Files that are written whole or not at all, and the checksums of a folder of them."""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from builder.diagnostics import EnvironmentProblem

#: The checksums of a folder of files, in the form that `sha256sum --check` reads.
SUMS = "SHA256SUMS"


def sums_text(files: Iterable[Path]) -> str:
    """`SHA256SUMS` of those files that are there, sorted by name."""
    return "".join(
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
        for file in sorted(files, key=lambda file: file.name)
        if file.is_file()
    )


#: Files being written. What a killed build left behind is deleted after an hour, by when no other
#: build can still be writing it.
_PREFIX = ".deckwright-"
_ABANDONED = 3600


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file so that a reader, a crash or a full disk sees the old one or the new one.

    Raises:
        EnvironmentProblem: It cannot be written.
    """
    try:
        _replace(path, data)
    except OSError as error:
        raise EnvironmentProblem(f"cannot write '{path}': {error.strerror or error}") from None


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError):  # another build ended meanwhile
            if left.stat().st_mtime < time.time() - _ABANDONED:
                left.unlink()
    with _temporary(path.parent) as (descriptor, name):
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        name.chmod(0o644)
        name.replace(path)


@contextmanager
def _temporary(folder: Path) -> Iterator[tuple[int, Path]]:
    descriptor, name = tempfile.mkstemp(prefix=_PREFIX, dir=folder)
    try:
        yield descriptor, Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
