"""Writing: numbers and names become bytes sooner, and each object once.

pydyf turns every object of a file into bytes a second time when the file has an identifier, to
take their hash: `freeze` keeps them. It lists all pages again for each tag, which is quadratic:
here they are listed once. And it compresses by zlib at level 9, which takes five times as long as
libdeflate for as many bytes.
"""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import deflate

_LEVEL = 6


def changes() -> Iterator[tuple[Any, str, Any]]:
    """Names in pydyf, and what takes their place."""
    import pydyf

    yield pydyf, "_to_bytes", _to_bytes
    yield pydyf, "zlib", SimpleNamespace(compress=compressed, compressobj=_Compressor)
    yield pydyf.PDF, "page_references", property(_page_references)


def _to_bytes(item: Any) -> bytes:
    """As pydyf's `_to_bytes`, asking for the most frequent kinds first."""
    kind = type(item)
    if kind is bytes:
        return bytes(item)
    if kind is str:
        return str(item).encode("ascii")
    if kind is float:
        if item.is_integer():
            return b"%d" % item
        return (b"%f" % item).rstrip(b"0")
    if kind is int:
        return b"%d" % item
    data = item if isinstance(item, bytes) else getattr(item, "data", None)
    return str(item).encode("ascii") if data is None else bytes(data)


def compressed(data: bytes) -> bytes:
    """As zlib would, but by libdeflate, whose version alone decides the bytes."""
    return bytes(deflate.zlib_compress(data, _LEVEL))


class _Compressor:
    """What pydyf asks of zlib."""

    def __init__(self, level: int) -> None:
        del level
        self._parts: list[bytes] = []

    def compress(self, data: bytes) -> bytes:
        """Remember a part."""
        self._parts.append(data)
        return b""

    def flush(self) -> bytes:
        """All parts, compressed."""
        return compressed(b"".join(self._parts))


class _Frozen:
    """A finished object of a file: only its bytes, and what pydyf asks of it when it writes."""

    free = "n"
    generation = 0
    offset = 0

    def __init__(self, item: Any) -> None:
        self.number = item.number
        self.compressible = item.compressible
        self.data = item.data

    @property
    def indirect(self) -> bytes:
        """The object with its number."""
        return b"%d 0 obj\n%b\nendobj" % (self.number, self.data)


def freeze(pdf: Any) -> None:
    """Nothing of a file will change any more, but that objects are added."""
    for place, item in enumerate(pdf.objects):
        if item.free == "n":
            pdf.objects[place] = _Frozen(item)


def _page_references(pdf: Any) -> tuple[bytes, ...]:
    """As pydyf's own; asked for when all pages are there, and often."""
    kids = pdf.pages["Kids"]
    known: tuple[int, tuple[bytes, ...]] = pdf.__dict__.get("_references", (0, ()))
    if known[0] != len(kids):
        known = len(kids), tuple(f"{number} 0 R".encode("ascii") for number in kids[::3])
        pdf.__dict__["_references"] = known
    return known[1]
