"""The columns of a document's last page, made as short as they can all be.

Columns that are pages (see `builder.imposition`) fill up one after another, so the last page would
have a full column beside an empty one. Here the columns of the last page are laid out again, with
less and less height, while all of their content still finds a place. That costs a page's layout a
few times, which is little where a document has many; balancing by WeasyPrint's multi-column boxes
costs twice the layout of every page.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from builder.imposition import strips

#: CSS pixels, about a line: columns need not be more level than this.
_LEVEL = 10.0
#: A page this full is left alone.
_FULL = 0.92


@contextmanager
def levelled() -> Iterator[None]:
    """While inside, WeasyPrint levels the columns of the last page of what it lays out.

    It takes the place of a few functions of the pinned version; that they are there, tests see.
    """
    from weasyprint import layout
    from weasyprint.layout import page as pages

    before = layout.make_all_pages, layout.make_margin_boxes, pages.page_height

    def make_all_pages(context: Any, root_box: Any, html: Any, known: Any) -> Iterator[Any]:
        made = list(before[0](context, root_box, html, known))
        yield from _Layout(context, root_box, html, strips(html.etree_element)).levelled(made)

    def page_height(page: Any, context: Any, paper: Any) -> None:
        before[2](page, context, paper)
        shorter = context.__dict__.get("shorter", 0)
        page.height -= shorter
        page.margin_bottom += shorter

    def make_margin_boxes(context: Any, page: Any, state: Any) -> Any:
        """Those of the whole page; what lies behind the column itself ends with it."""
        shorter = page.__dict__.get("shorter", 0)
        page.height += shorter
        page.margin_bottom -= shorter
        yield from before[1](context, page, state)
        page.height -= shorter
        page.margin_bottom += shorter

    layout.make_all_pages, layout.make_margin_boxes = make_all_pages, make_margin_boxes
    pages.page_height = page_height
    try:
        yield
    finally:
        layout.make_all_pages, layout.make_margin_boxes, pages.page_height = before


class _Layout:
    """A layout by WeasyPrint, of which some pages can be made again."""

    def __init__(self, context: Any, root_box: Any, html: Any, columns: int) -> None:
        self._arguments = context, root_box, html
        self._context, self._columns = context, columns

    def levelled(self, made: list[Any]) -> list[Any]:
        """All pages, those columns that make the last page anew if that makes them more level."""
        if self._columns == 1 or self._is_unsettled(made):
            return made
        first = (len(made) - 1) // self._columns * self._columns
        last = made[first:]
        height = last[0].height
        filled = [_filled(column) for column in last]
        if sum(filled) > _FULL * height * self._columns:
            return made
        lowest, best, chosen = sum(filled) / self._columns, max(filled), 0.0
        highest = best
        while highest - lowest > _LEVEL:
            tried = (lowest + highest) / 2
            columns = self._made(first, height - tried)
            longest = max(map(_filled, columns))
            if len(columns) > self._columns or longest > best - 1 or _tears(columns):
                lowest = tried
            else:
                best, chosen = longest, height - tried
                highest = min(tried, longest)
        return [*made[:first], *self._made(first, chosen)]

    def _is_unsettled(self, made: list[Any]) -> bool:
        """Whether pages will be made again, for what their text says of pages, or were."""
        states = (state for *_, state in self._context.page_maker)
        return any(state["content_changed"] or state["pages_wanted"] for state in states) or any(
            page.__dict__.get("shorter") for page in made
        )

    def _made(self, first: int, shorter: float) -> list[Any]:
        """The columns from one on, with less height; one more than a page has if they are more."""
        from weasyprint.layout import page as pages

        context = self._context
        context.shorter, context.again = shorter, True  # so that no boxes are let go
        made: list[Any] = []
        more = True
        while more and len(made) <= self._columns:
            state = context.page_maker[first + len(made)][-1]
            state.update(content_changed=False, pages_wanted=False, anchors=[], content_lookups=[])
            page, resume_at = pages.remake_page(first + len(made), *self._arguments)
            page.shorter = shorter
            made.append(page)
            more = resume_at is not None
        context.shorter = 0
        del context.page_maker[first + len(made) + 1 :]
        return made


def _tears(columns: list[Any]) -> bool:
    """Whether a column ends where no break should be, as it does where there is no other way."""
    for left, right in pairwise(columns):
        ending, beginning = list(_edge(left, -1)), list(_edge(right, 0))
        torn = {box.element for box in ending} & {box.element for box in beginning}
        for sides, name in ((ending, "break_after"), (beginning, "break_before")):
            for box in sides:
                if "avoid" in box.style["break_inside" if box.element in torn else name]:
                    return True
    return False


def _edge(page: Any, side: int) -> Iterator[Any]:
    """The blocks that begin or end a page's flow, the outermost first."""
    from weasyprint.formatting_structure.boxes import LineBox

    box = page.children[0]
    while not isinstance(box, LineBox):
        yield box
        flow = [
            child
            for child in box.children
            if child.is_in_normal_flow() and not getattr(child, "is_header", False)
        ]
        if not flow:
            return
        box = flow[side]


def _filled(page: Any) -> float:
    """How far down, in CSS pixels, a page has text or pictures."""
    from weasyprint.formatting_structure.boxes import LineBox, ReplacedBox

    top: float = page.content_box_y()
    ends = (
        box.position_y + box.margin_height()
        for box in page.descendants()
        if isinstance(box, (LineBox, ReplacedBox))
    )
    return max(ends, default=top) - top
