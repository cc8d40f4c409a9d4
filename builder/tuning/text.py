"""Lines of text: Pango is told of a style once, and a line that is laid out is drawn as it is.

WeasyPrint makes a context, a font description and a list of features for every line that it tries.
Here only the first line of a style is set up so; all others start from a copy of it. When it has
found where a line ends it sets the line alone, forgets it, and sets it again to draw it; here the
line is kept, unless its spaces are stretched meanwhile. Glyphs are read all at once instead of
field by field, and no adjustments by nothing are written, which it has after every glyph.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from struct import calcsize, iter_unpack
from typing import Any

#: What Pango knows of a line besides the layout itself.
_TOLD = (
    *("language", "ascent", "underline_position", "strikethrough_position"),
    *("underline_thickness", "strikethrough_thickness"),
)
#: How many lines are kept, of about 1.5 kB each: those of about a hundred pages.
_KEPT = 10_000
#: A glyph's number, advance, offsets and a flag, in Pango's memory.
_GLYPH = "=Iiiii"
#: Pango's numbers from here are no glyphs: nothing to show, then characters without a glyph.
_NOTHING = 0x0FFFFFFF
#: Ends of lines and paragraphs, tabs and the soft hyphen, with which Pango does more.
_ODD = re.compile("[\t\n\v\f\r\x85\xad\u2028\u2029]")


def functions() -> dict[Any, Any]:
    """Functions of WeasyPrint -> what does the same sooner."""
    from weasyprint.draw import text
    from weasyprint.text import line_break

    return {
        line_break.split_first_line: _splitting(line_break.split_first_line),
        line_break.first_line_metrics: _measuring(line_break.first_line_metrics),
        text.draw_first_line: _drawing(text.draw_first_line),
    }


def changes() -> Iterator[tuple[Any, str, Any]]:
    """WeasyPrint's class of lines, methods of it, and what takes their place."""
    from weasyprint.text.line_break import Layout

    ffi, gobject, pango = _libraries()
    set_up, set_again = Layout.setup, Layout.reactivate

    def setup(self: Any, style: Any) -> None:
        try:
            first, told = style.first_line
        except AttributeError:
            set_up(self, style)
            told = {name: self.__dict__[name] for name in _TOLD if name in self.__dict__}
            first = ffi.gc(pango.pango_layout_copy(self.layout), gobject.g_object_unref)
            style.first_line = first, told
            return
        self.style = style
        self.first_line_direction = 0
        self.layout = ffi.gc(pango.pango_layout_copy(first), gobject.g_object_unref)
        self.__dict__.update(told)

    kept = [0]

    def reactivate(self: Any, style: Any) -> None:
        if "layout" not in self.__dict__ or self.justification_spacing:
            set_again(self, style)
        self.drawn = True

    def deactivate(self: Any) -> None:
        """Called when the end of the line is found, and again when it is drawn."""
        drawn = self.__dict__.pop("drawn", False)
        if not drawn and kept[0] < _KEPT:
            kept[0] += 1
            self.kept = True
            return
        if self.__dict__.pop("kept", False):
            kept[0] -= 1
        del self.layout, self.language, self.style

    def forget(self: Any) -> None:
        """A line that was kept may never be drawn, where it was laid out a second time."""
        if self.__dict__.get("kept"):
            kept[0] -= 1

    for method in (setup, reactivate, deactivate):
        yield Layout, method.__name__, method
    yield Layout, "__del__", forget


@lru_cache(maxsize=1)
def _libraries() -> tuple[Any, Any, Any]:
    from weasyprint.text.ffi import ffi, gobject, pango

    ffi.cdef("PangoLayout * pango_layout_copy (PangoLayout *layout);")
    return ffi, gobject, pango


#: Enough of a text to find the end of its first line, and how much has to be left after it: a line
#: may end between any two Han characters.
_LINES, _LEFT = 2, 12


def _splitting(split: Any) -> Any:
    """In place of `split_first_line`, which looks at four lines of Chinese to find one's end."""

    def split_first_line(
        text: str, style: Any, context: Any, max_width: float | None, *rest: Any, **options: Any
    ) -> Any:
        size = style["font_size"]
        if max_width is not None and size and 4 * size < max_width < len(text) * size / _LINES:
            some = text[: int(_LINES * max_width / size)]
            # Han characters have three bytes: at least half of them are.
            if len(some.encode()) > 2 * len(some):
                found = split(some, style, context, max_width, *rest, **options)
                end = found[2]
                if end is not None and end < len(some[:-_LEFT].encode()):
                    return found
        return split(text, style, context, max_width, *rest, **options)

    return split_first_line


