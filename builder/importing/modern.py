"""Packages of Anki's newest format: Anki itself reads them, in a process of its own.

The format is Anki's internal one, compressed, and changes with it. So the `anki` package, an
optional extra, imports the file into an empty collection and exports it in the format that every
Anki reads. A file that crashes it, or that would fill the disk, ends that process alone.
"""

import os
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from builder.diagnostics import EnvironmentProblem
from builder.importing.records import UnreadableError

#: Seconds. The largest shared decks, of 100,000 notes, take half a minute.
_TIMEOUT = 900
#: Seconds between two looks at what it writes.
_LOOK = 0.25
#: Bytes that it may write: some for the database, and twice the media, which hardly compress.
_MAX_WRITTEN, _MAX_GROWTH = 2 << 30, 20
#: Bytes of one file, and of memory, that the process may use.
_MAX_FILE, _MAX_MEMORY = 4 << 30, 16 << 30


def to_legacy(file: Path, work: Path) -> Path:
    """The same package in the older format.

    Args:
        file: The package.
        work: An empty folder.

    Raises:
        EnvironmentProblem: The `anki` package is not installed.
        UnreadableError: Anki cannot read the package.
    """
    if find_spec("anki") is None:
        raise EnvironmentProblem(
            "this package is of Anki's newest format, which only Anki reads: install "
            '`pip install "deckwright[anki]"`, or export the deck again with '
            '"Support older Anki versions" ticked'
        )
    target = work / "legacy.apkg"
    command = [sys.executable, "-m", __name__, str(file.resolve()), str(work.resolve())]
    status, words = _watched(command, work, _MAX_WRITTEN + _MAX_GROWTH * file.stat().st_size)
    if status or not target.is_file():
        lines = words.decode("utf-8", "replace").strip().splitlines()
        reason = lines[-1].rpartition(": ")[2][:200] if lines else "it ended without a word"
        raise UnreadableError(f"Anki cannot read it ({reason})")
    return target


def _watched(command: list[str], work: Path, most: int) -> tuple[int, bytes]:
    """Run a program until it ends, or wants too much; its status and its error output.

    Raises:
        UnreadableError: It took too long, or wrote more than `most` bytes.
    """
    places = dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(work.resolve()))
    with subprocess.Popen(  # noqa: S603 - our own module
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **places},
    ) as process:
        try:
            for _ in range(int(_TIMEOUT / _LOOK)):
                with suppress(subprocess.TimeoutExpired):
                    _, words = process.communicate(timeout=_LOOK)
                    return process.returncode, words
                if _size(work) > most:
                    raise UnreadableError("it is too large when unpacked")
            raise UnreadableError("Anki needs too long to read it")
        finally:
            process.kill()


def _size(folder: Path) -> int:
    size = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # it is gone already
                size += Path(root, name).lstat().st_size
    return size


def _main(file: str, work: str) -> None:
    _limit()
    from anki.collection import (
        Collection,
        ExportAnkiPackageOptions,
        ImportAnkiPackageOptions,
        ImportAnkiPackageRequest,
    )

    collection = Collection(str(Path(work) / "collection.anki2"))
    try:
        # Note types of the package must not find their names taken.
        for number, model in enumerate(collection.models.all()):
            model["name"] = f"stock {number} of an empty collection"
            collection.models.update_dict(model)
        collection.import_anki_package(
            ImportAnkiPackageRequest(
                package_path=file,
                options=ImportAnkiPackageOptions(with_scheduling=True, merge_notetypes=False),
            )
        )
        collection.export_anki_package(
            out_path=str(Path(work) / "legacy.apkg"),
            options=ExportAnkiPackageOptions(
                with_scheduling=True, with_deck_configs=False, with_media=True, legacy=True
            ),
            limit=None,
        )
    finally:
        collection.close()


def _limit() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MAX_FILE, _MAX_FILE))
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY, _MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _main(*sys.argv[1:])
