"""What must hold on every page of every PDF, whatever the content: opened and measured.

The sample exercises each kind of content; the flagship deck is what people print.
"""

import ctypes
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
import pytest

from builder import press
from builder.cache import Cache
from builder.load import load
from builder.lock import Lock
from builder.model import Output
from builder.project import Project
from builder.targets import Context, PrintJob, handout, sheet

SAMPLE = Path(__file__).parent / "sample"
FLAGSHIP = Path(__file__).parents[2]
DOCUMENTS = [
    *((SAMPLE, n) for n in ("sheet-zh.pdf", "sheet-en.pdf", "sheet-both.pdf")),
    *((SAMPLE, n) for n in ("sheet-portrait.pdf", "sheet-letter.pdf")),
    *((SAMPLE, n) for n in ("handout.pdf", "handout-en.pdf", "handout-stacked.pdf")),
    *((FLAGSHIP, n) for n in ("cheatsheet-zh.pdf", "cheatsheet-en.pdf", "handout.pdf")),
    *((FLAGSHIP, n) for n in ("cheatsheet-full-zh.pdf", "cheatsheet-full-en.pdf")),
]
MM = 72 / 25.4
#: Margins as in the style sheets: top and bottom, smaller and larger side.
MARGINS = {"sheet": (14.5, 9.5, 9, 9), "handout": (20, 19, 16, 22)}
GAP = 6 * MM


@dataclass(frozen=True)
class Character:
    text: str
    left: float
    right: float
    bottom: float
    top: float


@dataclass(frozen=True)
class Printed:
    """A document and what was measured on its pages; positions in points from the lower left."""

    kind: str
    columns: int
    turned: bool
    job: PrintJob
    pdf: pypdfium2.PdfDocument
    pages: list[list[Character]]
    data: io.BytesIO

    def area(self, page: int) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of the page's content."""
        width, height = self.pdf[page].get_size()
        top, bottom, small, large = (side * MM for side in MARGINS[self.kind])
        left, right = (small, large) if self.turned and page % 2 else (large, small)
        return left, width - right, bottom, height - top

    def content(self, page: int) -> list[Character]:
        """What is not in the margins."""
        _, _, bottom, top = self.area(page)
        return [c for c in self.pages[page] if bottom - 2 < (c.bottom + c.top) / 2 < top + 2]


@pytest.fixture(scope="module", params=DOCUMENTS, ids=lambda d: f"{d[0].name}-{d[1]}")
def printed(request: pytest.FixtureRequest, cache: Cache) -> Printed:
    root, name = request.param
    project = Project(root)
    deck = load(project, cache).deck
    output: Output = deck.file.outputs[name]
    render = {"sheet": sheet.render, "handout": handout.render}[output.target]
    job = render(deck, Context(project, name, output, Lock(), cache))
    data = press.cached(job, cache)
    if data is None:
        drawn = press.draw(job, cache)
        assert drawn.problems == (), "WeasyPrint complains about nothing"
        data = drawn.data
    document = pypdfium2.PdfDocument(data)
    held, _, _ = press.note(job, cache).rpartition(", ")  # what a page budget left out
    job = next((form for form in job.shorter if form.holds == held), job)
    return Printed(
        output.target,
        (output.columns or 3) if output.target == "sheet" else 1,
        output.binding in (None, "duplex"),
        job,
        document,
        [list(characters(page)) for page in document],
        io.BytesIO(data),
    )


def characters(page: pypdfium2.PdfPage) -> Iterator[Character]:
    """What is written on the page itself, and not inside of a figure."""
    text = page.get_textpage()
    count = pdfium.FPDFPage_CountObjects(page)
    objects = [pdfium.FPDFPage_GetObject(page, n) for n in range(count)]
    own = {address(thing) for thing in objects if "Figure" not in marks(thing)}
    box = [ctypes.c_double() for _ in range(4)]
    for index in range(text.count_chars()):
        char = chr(pdfium.FPDFText_GetUnicode(text, index))
        if char.isspace() or pdfium.FPDFText_IsGenerated(text, index):
            continue
        if address(pdfium.FPDFText_GetTextObject(text, index)) not in own:
            continue
        pdfium.FPDFText_GetCharBox(text, index, *box)
        left, right, bottom, top = (side.value for side in box)
        yield Character(char, left, right, bottom, top)


def marks(thing: Any) -> Iterator[str]:
    """The tags around an object of a page."""
    for number in range(pdfium.FPDFPageObj_CountMarks(thing)):
        name, length = (ctypes.c_ushort * 40)(), ctypes.c_ulong()
        mark = pdfium.FPDFPageObj_GetMark(thing, number)
        pdfium.FPDFPageObjMark_GetName(mark, name, 80, length)
        yield bytes(name)[: length.value - 2].decode("utf-16-le")


