"""What WeasyPrint may read: our fonts and pictures of the project, nothing else."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from builder import figures, fonts
from builder.cache import Cache

#: Where relative URLs of the HTML seem to point. Nothing is there: the fetcher knows what it means.
BASE = "file:///deckwright-project/"

_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


def fetcher(folders: Mapping[str, Path], cache: Cache) -> Any:
    """What answers WeasyPrint's requests: our fonts and the pictures of the folders only.

    Its attribute `pictures` says what was read: URL -> hash of the file's content.
    """
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Fetcher(URLFetcher):
        pictures: dict[str, str]

        def fetch(self, url: str, headers: Any = None) -> Any:
            del headers
            if url.startswith("font:"):
                data = fonts.font_data(url.removeprefix("font:"), cache)
                return URLFetcherResponse(url, data, {"Content-Type": "font/sfnt"})
            path = _picture(url, folders)
            suffix = Path(figures.path(path.name)).suffix.lower()
            kind = _TYPES.get(suffix, "application/octet-stream")
            data = figures.read(path)
            self.pictures[url] = _hash(data)
            return URLFetcherResponse(url, data, {"Content-Type": kind})

    made = Fetcher()
    made.pictures = {}
    return made


def digest(url: str, folders: Mapping[str, Path]) -> str | None:
    """The hash of what the file of a picture holds now; None if it cannot be read."""
    try:
        return _hash(figures.read(_picture(url, folders)))
    except (OSError, ValueError):
        return None


def _hash(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _picture(url: str, folders: Mapping[str, Path]) -> Path:
    if not url.startswith(BASE):
        raise PermissionError("only pictures of the project can be printed")
    first, _, rest = unquote(url.removeprefix(BASE)).partition("/")
    if first not in folders or not rest:
        raise PermissionError("there is no such folder of pictures")
    folder = folders[first].resolve()
    file = (folder / figures.path(rest)).resolve()  # follows links, which could lead out too
    if not file.is_relative_to(folder):
        raise PermissionError("the picture is outside its folder")
    return folder / rest
