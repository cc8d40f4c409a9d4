"""Boxes that must hold their text, laid out by the real WeasyPrint."""

import pytest

from builder.cache import Cache
from builder.pdf import PrintError, render_pdf

CSS = """
@page { size: 100mm 60mm; margin: 5mm }
html { font: 10pt/1.2 "DW Sans" }
div { width: 60mm; height: 20mm; break-after: page }
.small { font-size: 7pt }
.tiny { font-size: 5pt }
"""


def box(name: str, text: str, tries: str = "small; tiny", **more: str) -> str:
    attributes = "".join(f' {key}="{value}"' for key, value in more.items())
    return f'<div id="{name}" data-fit="note-{name}" data-try="{tries}"{attributes}>{text}</div>'


def sizes(cache: Cache, *boxes: str, body: str = "") -> list[float]:
    """The font size of the first letter of each page, in points."""
    import pypdfium2
    import pypdfium2.raw as pdfium

    html = f'<html lang="en"><title>x</title><body{body}>{"".join(boxes)}</body></html>'
    document = pypdfium2.PdfDocument(
        render_pdf(html, css=CSS, drawings={}, folders={}, cache=cache).pdf
    )
    found = []
    for page in document:
        first = next(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT]))
        found.append(round(first.get_font_size() * first.get_matrix().a, 1))
    return found


SHORT, LONG, LONGER = "word " * 10, "word " * 40, "word " * 100


def test_what_fits_is_left_alone(cache: Cache) -> None:
    assert sizes(cache, box("a", SHORT)) == [10]


def test_what_does_not_is_tried_in_turn(cache: Cache) -> None:
    assert sizes(cache, box("a", LONG), box("b", LONGER), box("c", SHORT)) == [7, 5, 10]


@pytest.mark.parametrize("body", ["", ' data-pages="alone"'])
def test_pages_that_did_not_change_may_be_kept(body: str, cache: Cache) -> None:
    boxes = [box("a", SHORT), box("b", LONG), box("c", SHORT), box("d", LONGER)]
    assert sizes(cache, *boxes, body=body) == [10, 7, 10, 5]


def test_a_word_that_is_too_wide_does_not_fit_either(cache: Cache) -> None:
    assert sizes(cache, box("a", "w" * 30)) == [7]


def test_every_misfit_is_reported_with_its_note_and_side(cache: Cache) -> None:
    boxes = [
        box("a", "word " * 900, **{"data-side": "back"}),
        box("b", SHORT),
        box("c", "word " * 300, tries=""),
    ]
    with pytest.raises(PrintError) as caught:
        sizes(cache, *boxes)
    misfits = {misfit.note: misfit for misfit in caught.value.misfits}
    assert set(misfits) == {"note-a", "note-c"}
    assert misfits["note-a"].side == "back"
    assert 20 < misfits["note-a"].excess < 40, "all of the page below the box"
    assert caught.value.problems == ()


def test_classes_that_a_box_has_stay(cache: Cache) -> None:
    assert sizes(cache, box("a", LONG, **{"class": "other"})) == [7]


TABLE = CSS + "td { padding: 0 } .tight { overflow-wrap: anywhere }"


def test_a_word_in_a_cell_does_not_reach_into_the_next(cache: Cache) -> None:
    """Though it stays within the table."""
    cells = f"<tr><td>{'w' * 30}</td><td>a</td></tr>"
    table = f'<table style="table-layout: fixed; width: 60mm">{cells}</table>'
    html = f'<html lang="en"><title>x</title><body>{box("a", table, tries="{}")}</body></html>'
    render_pdf(html.format("tight"), css=TABLE, drawings={}, folders={}, cache=cache)
    with pytest.raises(PrintError) as caught:
        render_pdf(html.format(""), css=TABLE, drawings={}, folders={}, cache=cache)
    assert [misfit.note for misfit in caught.value.misfits] == ["note-a"]
