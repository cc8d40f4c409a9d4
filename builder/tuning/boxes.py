"""Sizes, margins and backgrounds of boxes: worked out once for all boxes of one style.

WeasyPrint looks up two dozen properties of every box in every round of layout, and a dozen more
before it draws it. Almost always they are lengths, which depend on nothing but the style, and there
is neither background nor rounded corner. Styles without percentages are therefore resolved once.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from builder.tuning import memory

_EDGES = (
    *(f"margin_{side}" for side in ("left", "right", "top", "bottom")),
    *(f"padding_{side}" for side in ("left", "right", "top", "bottom")),
)
_SIZES = ("width", "height", "min_width", "min_height", "max_width", "max_height")
_BORDERS = tuple(f"border_{side}_width" for side in ("top", "right", "bottom", "left"))


def functions() -> dict[Any, Any]:
    """Functions of WeasyPrint -> what does the same sooner."""
    from weasyprint.draw import border, color
    from weasyprint.layout import background, percent
    from weasyprint.layout import float as floats
    from weasyprint.text import line_break

    return {
        percent.resolve_percentages: _resolving(percent.resolve_percentages),
        background.layout_box_backgrounds: _without_backgrounds(background.layout_box_backgrounds),
        border.draw_border: _without_borders(border.draw_border),
        color.get_color: _get_color,
        floats.avoid_collisions: _among_floats(floats.avoid_collisions),
        line_break.strut: _once_a_style(line_break.strut),
        line_break.can_break_text: lru_cache(maxsize=None)(line_break.can_break_text),
    }


def changes() -> Iterator[tuple[Any, str, Any]]:
    """A class of WeasyPrint, methods of it, and what does the same sooner."""
    from weasyprint.formatting_structure.boxes import Box

    yield Box, "is_in_normal_flow", _in_normal_flow(Box.is_in_normal_flow)
    yield Box, "descendants", _descendants


def _descendants(self: Any, placeholders: bool = False) -> Iterator[Any]:
    """As WeasyPrint's own, which hands each box up through all that it is in."""
    from weasyprint.layout.absolute import AbsolutePlaceholder

    waiting = [self]
    while waiting:
        box = waiting.pop()
        if type(box) is AbsolutePlaceholder:
            if not placeholders:
                yield box
                continue
            box = box._box
        yield box
        waiting.extend(reversed(box.children))


def _resolving(resolve: Any) -> Any:
    light = memory.light()

    def resolve_percentages(box: Any, containing_block: Any) -> None:
        try:
            used, borders, plain = box.style.used_values
        except AttributeError:
            used, borders = _used_values(box.style)
            plain = used is not None and used | dict(borders or ()) == memory.USED
            box.style.used_values = used, borders, plain
        if used is None:
            resolve(box, containing_block)
            return
        values = box.__dict__
        if plain and type(box) in light:
            values.update(light[type(box)])
            return
        values.update(used)
        if borders is not None:
            for name, width in borders:
                if name not in values:
                    values[name] = width

    return resolve_percentages


def _used_values(style: Any) -> tuple[dict[str, Any] | None, list[tuple[str, Any]] | None]:
    """What `resolve_percentages` gives every box of a style; None if it depends on more.

    Widths of borders come apart where they may have been set before, as collapsed ones are.
    """
    value_of = _reader(style)
    if value_of("box_sizing") != "content-box":
        return None, None
    used: dict[str, Any] = {}
    for name in (*_EDGES, *_SIZES):
        value = value_of(name)
        if value != "auto":
            if getattr(value, "unit", None) != "px":
                return None, None
            value = value.value
        elif name in ("min_width", "min_height"):
            value = 0
        used[name] = value
    borders = [(name, style[name]) for name in _BORDERS]
    if style["border_collapse"] == "collapse":
        return used, borders
    return used | dict(borders), None


def _reader(style: Any) -> Any:
    """Reads properties that are not inherited: boxes without an element have their defaults."""
    from weasyprint.css import AnonymousStyle
    from weasyprint.css.properties import INITIAL_VALUES

    if not isinstance(style, AnonymousStyle):
        return style.__getitem__
    return lambda name: style.get(name, INITIAL_VALUES[name])


def _without_backgrounds(lay_out: Any) -> Any:
    from weasyprint.layout.absolute import AbsolutePlaceholder

    light = memory.light()

    def layout_box_backgrounds(
        page: Any, box: Any, get_image: Any, layout_children: bool = True, style: Any = None
    ) -> None:
        if style is not None or box is page:
            lay_out(page, box, get_image, layout_children, style)
            return
        try:
            bare = box.style.is_bare
        except AttributeError:
            bare = box.style.is_bare = _is_bare(box.style)
        if not bare:
            lay_out(page, box, get_image, layout_children)
            return
        if type(box) not in light:
            own = box._box if type(box) is AbsolutePlaceholder else box
            own.__dict__.update(memory.BARE)
        if layout_children:
            for child in box.all_children():
                layout_box_backgrounds(page, child, get_image)

    return layout_box_backgrounds


def _is_bare(style: Any) -> bool:
    """Whether nothing is painted behind a box, and its corners are square."""
    value_of = _reader(style)
    color = value_of("background_color")
    return (
        all((0, "px") in value_of(name) for name in memory.RADII)
        and value_of("border_image_source")[0] == value_of("mask_border_source")[0] == "none"
        and style["visibility"] == "visible"
        and all(kind == "none" for kind, _ in value_of("background_image"))
        and not isinstance(color, str)
        and color.alpha == 0
        and not value_of("box_shadow")
    )


def _without_borders(draw: Any) -> Any:
    def draw_border(stream: Any, box: Any) -> None:
        if (
            box.border_top_width
            or box.border_right_width
            or box.border_bottom_width
            or box.border_left_width
            or box.style["column_width"] != "auto"
            or box.style["column_count"] != "auto"
            or box.style["border_image_source"][0] != "none"
        ):
            draw(stream, box)

    return draw_border


def _get_color(style: Any, name: str) -> Any:
    """As WeasyPrint's own, which compares colours with a word number by number."""
    color = style[name]
    return style["color"] if isinstance(color, str) and color == "currentcolor" else color


def _among_floats(avoid: Any) -> Any:
    def avoid_collisions(
        context: Any, box: Any, containing_block: Any, outer: bool = True
    ) -> tuple[float, float, float]:
        if (
            context.excluded_shapes
            or containing_block.style["direction"] != "ltr"
            or box.is_floated()
        ):
            found: tuple[float, float, float] = avoid(context, box, containing_block, outer)
            return found
        # Nothing is in the way. An inner position is that of the box without its margins.
        left, width = containing_block.content_box_x(), containing_block.width
        if outer:
            return left, box.position_y, width
        left_margin = box.margin_left
        start = left + left_margin
        return (
            start - left_margin,
            box.border_box_y() - box.margin_top,
            left + width - box.margin_right - start,
        )

    return avoid_collisions


def _once_a_style(strut: Any) -> Any:
    def of(style: Any) -> Any:
        try:
            return style.strut
        except AttributeError:
            style.strut = strut(style)
            return style.strut

    return of


def _in_normal_flow(ask: Any) -> Any:
    """In place of a method of boxes that is asked of every box many times."""

    def is_in_normal_flow(self: Any) -> bool:
        style = self.style
        try:
            return bool(style.in_flow)
        except AttributeError:
            style.in_flow = ask(self)
            return bool(style.in_flow)

    return is_in_normal_flow
