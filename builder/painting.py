"""Pages that are painted as soon as they are laid out, and put into a file later.

WeasyPrint keeps all boxes of all pages until the last one is written, which is most of the memory
that it needs. Here the operators of a page, its links and its structure are kept and its boxes let
go, so a document needs the memory of its longest part.

A painted page has what WeasyPrint's `Page` has. Fonts, formulas and pictures are the document's.
"""

from collections.abc import Sequence
from typing import Any

from builder import tagging
from builder.tuning import compressed

#: Points in a pixel of CSS.
_POINTS = 0.75
_KINDS = ("ExtGState", "XObject", "Pattern", "Shading")


class Link:
    """What WeasyPrint wants of the box of a link: a place to leave the annotation."""

    link_annotation: Any = None


class Painted:
    """A page without boxes."""

    def __init__(self, ink: "Ink", strips: Sequence[Any]) -> None:
        """Paint columns, each laid out as a page as large as the paper, on one page."""
        import pydyf

        first = strips[0]
        self._ink = ink
        self.width, self.height, self.bleed = first.width, first.height, first.bleed
        self.bookmarks = [mark for strip in strips for mark in strip.bookmarks]
        self.anchors: dict[str, Any] = {}
        for strip in strips:
            self.anchors = strip.anchors | self.anchors
        self.forms: dict[Any, list[Any]] = {None: []}
        boxes = {box: Link() for strip in strips for _, _, _, box in strip.links}
        self.links = [
            (kind, target, place, boxes[box])
            for strip in strips
            for kind, target, place, box in strip.links
        ]
        stream = ink.stream(first)
        for strip in strips:
            strip.paint(stream, _POINTS)
        self._content = compressed(b"\n".join(map(pydyf._to_bytes, stream.stream)))
        #: The structure of the page.
        self.tags = tagging.nodes(
            [strip._page_box for strip in strips], self.height, stream._tags, boxes
        )

    def paint(self, stream: Any, scale: float = 1) -> None:
        """Called by WeasyPrint when it writes the page."""
        del scale
        self._ink.pour(stream)
        stream.stream[:] = [self._content]
        stream.extra["Filter"], stream.compress = "/FlateDecode", False


class Ink:
    """What the pages of a document share."""

    def __init__(self) -> None:
        import pydyf

        self.fonts: dict[Any, Any] = {}
        self._images: dict[str, Any] = {}
        self._colors = _Later()
        self._resources = pydyf.Dictionary({kind: pydyf.Dictionary() for kind in _KINDS})
        self._resources["ColorSpace"] = self._colors

    def painted(self, pages: Sequence[Any], strips: int) -> list[Painted]:
        """Paint pages of one column, so many on a page."""
        places = range(0, len(pages), strips)
        return [Painted(self, pages[place : place + strips]) for place in places]

    def stream(self, page: Any) -> Any:
        """A new stream for the operators of a page."""
        from weasyprint.pdf.stream import Stream

        area = (0, 0, page.width, page.height)
        shared = self.fonts, area, self._resources, self._images
        stream = Stream(*shared, tags={}, color_profiles={}, output_intent=None, compress=True)
        stream.transform(d=-1, f=page.height * _POINTS)
        return stream

    def pour(self, stream: Any) -> None:
        """Make what is shared known to the file that a stream is part of."""
        resources = stream._resources
        if self._colors.data != resources["ColorSpace"]:
            self._colors.data = resources["ColorSpace"]
            for kind in _KINDS:
                resources[kind].update(self._resources[kind])
            stream._images.update(self._images)


class _Later:
    """A reference that is known when the file is made."""

    data = b""