def address(pointer: Any) -> int | None:
    return ctypes.cast(pointer, ctypes.c_void_p).value


class Text(HTMLParser):
    """Text of HTML outside of what the style sheets put into margins, with the page numbers."""

    def __init__(self, pages: Mapping[str, str]) -> None:
        super().__init__()
        self.pages = pages
        self.text: list[str] = []
        self.skip = 0
        self.link = ""
        self.list: list[str] | None = None
        #: Where a table may go on in another column, below its header: place in `text`, header.
        self.breaks: list[tuple[int, str]] = []
        self.header: list[int] = []
        self.rows = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if self.skip or tag == "head" or values.get("class") == "strip":
            self.skip += tag not in ("meta", "img", "br", "hr")
        if tag == "span" and values.get("class") == "pages":
            self.list = []
        if tag == "thead":
            self.header, self.rows = [len(self.text)], 0
        if tag == "tr" and len(self.header) == 2:
            self.rows += 1
            if self.rows > 1:
                start, end = self.header
                self.breaks.append((len(self.text), "".join(self.text[start:end])))
        if tag == "a" and values.get("class") == "page":
            self.link = (values.get("href") or "")[1:]

    def handle_endtag(self, tag: str) -> None:
        if self.skip:
            self.skip -= 1
        elif tag == "a" and self.link:
            number = self.pages[self.link]
            (self.text if self.list is None else self.list).append(number)
            self.link = ""
        elif tag == "span" and self.list is not None:
            self.text.append(",".join(dict.fromkeys(self.list)))  # a page stands there once
            self.list = None
        elif tag == "thead":
            self.header.append(len(self.text))
        elif tag == "table":
            self.header = []

    def pieces(self) -> Iterator[tuple[str, str]]:
        """The text in order, and before each piece the header that may be printed once more."""
        places = [(0, ""), *self.breaks, (len(self.text), "")]
        for (start, header), (end, _) in pairwise(places):
            yield header, "".join(self.text[start:end])

    def handle_data(self, data: str) -> None:
        if not self.skip and self.list is None:
            self.text.append(data)


def normal(text: str) -> str:
    """Without what line breaking adds or takes away."""
    text = unicodedata.normalize("NFKC", text)
    return re.sub(r"[\s\u200b\u2060\u00ad\u2010\u2011\ufffe\x02-]", "", text)


def outline(document: pypdfium2.PdfDocument) -> list[tuple[int, str, int, float, float]]:
    """Level, title, page, x and y of every bookmark."""
    entries = []
    for mark in document.get_toc():
        dest: Any = mark.get_dest()
        _, (x, y, *_) = dest.get_view()
        entries.append((mark.level, mark.get_title(), dest.get_index(), x, y))
    return entries


def pages_by_id(printed: Printed) -> dict[str, str]:
    """What is printed as the page's number, for every item and chapter, by way of the bookmarks."""
    marks = {title: page for _, title, page, _, _ in outline(printed.pdf)}
    html = printed.job.html
    found = re.findall(
        r'<h[123][^>]* data-label="([^"]+)"[^>]*><span class="no" id="([^"]+)"', html
    )
    found += [
        (label, name)
        for name, label in re.findall(r'<h2[^>]* id="([^"]+)" data-label="([^"]+)"', html)
    ]
    return {
        identifier: printed.pdf.get_page_label(marks[unescape(label)])
        for label, identifier in found
    }


def test_text_is_that_of_the_html_with_the_right_page_numbers(printed: Printed) -> None:
    parser = Text(pages_by_id(printed) if printed.kind == "handout" else {})
    parser.feed(printed.job.html)
    pages = range(len(printed.pages))
    actual = comparable("".join(c.text for n in pages for c in printed.content(n)), printed)
    for header, piece in parser.pieces():
        once_more, expected = comparable(header, printed), comparable(piece, printed)
        if once_more and not expected.startswith(once_more):
            actual = actual.removeprefix(once_more)
        assert actual[: len(expected)] == expected
        actual = actual[len(expected) :]
    assert actual == ""


def comparable(text: str, printed: Printed) -> str:
    """Without the numbers of lists, which are drawn after all else of their page."""
    text = normal(text)
    return re.sub(r"(\d\.)+", "", text) if "<ol>" in printed.job.html else text


def test_nothing_reaches_beyond_its_column(printed: Printed) -> None:
    for number in range(len(printed.pages)):
        left, right, _, _ = printed.area(number)
        width = (right - left - GAP * (printed.columns - 1)) / printed.columns
        for c in printed.content(number):
            column = int((c.left + c.right) / 2 - left + GAP / 2) // int(width + GAP)
            start = left + column * (width + GAP)
            assert start - 1 <= c.left <= c.right <= start + width + 1, (number + 1, c)


