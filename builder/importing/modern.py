"""Packages of Anki's newest format: Anki itself reads them, in a process of its own.

The format is Anki's internal one, compressed, and changes with it. So the `anki` package, an
optional extra, imports the file into an empty collection and exports it in the format that every
Anki reads. A file that crashes it, or that would fill the disk, ends that process alone.
"""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from builder.diagnostics import EnvironmentProblem
from builder.importing.records import UnreadableError

#: Seconds. The largest shared decks, of 100,000 notes, take half a minute.
_TIMEOUT = 900
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
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, capture_output=True, timeout=_TIMEOUT, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise UnreadableError("Anki needs too long to read it") from None
    if done.returncode or not target.is_file():
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = lines[-1].rpartition(": ")[2][:200] if lines else "it ended without a word"
        raise UnreadableError(f"Anki cannot read it ({reason})")
    return target


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
