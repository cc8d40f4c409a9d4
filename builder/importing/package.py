"""An `.apkg` file, of any format that Anki writes, unpacked within limits."""

import errno
import json
import re
import unicodedata
import zipfile
from collections.abc import Mapping
from pathlib import Path

from builder.archive import DAMAGES, MAX_DATABASE
from builder.importing import legacy
from builder.importing.records import Source, UnreadableError

#: Of a package: no deck that people share comes near, and a zip file that claims more is a bomb.
MAX_MEMBERS = 200_000
MAX_TOTAL = 8 << 30
MAX_MEDIUM = 1 << 30
_MAX_LISTING = 64 << 20

#: The newest format first: packages hold an older one beside it that only says to update Anki.
_COLLECTIONS = ("collection.anki21b", "collection.anki21", "collection.anki2")
#: bz2 gives no number; the other is that of a directory that points before the file's beginning.
_OF_THE_FILE = (None, errno.EINVAL)
_DAMAGED = "it is damaged, or no zip file as Anki packages are"


def read(file: Path, work: Path) -> Source:
    """Read a package.

    Args:
        file: The package.
        work: An empty folder for what is unpacked.

    Raises:
        UnreadableError: It is damaged, too large, or no package.
        EnvironmentProblem: It is of the newest format, and the `anki` package is not installed.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = {info.filename: info for info in archive.infolist()}
            _check_sizes(archive.infolist())
            collection = next((name for name in _COLLECTIONS if name in members), None)
            if collection is None:
                raise UnreadableError("it holds no collection, so it is no Anki package")
            if collection.endswith("b"):
                from builder.importing import modern

                older = work / "older"
                older.mkdir()
                return read(modern.to_legacy(file, older), work)
            if members[collection].file_size > MAX_DATABASE:
                raise UnreadableError("its database is too large")
            database = work / "collection"
            _unpack(archive, collection, database)
            return legacy.read(database, _media(archive, members, work / "media"))
    except (NotImplementedError, RuntimeError):
        raise UnreadableError(
            "it is encrypted, or packed in a way that Anki does not use"
        ) from None
    except DAMAGES as error:
        if isinstance(error, OSError) and error.errno not in _OF_THE_FILE:  # the disk is full, say
            raise
        raise UnreadableError(_DAMAGED) from None


def _check_sizes(infos: list[zipfile.ZipInfo]) -> None:
    if len(infos) > MAX_MEMBERS:
        raise UnreadableError(f"it holds more than {MAX_MEMBERS:,} files")
    if sum(info.file_size for info in infos) > MAX_TOTAL:
        raise UnreadableError(f"it would unpack to more than {MAX_TOTAL >> 30} GiB")


def _unpack(archive: zipfile.ZipFile, member: str, target: Path) -> None:
    """Write a member; zipfile never reads more than the directory of the archive said."""
    with archive.open(member) as packed, target.open("wb") as file:
        while piece := packed.read(1 << 20):
            file.write(piece)


def _media(
    archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], folder: Path
) -> dict[str, Path]:
    listing = members.get("media")
    if listing is None:
        return {}
    if listing.file_size > _MAX_LISTING:
        raise UnreadableError("its list of media is too large")
    try:
        names = json.loads(archive.read("media") or b"{}")
    except (ValueError, RecursionError):
        raise UnreadableError("its list of media is damaged") from None
    if not isinstance(names, dict):
        raise UnreadableError("its list of media is damaged")
    folder.mkdir()
    found: dict[str, Path] = {}
    for number, (member, name) in enumerate(names.items()):
        info = members.get(member)
        if info is not None and isinstance(name, str) and info.file_size <= MAX_MEDIUM:
            _unpack(archive, member, folder / str(number))
            found[unicodedata.normalize("NFC", name)] = folder / str(number)
    return found


# Names

_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)


def safe_name(name: str) -> str:
    """A file name that means one file in one folder, on every system."""
    name = unicodedata.normalize("NFC", name)
    safe = _UNSAFE.sub("_", name).strip(". ")
    stem, dot, suffix = safe.rpartition(".")
    if len(safe.encode()) > 120:
        short = (stem if dot else safe).encode()[:100].decode("utf-8", "ignore").rstrip(". ")
        safe = f"{short}.{suffix[:10].rstrip('. ')}" if dot else short
    if _RESERVED.fullmatch(safe):
        safe = f"file-{safe}"
    return safe or "file"
