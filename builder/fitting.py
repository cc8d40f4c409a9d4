"""Boxes that must hold all their text: found too full, tried again smaller, or reported.

A template marks such a box: `data-fit` is the note it shows, `data-side` what part of it, and
`data-try` lists, after semicolons, the classes to add when the text does not fit as it is, one set
after the other; the style sheet says what they do. The box itself has a fixed size and an id.

Why in layout: how high a text becomes nobody knows before it is set. A first layout shows which
boxes are too full; only those are laid out again, until they fit or nothing is left to try.
"""

import copy
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

#: CSS pixels in a millimetre.
_MM = 96 / 25.4
#: What may stick out: less than a hairline, which rounding makes.
_TOLERANCE = 0.1 * _MM


@dataclass(frozen=True, slots=True)
class Misfit:
    """A text that does not fit its box, whatever was tried.

    Attributes:
        note: The note shown, as `item` or `item.fact`.
        side: The part of it, such as `front`.
        excess: How much too high or wide it is at its smallest, in millimetres.
    """

    note: str
    side: str
    excess: float


def fit(tree: Any, lay_out: Callable[[Any], Any]) -> tuple[Any, tuple[Misfit, ...]]:
    """Lay out a page whose boxes hold their text.

    Args:
        tree: The root of the HTML, an `ElementTree` element. Classes are added to its boxes.
        lay_out: Makes WeasyPrint's document of such a root.

    Returns:
        The document, and what still does not fit.
    """
    document = lay_out(tree)
    boxes = {box.get("id"): box for box in tree.iter() if box.get("data-fit") is not None}
    too_full = excesses(document) if boxes else {}
    if not too_full:
        return document, ()
    misfits = []
    plain = {name: boxes[name].get("class", "") for name in too_full}
    waiting = {name: _tries(boxes[name]) for name in too_full}
    while too_full:
        for name in list(too_full):
            tries = waiting[name]
            if tries:
                boxes[name].set("class", f"{plain[name]} {tries.pop(0)}".strip())
            else:
                box = boxes[name]
                misfits.append(
                    Misfit(box.get("data-fit"), box.get("data-side", ""), too_full.pop(name))
                )
        if too_full:
            too_full = excesses(lay_out(_only(tree, too_full)))
    if not misfits:
        document = _again(document, tree, plain, lay_out)
    return document, tuple(misfits)


def _again(document: Any, tree: Any, names: Collection[str], lay_out: Callable[[Any], Any]) -> Any:
    """The document anew; where each part of the body is a page for itself, the changed pages only.

    A body says so with `data-pages="alone"`: no page of it then may depend on another.
    """
    body = next(child for child in tree if child.tag == "body")
    parts = [part for part in body if part.tag != "style"]
    if body.get("data-pages") != "alone" or len(parts) != len(document.pages):
        return lay_out(tree)
    changed = [
        at for at, part in enumerate(parts) if any(box.get("id") in names for box in part.iter())
    ]
    fewer = copy.copy(body)
    fewer[:] = [parts[at] for at in changed]
    smaller = copy.copy(tree)
    smaller[:] = [fewer if child is body else child for child in tree]
    pages = lay_out(smaller).pages
    if len(pages) != len(changed):
        return lay_out(tree)
    for at, page in zip(changed, pages, strict=True):
        document.pages[at] = page
    return document


def _tries(box: Any) -> list[str]:
    return [classes.strip() for classes in box.get("data-try", "").split(";") if classes.strip()]


def _only(tree: Any, names: Collection[str]) -> Any:
    """The same page with nothing but some boxes and what they are in."""
    smaller = copy.copy(tree)
    smaller[:] = [
        child if child.tag == "head" else kept
        for child in tree
        if (kept := _pruned(child, names)) is not None or child.tag == "head"
    ]
    return smaller


def _pruned(element: Any, names: Collection[str]) -> Any:
    if element.get("data-fit") is not None:
        return element if element.get("id") in names else None
    if element.get("id") and not len(element) and not element.text:
        return element  # a place that page numbers are counted up to
    children = [kept for child in element if (kept := _pruned(child, names)) is not None]
    if not children:
        return None
    smaller = copy.copy(element)
    smaller[:] = children
    return smaller


def excesses(document: Any) -> dict[str, float]:
    """Id of each box that is too full -> by how many millimetres."""
    found: dict[str, float] = {}
    for page in document.pages:
        waiting = [page._page_box]
        while waiting:
            box = waiting.pop()
            element = box.element
            # Not a text without a tag, nor what the style sheet adds.
            own = element is not None and box.element_tag == element.tag
            if own and element.get("data-fit") is not None:
                excess = _excess(box)
                if excess > _TOLERANCE:
                    name = element.get("id")
                    found[name] = max(found.get(name, 0), excess / _MM)
            else:
                waiting.extend(getattr(box, "children", ()))
    return found


def _excess(box: Any) -> float:
    """How far what is in a box reaches beyond it, or what is in a cell of it beyond the cell."""
    right = box.content_box_x() + box.width
    bottom = box.content_box_y() + box.height
    waiting = [(child, right) for child in box.children]
    excess = 0.0
    while waiting:
        inner, right = waiting.pop()
        end = inner.position_x + inner.margin_width()
        excess = max(excess, end - right, inner.position_y + inner.margin_height() - bottom)
        if inner.element_tag in ("td", "th"):
            right = end
        waiting.extend((child, right) for child in getattr(inner, "children", ()))
    return float(excess)
