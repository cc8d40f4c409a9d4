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
  go on counting, and there may be several parts 1: chapters, of which each needs the memory of its
  own boxes only, and is drawn again only when its text or its first page's number changed.
"""

import re
from collections.abc import Callable
from typing import Any, Protocol


def strips(html: Any) -> int:
    """How many columns a page has, of a document's element tree."""
    found = (meta for meta in html.iter("meta") if meta.get("name") == "strips")
    return int(next((meta.get("content") for meta in found), 1))


class Drawn(Protocol):
    """A painted part of a document."""

    pages: list[Any]


_CLOSING = re.compile(r"(?:\s*</(?:body|html)>)+\s*\Z")


def assemble(html: str, draw: Callable[[str], Drawn]) -> tuple[list[Any], int]:
    """Draw a document, part by part.

    Args:
        html: The document.
        draw: Makes pages of the HTML of a whole document.

    Returns:
        All pages, and how many of them are front matter.
    """
    text = _CLOSING.sub("", html)
    head, *pieces = re.split(r"<!-- part (\d) -->", text)
    end = html[len(text) :]  # so that each part is a whole page, which is parsed sooner
    if not pieces:
        return draw(html).pages, 0
    parts = list(zip(map(int, pieces[::2]), pieces[1::2], strict=True))
    body = [order for order, _ in parts].index(1)
    sheets: dict[int, list[Any]] = {}
    numbers: dict[str, int] = {}
    printed = 0
    for place in sorted(range(len(parts)), key=lambda place: parts[place][0]):
        begun = f"{head}{_continue(printed)}" if place >= body and printed else head
        sheets[place] = draw(begun + _numbered(parts[place][1], numbers) + end).pages
        if place >= body:
            for page in sheets[place]:
                printed += 1
                numbers |= {anchor: printed for anchor in page.anchors if anchor not in numbers}
    front = [page for place in range(body) for page in sheets[place]]
    if len(front) % 2:
        front += draw(f'{head}<p class="blank"></p>{end}').pages
    return [
        *front,
        *(page for place in range(body, len(parts)) for page in sheets[place]),
    ], len(front)


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


# Page labels --------------------------------------------------------------------------------------


def label_pages(pdf: Any, front: int) -> None:
    """Tell viewers what is printed on the pages, when it is not simply their count."""
    import pydyf

    if front:
        roman, arabic = pydyf.Dictionary({"S": "/r"}), pydyf.Dictionary({"S": "/D"})
        numbers = pydyf.Array([0, roman, front, arabic])
        pdf.catalog["PageLabels"] = pydyf.Dictionary({"Nums": numbers})
