"""Memory: boxes do not hold what their class says, and what is laid out is let go.

A box of WeasyPrint holds some forty values, half of them zeros of margins and borders that text and
lines never have: here such zeros are values of the class. It keeps all boxes from before layout
until the document is finished, and all styles of elements: here boxes go when their page is laid
out, unless it may be laid out again, and styles when the elements have their boxes.
"""

from collections.abc import Iterator
from math import inf
from typing import Any

from builder.imposition import strips

#: What `resolve_percentages` gives a box without any size of its own.
USED = {
    **{f"margin_{side}": 0 for side in ("left", "right", "top", "bottom")},
    **{f"padding_{side}": 0 for side in ("left", "right", "top", "bottom")},
    **{f"border_{side}_width": 0 for side in ("top", "right", "bottom", "left")},
    **dict.fromkeys(("width", "height"), "auto"),
    **dict.fromkeys(("min_width", "min_height"), 0),
    **dict.fromkeys(("max_width", "max_height"), inf),
}
#: What of it layout changes later, and has to be set again before each layout.
_CHANGED = {name: USED[name] for name in ("width", "height", "margin_top", "margin_bottom")}
_WIDTHS = {name: value for name, value in USED.items() if name.startswith("border")}
#: Rounded corners.
RADII = tuple(
    f"border_{corner}_radius" for corner in ("top_left", "top_right", "bottom_right", "bottom_left")
)
#: What `layout_box_backgrounds` gives a box with nothing behind it.
BARE = {**dict.fromkeys(RADII, (0, 0)), "background": None}


def light() -> dict[Any, dict[str, Any]]:
    """Classes of boxes that have `USED` and `BARE` themselves -> what of `USED` to set anyway.

    Inline boxes get widths of borders: with collapsed borders it matters whether they were set.
    """
    from weasyprint.formatting_structure.boxes import InlineBox, LineBox, TextBox

    return {TextBox: _CHANGED, LineBox: _CHANGED, InlineBox: _CHANGED | _WIDTHS}


class _Nowhere:
    """The sides that a box has lost at a page's end, where nobody asks for them.

    They matter to rounded corners only.
    """

    __slots__ = ()

    def add(self, side: str) -> None:
        """Forget a side."""


_NOWHERE = _Nowhere()


def functions() -> dict[Any, Any]:
    """A function of WeasyPrint -> what does the same and lets go of what it used."""
    from weasyprint.layout import page

    return {page.remake_page: _releasing(page.remake_page)}


def changes() -> Iterator[tuple[Any, str, Any]]:
    """Classes of boxes, and what they have themselves."""
    from weasyprint.formatting_structure.boxes import Box, ParentBox

    for kind, changed in light().items():
        for name, value in (USED | BARE).items():
            if name not in changed:
                yield kind, name, value
    for name in ("first_letter_style", "first_line_style"):
        yield Box, name, None

    def start(self: Any, element_tag: str, style: Any, element: Any) -> None:
        self.element_tag = element_tag
        self.element = element
        self.style = style
        try:
            rounded = style.is_rounded
        except AttributeError:
            rounded = style.is_rounded = any((0, "px") not in style[name] for name in RADII)
        self.remove_decoration_sides = set() if rounded else _NOWHERE
        self.children = ()

    def copy_with_children(self: Any, new_children: Any) -> Any:
        copy = self.copy()
        copy.children = new_children
        if self.remove_decoration_sides is not _NOWHERE:
            self.remove_decoration_sides = set()
        return copy

    yield Box, "__init__", start
    yield ParentBox, "copy_with_children", copy_with_children


def _releasing(make: Any) -> Any:
    def remake_page(index: int, context: Any, root_box: Any, html: Any) -> Any:
        if "finished" not in context.__dict__:
            context.finished, context.emptied = 0, {}
            context.columns, context.again = strips(html.etree_element), False
            _forget_styles(context.style_for, html.etree_element)
        page, resume_at = make(index, context, root_box, html)
        if index == context.finished and not context.again and _is_final(index, context):
            context.finished += 1
            # The columns of the last page are laid out again, see `builder.levelling`.
            if context.finished % context.columns == 0:
                _release(root_box, resume_at, context.emptied)
        return page, resume_at

    return remake_page


def _forget_styles(style_for: Any, root: Any) -> None:
    """All elements have their boxes now, and pages inherit from the root only."""
    styles = style_for._computed_styles
    style_for._computed_styles = {(root, None): styles[root, None]}


def _is_final(index: int, context: Any) -> bool:
    """Whether a page will not be laid out again if none before it will.

    It will where text in the flow depends on pages. Where running elements depend on them the page
    says so once it is made.
    """
    if context.target_collector.counter_lookup_items:
        return False
    state = context.page_maker[index][-1]
    return not (state["content_changed"] or state["pages_wanted"])


def _release(box: Any, resume_at: Any, emptied: dict[Any, int]) -> None:
    """Empty the blocks that end before the place where the next page begins.

    Args:
        box: A box before layout.
        resume_at: The place of that child in which the next page begins, and the place in it.
        emptied: Box -> how many of its children are so already.
    """
    from weasyprint.formatting_structure.boxes import BlockBox

    while resume_at and type(box) is BlockBox:
        ((place, resume_at),) = resume_at.items()
        for child in box.children[emptied.get(box, 0) : place]:
            # A target's text may be wanted in a margin; what is out of flow may go on.
            if type(child) is BlockBox and child.is_in_normal_flow() and not child.style["anchor"]:
                child.children = ()
        emptied[box] = place
        box = box.children[place] if place < len(box.children) else None
