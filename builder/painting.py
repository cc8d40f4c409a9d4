"""Pages that are painted as soon as they are laid out, and put into a file later.

WeasyPrint keeps all boxes of all pages until the last one is written, which is most of the memory
that it needs. Here a part of a document is painted and its boxes let go, so a document needs the
memory of its longest part. What is painted is plain data, see `builder.parts`: it is the same
whatever was painted before it, and whether it was painted now or kept.
"""

import hashlib
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from builder import tagging
from builder.parts import Font, Page, Part
from builder.tuning import compressed

#: Points in a pixel of CSS.
_POINTS = 0.75
_KINDS = ("ExtGState", "XObject", "Pattern", "Shading")


class Brush:
    """Paints pages. Fonts are opened once for all parts."""

    def __init__(self, formulas: Collection[str]) -> None:
        """Start.

        Args:
            formulas: Names, in the operators, of what is drawn when the file is written.
        """
        self._fonts = _Fonts()
        self._formulas = formulas

    def painted(self, name: str, document: Any, strips: int) -> Part:
        """Paint the pages of a document, each of which is a column: so many on a page.

        Args:
            name: Any text that no other part of the same document has.
            document: WeasyPrint's.
            strips: How many columns a page has.
        """
        part = Part(metadata=vars(document.metadata))
        images: dict[str, Any] = {}
        resources = _resources(name)
        resources["ColorSpace"] = part.colors
        for place in range(0, len(document.pages), strips):
            columns = document.pages[place : place + strips]
            part.pages.append(_painted(columns, (self._fonts, resources, images)))
        part.fonts = self._fonts.emptied()
        known: dict[int, Any] = {}
        part.resources = {
            kind: {name: _plain(item, known) for name, item in resources[kind].items()}
            for kind in _KINDS
        }
        part.images = {
            name: _plain(
                image["image"].get_x_object(image["interpolate"], max(image["dpi_ratios"])), known
            )
            for name, image in images.items()
            if name not in self._formulas
        }
        return part


def _painted(columns: Sequence[Any], shared: tuple[Any, Any, Any]) -> Page:
    """Columns, each laid out as a page as large as the paper, on one page."""
    import pydyf
    from weasyprint.pdf.stream import Stream

    first = columns[0]
    fonts, resources, images = shared
    area = (0, 0, first.width, first.height)
    stream = Stream(
        *(fonts, area, resources, images),
        tags={},
        color_profiles={},
        output_intent=None,
        compress=True,
    )
    stream.transform(d=-1, f=first.height * _POINTS)
    for column in columns:
        column.paint(stream, _POINTS)
    links = {box: tagging.Link() for column in columns for _, _, _, box in column.links}
    anchors: dict[str, Any] = {}
    for column in columns:
        anchors = column.anchors | anchors
    return Page(
        width=first.width,
        height=first.height,
        bleed=first.bleed,
        content=compressed(b"\n".join(map(pydyf._to_bytes, stream.stream))),
        bookmarks=[mark for column in columns for mark in column.bookmarks],
        anchors=anchors,
        links=[(*link[:3], links[link[3]]) for column in columns for link in column.links],
        tags=tagging.nodes(
            [column._page_box for column in columns], first.height, stream._tags, links
        ),
    )


class _Fonts(dict[Any, Any]):
    """WeasyPrint's fonts, and which of them were asked for since they were emptied."""

    def __init__(self) -> None:
        super().__init__()
        self._used: dict[str, Any] = {}

    def __setitem__(self, name: Any, font: Any) -> None:
        font.file_content = b""  # megabytes, and another font is put into the file
        super().__setitem__(name, font)

    def __getitem__(self, name: Any) -> Any:
        font = super().__getitem__(name)
        self._used[font.hash] = font
        return font

    def emptied(self) -> dict[str, Font]:
        """What was shown of each font. Nothing is, from now on."""
        shown = {}
        for name, font in self._used.items():
            for code in font.missing:
                logging.getLogger("weasyprint").error(
                    "no font of this document has the character U+%04X", code
                )
            about = font.family, int(font.style), int(font.weight)
            shown[name] = Font(*about, font.widths, font.to_unicode)
            font.widths, font.to_unicode, font.missing = {}, {}, {}
        self._used = {}
        return shown


class _Numbered(dict[str, Any]):
    """Objects that WeasyPrint numbers, from a number on that no other part begins with."""

    first = 0

    def __len__(self) -> int:
        return self.first + super().__len__()


