"""From laid out pieces to the pages of a document: columns side by side, parts one after another.

Two things that CSS can say, but that cost WeasyPrint most of its time:

* **Columns.** It lays out each page of a multi-column box twice. A template that says
  `<meta name="strips" content="3">` instead makes each column a page, as large as the paper and
  with margins that leave its column's place; here three of them are drawn on one page.
* **Page numbers in the text.** They make it lay out their pages again until nothing moves. A
  template may cut its body into parts, `<!-- part 1 -->`. They are laid out in the order of their
  numbers, and an empty `<a class="page" href="#id"></a>` gets the number of the page that the id
  has in a part laid out before. The parts before part 1 are the front matter: it has Roman numbers,
  and an empty page at its end if part 1 would not begin on a right-hand page. Parts after part 1
  go on counting.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

#: HTML of a whole document -> WeasyPrint's `Document`.
LayOut = Callable[[str], Any]

_CLOSING = re.compile(r"(?:\s*</(?:body|html)>)+\s*\Z")


def assemble(html: str, lay_out: LayOut) -> tuple[Any, int]:
    """Lay out a document, part by part.

    Returns:
        WeasyPrint's document with all pages, and how many of them are front matter.
    """
    text = _CLOSING.sub("", html)
    head, *pieces = re.split(r"<!-- part (\d) -->", text)
    end = html[len(text) :]  # so that each part is a whole page, which is parsed sooner
    if not pieces:
        document = lay_out(html)
        return document.copy(_sheets(document)), 0
    parts = list(zip(map(int, pieces[::2]), pieces[1::2], strict=True))
    documents: dict[int, Any] = {}
    pages: dict[int, list[Any]] = {}
    numbers: dict[str, int] = {}
    printed = 0
    for order, text in sorted(parts):
        continued = f"{head}{_continue(printed)}" if printed > 0 and _after(parts, order) else head
        documents[order] = lay_out(continued + _numbered(text, numbers) + end)
        pages[order] = _sheets(documents[order])
        if order == 1 or _after(parts, order):
            for page in pages[order]:
                printed += 1
                numbers |= {anchor: printed for anchor in page.anchors if anchor not in numbers}
    front = [page for order, _ in parts if not _body(parts, order) for page in pages[order]]
    if len(front) % 2:
        front += lay_out(f'{head}<p class="blank"></p>{end}').pages
    body = [page for order, _ in parts if _body(parts, order) for page in pages[order]]
    return documents[1].copy(front + body), len(front)


def _after(parts: Sequence[tuple[int, str]], order: int) -> bool:
    places = [place for place, _ in parts]
    return places.index(order) > places.index(1)


def _body(parts: Sequence[tuple[int, str]], order: int) -> bool:
    return order == 1 or _after(parts, order)


def _continue(printed: int) -> str:
    """Style of a part that begins after some printed pages: its first number, and its side."""
    side = "left" if printed % 2 else "right"
    return (
        f"<style>@page :first {{ counter-reset: page {printed + 1} }} "
        f"html {{ break-before: {side} }}</style>"
    )


def _numbered(text: str, numbers: dict[str, int]) -> str:
    """Write page numbers into the links that ask for them, each page once in a list of pages."""

    def link(found: re.Match[str]) -> str:
        return f"{found[1]}{numbers.get(found[2], '')}</a>"

    def lists(found: re.Match[str]) -> str:
        pages: dict[int | str, str] = {}
        for anchor in re.findall(r'href="#([^"]+)"', found[2]):
            number = numbers.get(anchor, "")
            pages.setdefault(number, f'<a href="#{anchor}">{number}</a>')
        return f"{found[1]}{', '.join(pages.values())}</span>"

    text = re.sub(r'(<span class="pages">)(.*?)</span>', lists, text, flags=re.DOTALL)
    return re.sub(r'(<a class="page" href="#([^"]+)">)</a>', link, text)


# Columns ------------------------------------------------------------------------------------------


class _Sheet:
    """Pages that each hold one column, drawn on one page; has what WeasyPrint's `Page` has."""

    def __init__(self, strips: Sequence[Any]) -> None:
        first = strips[0]
        self._strips = strips
        self.width, self.height, self.bleed = first.width, first.height, first.bleed
        self.bookmarks = [mark for strip in strips for mark in strip.bookmarks]
        self.links = [link for strip in strips for link in strip.links]
        self.anchors: dict[str, Any] = {}
        for strip in strips:
            self.anchors = strip.anchors | self.anchors
        self.forms: dict[Any, list[Any]] = {None: []}
        # For the tags: WeasyPrint walks through the boxes of a page.
        self._page_box = first._page_box.copy_with_children(
            [child for strip in strips for child in strip._page_box.children]
        )

    def paint(self, stream: Any, scale: float = 1) -> None:
        """Draw all columns."""
        for strip in self._strips:
            strip.paint(stream, scale)


def _sheets(document: Any) -> list[Any]:
    pages: list[Any] = document.pages
    strips = int(document.metadata.custom.get("strips", "1"))
    if strips == 1:
        return pages
    return [_Sheet(pages[place : place + strips]) for place in range(0, len(pages), strips)]


# Page labels --------------------------------------------------------------------------------------


def label_pages(pdf: Any, front: int) -> None:
    """Tell viewers what is printed on the pages, when it is not simply their count."""
    import pydyf

    if front:
        roman, arabic = pydyf.Dictionary({"S": "/r"}), pydyf.Dictionary({"S": "/D"})
        numbers = pydyf.Array([0, roman, front, arabic])
        pdf.catalog["PageLabels"] = pydyf.Dictionary({"Nums": numbers})