def test_pictures_and_formulas_are_on_the_page(printed: Printed) -> None:
    for number in range(len(printed.pages)):
        left, right, bottom, _ = printed.area(number)
        for thing in printed.pdf[number].get_objects(max_depth=1):
            if thing.type == pdfium.FPDF_PAGEOBJ_FORM:
                x1, y1, x2, y2 = thing.get_bounds()
                inside = left - 2 <= x1 <= x2 <= right + 2 and bottom - 2 <= y1 <= y2
                assert inside, (number + 1, x1, y1, x2, y2)


def test_nothing_is_drawn_over_another(printed: Printed) -> None:
    for number in range(len(printed.pages)):
        boxes = [(c.left, c.bottom, c.right, c.top, c.text) for c in printed.pages[number]]
        boxes += [
            (*thing.get_bounds(), "formula")
            for thing in printed.pdf[number].get_objects(max_depth=1)
            if thing.type == pdfium.FPDF_PAGEOBJ_FORM
        ]
        for one, other in overlaps(boxes):
            assert not (one and other), (number + 1, one, other)


Box = tuple[float, float, float, float, str]


def overlaps(boxes: list[Box]) -> Iterator[tuple[Box, Box]]:
    """Pairs of which one hides half of the other; those near each other are compared alone."""
    cells: dict[tuple[int, int], list[Box]] = {}
    for box in boxes:
        left, bottom, right, top, _ = box
        if right - left < 0.5 or top - bottom < 0.5:
            continue  # points and strokes
        seen: list[Box] = []
        for x in range(int(left // 20), int(right // 20) + 1):
            for y in range(int(bottom // 20), int(top // 20) + 1):
                for other in cells.setdefault((x, y), []):
                    if other not in seen and other[:4] != box[:4]:  # those share a ligature
                        seen.append(other)
                        wide = min(right, other[2]) - max(left, other[0])
                        high = min(top, other[3]) - max(bottom, other[1])
                        areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (box, other)]
                        if wide > 0 and high > 0 and wide * high > min(areas) / 2:
                            yield box, other
                cells[x, y].append(box)


def test_every_formula_and_figure_is_there(printed: Printed) -> None:
    wanted = Counter(
        unescape(alt) for alt in re.findall(r'<img [^>]*alt="([^"]*)"', printed.job.html)
    )
    with pikepdf.open(printed.data) as file:
        found = Counter(
            str(thing.Alt)
            for thing in file.objects
            if isinstance(thing, pikepdf.Dictionary)
            and thing.get("/S") == "/Figure"
            and "/Alt" in thing
        )
    assert {" ".join(alt.split()): n for alt, n in found.items()} == wanted


def test_fonts_are_ours_and_embedded(printed: Printed) -> None:
    names = set()
    for page in printed.pdf:
        for thing in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT]):
            font = pdfium.FPDFTextObj_GetFont(thing)
            assert pdfium.FPDFFont_GetIsEmbedded(font) == 1
            buffer = ctypes.create_string_buffer(200)
            pdfium.FPDFFont_GetBaseFontName(font, buffer, 200)
            names.add(buffer.value.decode().partition("+")[2] or buffer.value.decode())
    assert names
    assert {re.sub(r"-.*", "", name) for name in names} <= {"DW"}, names


def test_bookmarks_name_every_topic_and_item_in_order(printed: Printed) -> None:
    labels = re.findall(r'data-label="([^"]+)"', printed.job.html)
    titles = [title for _, title, _, _, _ in outline(printed.pdf)]
    assert titles == [unescape(label) for label in labels]
    places = [page for _, _, page, _, _ in outline(printed.pdf)]
    assert places == sorted(places)


def test_pages_are_full_but_the_last_of_a_part(printed: Printed) -> None:
    count = len(printed.pages)
    last = {count - 1}
    if printed.kind == "handout":  # a chapter begins on a page of its own
        last |= {page - 1 for level, _, page, _, _ in outline(printed.pdf) if level == 0}
    for number in set(range(count)) - last:
        _, _, bottom, top = printed.area(number)
        lowest = min(c.bottom for c in printed.content(number))
        assert (top - lowest) / (top - bottom) > 0.6, number + 1


def test_no_heading_is_last_in_its_column(printed: Printed) -> None:
    for _, title, number, x, y in outline(printed.pdf):
        left, right, _, _ = printed.area(number)
        step = (right - left + GAP) / printed.columns
        column = int((x - left + 3) / step)
        below = [
            c
            for c in printed.content(number)
            if int((c.left - left + 3) / step) == column and c.top < y - 16
        ]
        assert below, title


def test_no_source_of_formulas_or_clozes_is_visible(printed: Printed) -> None:
    html = re.sub(r"<(pre|code).*?</\1>", "", printed.job.html, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", "", html)  # what is printed, says the first test
    for mark in ("$", "{{", "}}", "\\(", "\\["):
        assert mark not in text