def _resources(name: str) -> dict[str, Any]:
    first = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=5).digest(), "big")
    resources: dict[str, Any] = {}
    for kind in _KINDS:
        resources[kind] = numbered = _Numbered()
        numbered.first = first
    return resources


def _plain(item: Any, known: dict[int, Any]) -> Any:
    """An object of a file without what WeasyPrint needs to paint it; the same for the same one."""
    import pydyf

    if not isinstance(item, (pydyf.Stream, dict, pydyf.Array)):
        return item
    if id(item) in known:
        return known[id(item)][1]
    if isinstance(item, pydyf.Stream):
        content = b"\n".join(map(pydyf._to_bytes, item.stream))
        plain = pydyf.Stream([content], compress=item.compress)
        plain.extra = _plain(item.extra, known)
    elif isinstance(item, dict):
        plain = pydyf.Dictionary({name: _plain(value, known) for name, value in item.items()})
    else:
        plain = pydyf.Array([_plain(value, known) for value in item])
    known[id(item)] = item, plain
    return plain


# Putting parts together ---------------------------------------------------------------------------


class _Given:
    """A picture that is painted already, as WeasyPrint asks for it."""

    def __init__(self, drawn: Any) -> None:
        self._drawn = drawn

    def get_x_object(self, interpolate: bool, dpi_ratio: float) -> Any:
        """Called by WeasyPrint when it writes the file."""
        del interpolate, dpi_ratio
        return self._drawn


class Ink:
    """What the pages of a document share: put together from its parts, in their order."""

    def __init__(self, parts: Sequence[Part], formulas: Mapping[str, Any], font_map: Any) -> None:
        """Take what the parts use.

        Args:
            parts: The parts of the document.
            formulas: Name in the operators -> what draws it.
            font_map: Pango's, which has the fonts.
        """
        self._parts, self._formulas = parts, formulas
        self._poured = False
        shown: dict[str, Font] = {}
        for part in parts:
            for name, font in part.fonts.items():
                if name in shown:
                    shown[name].widths = font.widths | shown[name].widths
                    shown[name].characters = font.characters | shown[name].characters
                else:
                    shown[name] = Font(
                        font.family, font.style, font.weight, font.widths, font.characters
                    )
            for page in part.pages:
                page.ink = self
        #: WeasyPrint's fonts.
        self.fonts = {name: _opened(name, font, font_map) for name, font in shown.items()}

    def pour(self, stream: Any) -> None:
        """Make what is shared known to the file that a stream is part of."""
        if self._poured:
            return
        self._poured = True
        resources = stream._resources
        for part in self._parts:
            part.colors.data = resources["ColorSpace"]
            for kind in _KINDS:
                for name, item in part.resources[kind].items():
                    resources[kind].setdefault(name, item)
            for name, drawn in part.images.items():
                stream._images.setdefault(name, _asked(_Given(drawn)))
        stream._images |= {name: _asked(formula) for name, formula in self._formulas.items()}


def _asked(image: Any) -> dict[str, Any]:
    """What WeasyPrint knows of a picture in a file."""
    return {"image": image, "interpolate": False, "dpi_ratios": {1}, "x_object": None}


def _opened(name: str, shown: Font, font_map: Any) -> Any:
    """A font as WeasyPrint puts it into a file, opened at a size that no part decides."""
    from weasyprint.pdf import fonts
    from weasyprint.text.ffi import TO_UNITS, ffi, gobject, pango
    from weasyprint.text.fonts import get_pango_font_key

    wanted = ffi.gc(pango.pango_font_description_new(), pango.pango_font_description_free)
    family = ffi.new("char[]", shown.family.encode())
    pango.pango_font_description_set_family(wanted, family)
    pango.pango_font_description_set_style(wanted, shown.style)
    pango.pango_font_description_set_weight(wanted, shown.weight)
    pango.pango_font_description_set_absolute_size(wanted, _SIZE * TO_UNITS)
    context = ffi.gc(pango.pango_font_map_create_context(font_map), gobject.g_object_unref)
    loaded = ffi.gc(
        pango.pango_font_map_load_font(font_map, context, wanted), gobject.g_object_unref
    )
    _, description, size = get_pango_font_key(loaded)
    font = fonts.Font(loaded, description, size)
    if font.hash != name:
        raise RuntimeError(f"the font {shown.family} {shown.weight} is another one now")
    font.widths, font.to_unicode = shown.widths, shown.characters
    return font


#: CSS pixels.
_SIZE = 16
