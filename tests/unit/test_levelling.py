"""The last page's columns, measured in the PDF: level, whole, and in their order."""

from collections.abc import Iterator, Sequence

import pypdfium2
import pytest

from builder import levelling
from builder.cache import Cache
from builder.pdf import render_pdf

#: Three columns of 12 lines on a page, with a rule between them and a footer.
CSS = """
@page { size: 120mm 70mm; counter-increment: page 0; margin: 5mm 85mm 16.8mm 5mm }
@page :nth(3n+1) { counter-increment: page 1;
  @bottom-left { content: "page " counter(page); vertical-align: bottom; width: 110mm } }
@page :nth(3n+2) { margin-left: 45mm; margin-right: 45mm; border-left: 1pt solid red }
@page :nth(3n+3) { margin-left: 85mm; margin-right: 5mm; border-left: 1pt solid red }
html { font: 10pt/4mm "DW Sans" } body, p { margin: 0; orphans: 1; widows: 1 }
p.block { break-inside: avoid }
table { border-spacing: 0 } td, th { padding: 0 }
"""
LINE = 4 * 72 / 25.4


def render(body: str, cache: Cache, columns: int = 3) -> bytes:
    head = f'<title>T</title><meta name="strips" content="{columns}">'
    html = f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'
    return render_pdf(html, css=CSS, drawings={}, folders={}, cache=cache).pdf


def lines(numbers: Sequence[int]) -> str:
    return "".join(f"<p>w{number}.</p>" for number in numbers)


def blocks(sizes: Sequence[int]) -> str:
    """Paragraphs that do not break, each of so many lines."""
    words = iter(range(1000))
    return "".join(
        f"<p class=block>{'<br>'.join(f'w{next(words)}.' for _ in range(size))}</p>"
        for size in sizes
    )


def places(pdf: bytes) -> list[list[tuple[str, float, float]]]:
    """The words of every page with their left and their distance from the top, in points."""

    def words(page: pypdfium2.PdfPage) -> Iterator[tuple[str, float, float]]:
        text = page.get_textpage()
        whole = text.get_text_range()
        for word in whole.split():
            at = text.search(word, match_case=True, match_whole_word=False).get_next()
            left, _, _, top = text.get_charbox(at[0], loose=True)
            yield word, left, page.get_height() - top

    with pypdfium2.PdfDocument(pdf) as document:
        return [list(words(page)) for page in document]


def columns(page: list[tuple[str, float, float]]) -> list[list[str]]:
    """The words of the three columns of a page; its footer left out."""
    third = 40 * 72 / 25.4
    found: list[list[str]] = [[], [], []]
    for word, left, _ in page:
        if word.startswith("w"):
            found[int((left - 9) // third)].append(word)
    return found


def numbers(found: Sequence[Sequence[str]]) -> list[int]:
    return [int(word[1:-1]) for column in found for word in column]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (3, [1, 1, 1]),
        (4, [2, 2, 0]),
        (14, [5, 5, 4]),
        (33, [11, 11, 11]),
        (36, [12, 12, 12]),
        (36 + 6, [2, 2, 2]),
        (36 + 29, [10, 10, 9]),
    ],
)
def test_lines_are_dealt_evenly(count: int, expected: list[int], cache: Cache) -> None:
    pages = [columns(page) for page in places(render(lines(range(count)), cache))]
    assert [len(column) for column in pages[-1]] == expected
    assert [number for page in pages for number in numbers(page)] == list(range(count))


@pytest.mark.parametrize("sizes", [[1], [7, 2], [5, 5, 5, 5], [3, 8, 2, 2, 6], [11, 11, 11, 9, 1]])
def test_blocks_stay_whole_and_no_order_of_columns_is_shorter(
    sizes: list[int], cache: Cache
) -> None:
    pages = [columns(page) for page in places(render(blocks(sizes), cache))]
    assert [number for page in pages for number in numbers(page)] == list(range(sum(sizes)))
    last = [len(column) for column in pages[-1]]
    assert max(last) == shortest(sizes_on_last(sizes, sum(map(len, pages[-1]))))


def sizes_on_last(sizes: list[int], count: int) -> list[int]:
    """The sizes of the blocks that are left for the last page."""
    left = list(sizes)
    while sum(left) > count:
        left.pop(0)
    return left


def shortest(sizes: list[int]) -> int:
    """The height of the lowest three columns that hold blocks in their order."""
    return min(
        max(sum(sizes[:a]), sum(sizes[a:b]), sum(sizes[b:]))
        for a in range(len(sizes) + 1)
        for b in range(a, len(sizes) + 1)
    )


def test_a_table_keeps_its_rows_and_repeats_its_head(cache: Cache) -> None:
    rows = "".join(f"<tr><td>w{number}." for number in range(34, 50))
    table = f"<table><thead><tr><th>head<tbody>{rows}</table>"
    *_, last = places(render(lines(range(34)) + table + lines(range(50, 60)), cache))
    found = columns(last)
    assert numbers(found) == list(range(numbers(found)[0], 60))
    lengths = [len(column) for column in found]
    assert max(lengths) - min(lengths) <= 2
    assert sum(word == "head" for word, _, _ in last) == 2


def test_the_footer_stays_and_the_rule_ends_with_its_column(cache: Cache) -> None:
    pdf = render(lines(range(36 + 6)), cache)
    full, last = places(pdf)
    feet = [[top for word, _, top in page if word == "page"] for page in (full, last)]
    assert feet[0] == feet[1]
    with pypdfium2.PdfDocument(pdf) as document:
        rules = [
            [top - bottom for _, bottom, _, top in (each.get_bounds() for each in paths(page))]
            for page in document
        ]
    assert rules[0] == pytest.approx([12 * LINE] * 2, abs=1)
    assert len(rules[1]) == 2
    assert max(rules[1]) < 4 * LINE


def paths(page: pypdfium2.PdfPage) -> list[pypdfium2.PdfObject]:
    return [each for each in page.get_objects() if each.type == pypdfium2.raw.FPDF_PAGEOBJ_PATH]


@pytest.mark.parametrize("count", [14, 36, 40, 71])
def test_text_that_depends_on_pages_is_all_there(count: int, cache: Cache) -> None:
    head = "<style>b { position: running(b) } @page { @top-left { content: element(b) } }</style>"
    late = "<style>i::after { content: target-counter('#end', page) }</style>"
    body = "".join(
        f"<p>w{n}.<i></i><b>b{n}</b></p>" if n % 5 == 1 else f"<p>w{n}.</p>" for n in range(count)
    )
    pages = [columns(page) for page in places(render(f"{head}{late}{body}<p id=end>", cache))]
    found = [word.partition(".")[0] + "." for page in pages for part in page for word in part]
    assert numbers([found]) == list(range(count))


def test_one_column_is_left_alone(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levelling, "_filled", None)  # or nothing could be measured
    assert render(lines(range(4)), cache, columns=1).startswith(b"%PDF")
