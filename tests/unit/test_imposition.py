"""Columns made of pages, and parts that know the pages of others."""

import io

import pikepdf
import pypdfium2

from builder.cache import Cache
from builder.pdf import render_pdf

CSS = """
@page { size: 120mm 60mm; margin: 5mm 5mm 8mm }
@page { @bottom-center { content: counter(page); font: 6pt "DW Sans" } }
@page front { @bottom-center { content: counter(page, lower-roman); font: 6pt "DW Sans" } }
@page blank { @bottom-center { content: none } }
.front { page: front } .blank { page: blank }
body { font: 10pt "DW Sans"; margin: 0 }
section { break-before: page } p { margin: 0; bookmark-level: 1; bookmark-label: content(text) }
"""
STRIPS = """
@page { size: 120mm 60mm; counter-increment: page 0; margin: 5mm }
@page :nth(2n+1) { margin-right: 65mm; counter-increment: page 1 }
@page :nth(2n+2) { margin-left: 65mm }
body { font: 10pt "DW Sans"; margin: 0 } p { margin: 0; break-after: page }
"""


def render(body: str, css: str, cache: Cache, head: str = "") -> bytes:
    html = f'<!doctype html><html lang="en"><head><title>T</title>{head}</head><body>{body}</body>'
    return render_pdf(html, css=css, drawings={}, folders={}, cache=cache).pdf


def texts(pdf: bytes) -> list[str]:
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_range() for page in document]


def labels(pdf: bytes) -> list[str]:
    with pypdfium2.PdfDocument(pdf) as document:
        return [document.get_page_label(number) for number in range(len(document))]


BOOK = (
    '<!-- part 3 --><div class="front"><p>Contents: b on <a class="page" href="#b"></a>, index on '
    '<a class="page" href="#i"></a></p></div>'
    '<!-- part 1 --><section id="a"><p>Ada</p></section><section id="b"><p>Bea</p></section>'
    '<section id="c"><p>Cleo</p></section>'
    '<!-- part 2 --><section id="i"><p>Index: <span class="pages"><a class="page" href="#a"></a>, '
    '<a class="page" href="#a"></a>, <a class="page" href="#c"></a></span></p></section>'
)


def test_parts_name_pages_of_others_and_stand_in_the_order_of_the_text(cache: Cache) -> None:
    pdf = render(BOOK, CSS, cache)
    pages = [" ".join(text.split()) for text in texts(pdf)]
    assert pages == [
        "Contents: b on 2, index on 4 i",
        "",
        "Ada 1",
        "Bea 2",
        "Cleo 3",
        "Index: 1, 3 4",
    ]


def test_chapters_may_be_parts_and_nobody_sees_it(cache: Cache) -> None:
    cut = BOOK
    for chapter in ('<section id="b">', '<section id="c">'):
        cut = cut.replace(chapter, f"<!-- part 1 -->{chapter}")
    whole, parts = render(BOOK, CSS, cache), render(cut, CSS, cache)
    assert texts(parts) == texts(whole)
    assert labels(parts) == labels(whole)
    with pikepdf.open(io.BytesIO(parts)) as one, pikepdf.open(io.BytesIO(whole)) as other:
        assert len(one.objects) == len(other.objects), "fonts are there once"
        assert [bytes(page.Contents.read_bytes()) for page in one.pages] == [
            bytes(page.Contents.read_bytes()) for page in other.pages
        ]


def test_viewers_are_told_the_numbers_on_the_pages(cache: Cache) -> None:
    assert labels(render(BOOK, CSS, cache)) == ["i", "ii", "1", "2", "3", "4"]


def test_bookmarks_and_links_lead_across_parts(cache: Cache) -> None:
    pdf = render(BOOK, CSS, cache)
    with pypdfium2.PdfDocument(pdf) as document:
        marks = [(mark.get_title(), mark.get_dest().get_index()) for mark in document.get_toc()]
    assert [page for _, page in marks] == [0, 2, 3, 4, 5]
    with pikepdf.open(io.BytesIO(pdf)) as file:
        links = [str(link.Dest) for link in file.pages[0].Annots]
    assert links == ["b", "i"]


def test_pages_after_an_odd_number_begin_on_the_left(cache: Cache) -> None:
    css = CSS + "@page :left { margin-left: 30mm }"
    with pypdfium2.PdfDocument(render(BOOK, css, cache)) as document:
        texts = [page.get_textpage() for page in document]
        lefts = [text.get_charbox(0)[0] for text in texts if text.count_chars()]
    # The index is page 4, a left-hand page, though the first of its part.
    assert [left > 60 for left in lefts] == [False, False, True, False, True]


def test_strips_are_drawn_side_by_side(cache: Cache) -> None:
    body = "".join(f'<p id="p{n}">word{n}</p>' for n in range(5))
    pdf = render(body, STRIPS, cache, head='<meta name="strips" content="2">')
    assert [text.split() for text in texts(pdf)] == [
        ["word0", "word1"],
        ["word2", "word3"],
        ["word4"],
    ]
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0].get_textpage()
        assert page.search("word0").get_next() == (0, 5)
        left, right = (page.get_charbox(n)[0] for n in (0, page.get_text_range().index("word1")))
    assert left < 60 * 72 / 25.4 < right


def test_strips_keep_their_tags(cache: Cache) -> None:
    body = "".join(f"<p>word{n}</p>" for n in range(3))
    pdf = render(body, STRIPS, cache, head='<meta name="strips" content="2">')
    with pikepdf.open(io.BytesIO(pdf)) as file:
        root = file.Root.StructTreeRoot.K[0]
        kinds = [str(kid.S) for kid in root.K]
        assert len(file.Root.StructTreeRoot.ParentTree.Nums) == 2 * len(file.pages)
    assert kinds == ["/P", "/P", "/P"]