def _measuring(measure: Any) -> Any:
    """In place of `first_line_metrics`, which sets the text of a line alone once more.

    Only a line that ends with a space or a hyphen looks different then.
    """
    _, _, pango = _libraries()
    from weasyprint.text.ffi import FROM_UNITS
    from weasyprint.text.line_break import line_size

    def first_line_metrics(
        line: Any,
        text: str,
        layout: Any,
        resume_at: int | None,
        space_collapse: bool,
        style: Any,
        hyphenated: bool = False,
        hyphen: str | None = None,
    ) -> Any:
        if resume_at and not hyphenated:
            length = line.length
            alone = text.encode()[:length].decode()
            if not alone.endswith(" ") and not _ODD.search(alone):
                layout.text = alone
                width, height = line_size(line, style)
                baseline = pango.pango_layout_get_baseline(layout.layout) * FROM_UNITS
                layout.deactivate()
                return layout, length, resume_at, width, height, baseline
        return measure(line, text, layout, resume_at, space_collapse, style, hyphenated, hyphen)

    return first_line_metrics


def _drawing(draw: Any) -> Any:
    """In place of `draw_first_line`, which still draws what is not plain."""
    ffi, _, _ = _libraries()

    def draw_first_line(
        stream: Any, textbox: Any, text_overflow: str, block_ellipsis: str, matrix: Any
    ) -> list[Any]:
        def slowly() -> list[Any]:
            return list(draw(stream, textbox, text_overflow, block_ellipsis, matrix))

        text = textbox.text
        plain = text_overflow == "clip" and block_ellipsis == "none" and not _ODD.search(text)
        if not plain or not text.strip() or textbox.style["font_size"] < 1e-6:
            return slowly()
        line, _ = textbox.pango_layout.get_first_line()
        shown: list[tuple[Any, float, str]] = []
        run = line.runs[0]
        while run != ffi.NULL:
            item = run.data
            run = run.next
            font, size = stream.add_font(item.item.analysis.font)
            glyphs = _glyphs(stream, textbox, item, font, size)
            if glyphs is None:
                return slowly()
            if shown and shown[-1][0] is font:
                shown[-1] = (font, size, shown[-1][2] + glyphs)
            else:
                shown.append((font, size, glyphs))
        stream.set_text_matrix(*matrix.values)
        for font, size, glyphs in shown:
            stream.set_font_size(font.hash, size)
            stream.show_text(glyphs)
        return []

    return draw_first_line


def _glyphs(stream: Any, textbox: Any, run: Any, font: Any, size: float) -> str | None:
    """The glyphs of a run as PDF shows them; None if there are any that are not plain."""
    if font.bitmap or font.svg or font.png or font.colr:
        return None
    ffi, _, pango = _libraries()
    from weasyprint.text.ffi import FROM_UNITS

    count = run.glyphs.num_glyphs
    widths, characters = font.widths, font.to_unicode
    shown = ["<"]
    memory = ffi.buffer(run.glyphs.glyphs, calcsize(_GLYPH) * count)
    for place, (glyph, width, x_offset, y_offset, _) in enumerate(iter_unpack(_GLYPH, memory)):
        if glyph == _NOTHING and not width:
            continue
        if y_offset or glyph >= _NOTHING:
            return None
        if glyph not in characters:
            characters[glyph] = _characters(textbox, run, place)
        if glyph not in widths:
            pango.pango_font_get_glyph_extents(
                run.item.analysis.font, glyph, stream.ink_rect, stream.logical_rect
            )
            widths[glyph] = round(stream.logical_rect.width * 1000 * FROM_UNITS / size)
        offset = x_offset / size
        if offset:
            shown.append(f">{-offset}<")
        shown.append(f"{glyph:04x}")
        kerning = int(widths[glyph] + offset - width * 1000 * FROM_UNITS / size)
        if kerning:
            shown.append(f">{kerning}<")
    if shown[-1][-1] == "<":
        shown[-1] = shown[-1][:-1]
    else:
        shown.append(">")
    return "".join(shown)


def _characters(textbox: Any, run: Any, place: int) -> str:
    """What a glyph stands for: one character of the text, or several."""
    clusters, count = run.glyphs.log_clusters, run.glyphs.num_glyphs
    start = clusters[place]
    if run.item.analysis.level % 2:  # from right to left
        end = run.item.length if place == 0 else clusters[place - 1]
    else:
        end = run.item.length if place == count - 1 else clusters[place + 1]
    offset = run.item.offset
    text: bytes = textbox.pango_layout.text.encode()
    return text[offset + start : offset + end].decode()
