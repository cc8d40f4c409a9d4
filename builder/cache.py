"""Results of slow pure functions, kept on disk by content.

Why: typesetting a formula takes 10 ms, making a bold Chinese font 7 s, and both always give the
same result. Everything else is simply done again: a cache that is never wrong has few entries.

An entry is a plain file `<folder>/<function>/<ab>/<hash>`. It is written beside its place and
moved there in one step, so readers and builds at the same time never see half an entry, and it
carries a checksum, so a damaged or foreign file counts as missing. The folder is safe to delete.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

JSON: TypeAlias = (
    "str | int | float | bool | None | list[JSON] | tuple[JSON, ...] | dict[str, JSON]"
)

#: First bytes of every entry; the number changes with the format below.
_MAGIC = b"dwc1"
_DIGEST = 16
_HEADER = len(_MAGIC) + _DIGEST


def key(version: str, *inputs: JSON) -> str:
    """The name of a result: a hash of what it depends on.

    Args:
        version: Everything that the code of the function contributes: a number to raise when its
            results change, and the versions of the libraries it uses.
        inputs: The function's arguments. Equal data give equal keys, whatever the order of maps.
    """
    text = json.dumps([version, *inputs], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


@lru_cache(maxsize=8)
def code_version(*libraries: str) -> str:
    """What code contributes to a result: every module of Deckwright, and some libraries.

    For results that many modules have a part in: an edit to any of them makes all anew, as nobody
    has to remember a number to raise.

    Args:
        libraries: Names of distributions.
    """
    from importlib.metadata import version

    found = " ".join(f"{name} {version(name)}" for name in libraries)
    return hashlib.blake2b(found.encode() + _code()).hexdigest()


@lru_cache(maxsize=1)
def _code() -> bytes:
    """Hash of the modules that have a part in what is kept."""
    package = Path(__file__).parent
    digest = hashlib.blake2b()
    for file in sorted(package.rglob("*.py")):
        if not file.relative_to(package).as_posix().startswith(_NO_PART):
            digest.update(file.read_bytes())
    return digest.digest()


#: Modules that make nothing that is kept.
_NO_PART = ("cli", "console", "doctor", "explain", "preview", "prover", "scaffold")


def default_folder() -> Path:
    """The user's cache folder, or that named by the environment variable DECKWRIGHT_CACHE."""
    stated = os.environ.get("DECKWRIGHT_CACHE")
    if stated:
        return Path(stated)
    from platformdirs import user_cache_path

    return user_cache_path("deckwright", appauthor=False)


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of results.

    Attributes:
        folder: Where they are; None to keep nothing.
    """

    folder: Path | None

    def path(self, function: str, key: str) -> Path | None:
        """The file of an entry, whether or not it exists; None without a folder."""
        return None if self.folder is None else self.folder / f"{function}/{key[:2]}/{key}"

    def get(self, function: str, key: str) -> bytes | None:
        """A result, or None if it is not there or not whole."""
        path = self.path(function, key)
        if path is None:
            return None
        try:
            with path.open("rb") as file:
                entry = file.read()
        except OSError:
            return None
        with suppress(OSError):
            os.utime(path)  # the order of `prune`; kernels do not record reading reliably
        data = entry[_HEADER:]
        return data if entry[:_HEADER] == _MAGIC + _checksum(data) else None

    def put(self, function: str, key: str, data: bytes) -> None:
        """Keep a result. A full disk or a read-only folder costs time later, never the build."""
        path = self.path(function, key)
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
        except OSError:
            return
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_MAGIC + _checksum(data) + data)
            temporary.replace(path)
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def prune(self, max_bytes: int) -> int:
        """Delete what was used least recently until the rest fits; what cannot be, stays.

        Args:
            max_bytes: How much may stay.

        Returns:
            The number of bytes deleted.
        """
        files = sorted(self._files(), key=lambda file: file[0])
        excess = sum(size for _, size, _ in files) - max_bytes
        deleted = 0
        for _, size, name in files:
            if deleted >= excess:
                break
            with suppress(OSError):
                Path(name).unlink(missing_ok=True)
                deleted += size
        return deleted

    def _files(self) -> Iterator[tuple[int, int, str]]:
        """Time of last use in ns, size and name of every file, half-written ones included."""
        if self.folder is None:
            return
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = Path(folder, name)
                try:
                    status = path.stat()
                except OSError:  # deleted meanwhile by another build
                    continue
                yield status.st_mtime_ns, status.st_size, str(path)


def _checksum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST).digest()
