"""The worksheet, measured: room for every answer, and the key where it gives nothing away."""

import re
from itertools import pairwise

import pypdfium2.raw as pdfium
import pytest

from builder.cache import Cache
from tests.print.paper import Paper, make


@pytest.fixture(scope="module", params=["worksheet.pdf", "worksheet-en.pdf"])
def paper(request: pytest.FixtureRequest, cache: Cache) -> Paper:
    return make(request.param, cache)


def text(paper: Paper, number: int) -> str:
    return "".join(box.text for box in paper.characters(number))


def key_page(paper: Paper) -> int:
    (page,) = [
        mark.get_dest().get_index() for mark in paper.pdf.get_toc() if "Answers" in mark.get_title()
    ]
    return int(page)


def test_the_key_begins_on_a_sheet_of_its_own(paper: Paper) -> None:
    page = key_page(paper)
    assert page % 2 == 0, "an odd page number, the front of a sheet"
    tasks = "".join(text(paper, number) for number in range(page))
    key = "".join(text(paper, number) for number in range(page, len(paper.pdf)))
    for answer in ("saturates", "exact", "notrescaled", "oneK/Vhead"):
        assert answer not in tasks
        assert answer in key


def test_the_page_left_free_before_the_key_is_blank(cache: Cache) -> None:
    paper = make("worksheet-en.pdf", cache, levels=["common"])
    before = key_page(paper) - 1
    assert "Print Sample" in paper.pdf[0].get_textpage().get_text_range()
    assert not list(paper.pdf[before].get_objects())


def test_every_task_has_its_number_and_id_in_the_key(paper: Paper) -> None:
    page = key_page(paper)
    ids = re.findall(r'<article class="task[^>]* id="([^"]+)"', paper.job.html)
    numbers = re.findall(r'<h3[^>]*><span class="no">([\d.]+)', paper.job.html)
    assert len(ids) == len(numbers) == 7
    for wanted in (*ids, *numbers):
        assert any(paper.find(number, wanted) for number in range(page)), wanted
        assert any(paper.find(number, wanted) for number in range(page, len(paper.pdf))), wanted


def test_a_blank_is_as_wide_as_its_answer_by_hand(paper: Paper) -> None:
    """Half as wide again as printed, and never too short for two letters."""
    page = key_page(paper)
    for answer in ("saturates", "not rescaled", "one K/V head"):
        (printed,) = [box for n in range(page, len(paper.pdf)) for box in paper.find(n, answer)]
        width = 1.1 * (printed.right - printed.left)
        rules = [
            box.right - box.left
            for number in range(page)
            for box in paper.objects(number, pdfium.FPDF_PAGEOBJ_PATH)
            if box.bottom - box.top < 8 and box.right - box.left < 100
        ]
        assert any(width <= rule <= 3 * width for rule in rules), answer


def test_lines_to_write_on_are_8_mm_apart(paper: Paper) -> None:
    lines = sorted(
        round(box.bottom, 1)
        for box in paper.objects(0, pdfium.FPDF_PAGEOBJ_PATH)
        if box.right - box.left > 150
    )
    gaps = [b - a for a, b in pairwise(lines) if 1 < b - a < 9]
    assert gaps
    assert all(7.9 < gap < 8.4 for gap in gaps), gaps


def test_no_task_is_cut_by_the_end_of_a_page(paper: Paper) -> None:
    """An item's id stands at its end; its number on the same page, above."""
    ids = re.findall(r'<article class="task[^>]* id="([^"]+)"', paper.job.html)
    numbers = re.findall(r'<h3[^>]*><span class="no">([\d.]+)', paper.job.html)
    for name, item in zip(ids, numbers, strict=True):
        for page in range(key_page(paper)):
            found = paper.find(page, name)
            if found and found[-1].left > 150:
                assert any(box.top < found[-1].top for box in paper.find(page, item)), name
                break
        else:
            pytest.fail(name)
