"""Parts of a document that are painted: plain data, which can be kept and put into a file later.

A part holds nothing of WeasyPrint: the operators of its pages, their links, anchors and structure,
which characters of which fonts they show, and the names of formulas, which the document knows. So
it does not matter when and in which process a part was painted, and one whose text did not change
need not be painted again.

A kept part is read by a restricted unpickler, since a file in the cache must not be able to run
code. It names the pictures it shows with the hashes of what was in them.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from builder import records
from builder.cache import Cache
from builder.tagging import Link, Node


class Later:
    """A reference that is known when the file is made."""

    data = b""


@dataclass(slots=True)
class Page:
    """A painted page, with what WeasyPrint asks of its own pages.

    Attributes:
        width: In CSS pixels, as all lengths here.
        height: Likewise.
        bleed: How far it is printed beyond each side.
        content: Operators, compressed.
        bookmarks: Level, label, place and state of each.
        anchors: Name -> place.
        links: Kind, target, rectangle, and what will know the annotation.
        tags: Its structure.
        ink: What the document's pages share; set before it is written.
    """

    width: float
    height: float
    bleed: dict[str, float]
    content: bytes
    bookmarks: list[Any]
    anchors: dict[str, Any]
    links: list[tuple[str, str, Any, Link]]
    tags: Node
    ink: Any = None
    forms: dict[None, list[Any]] = field(default_factory=lambda: {None: []})

    def paint(self, stream: Any, scale: float = 1) -> None:
        """Called by WeasyPrint when it writes the page."""
        del scale
        self.ink.pour(stream)
        stream.stream[:] = [self.content]
        stream.extra["Filter"], stream.compress = "/FlateDecode", False


@dataclass(slots=True)
class Font:
    """What a part shows of a font, as Pango describes this.

    Attributes:
        family: Its name.
        style: Pango's number.
        weight: Likewise.
        widths: Glyph -> width, in 1/1000 em.
        characters: Glyph -> what it stands for.
    """

    family: str
    style: int
    weight: int
    widths: dict[int, int]
    characters: dict[int, str]


@dataclass(slots=True)
class Part:
    """Painted pages.

    Attributes:
        pages: In their order.
        metadata: What WeasyPrint knows of the document.
        fonts: Name in the operators -> what is shown of it.
        resources: Kind -> name in the operators -> object. None stands for a picture or formula.
        images: Name in the operators -> picture of pixels.
        colors: The document's colour spaces, for objects that name them.
        pictures: URL -> hash of the file.
    """

    pages: list[Page] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    fonts: dict[str, Font] = field(default_factory=dict)
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    images: dict[str, Any] = field(default_factory=dict)
    colors: Later = field(default_factory=Later)
    pictures: dict[str, str] = field(default_factory=dict)


def keep(part: Part, cache: Cache, entry: str) -> None:
    """Keep a part."""
    if cache.folder is None:
        return
    try:
        packed = records.packed(part)
    except (pickle.PicklingError, AttributeError, TypeError):  # made by a template that does more
        return
    cache.put("parts", entry, packed)


def kept(cache: Cache, entry: str, digest: Callable[[str], str | None]) -> Part | None:
    """A part that was kept, or None if it is not there, not ours, or a picture is another one.

    Args:
        cache: Where it may be.
        entry: Its key.
        digest: Hash of the picture that a URL names now, if there is one.
    """
    packed = cache.get("parts", entry)
    if packed is None:
        return None
    try:
        part = records.unpacked(packed, Part, _RECORDS)
    except records.ForeignError:
        return None
    same = all(digest(url) == known for url, known in part.pictures.items())
    return part if same else None


#: What a part is made of.
_RECORDS = {
    *(("builder.parts", name) for name in ("Part", "Page", "Font", "Later")),
    *(("builder.tagging", name) for name in ("Node", "Link")),
    *(("pydyf", name) for name in ("Dictionary", "Array", "Stream", "String")),
}
