"""Paper cards, measured on the page: both sides meet, nothing is cut off, every card is there."""

import re

import pikepdf
import pypdfium2.raw as pdfium
import pytest

from builder.cache import Cache
from builder.targets import cards
from tests.print.paper import Box, Paper, make

#: One for each way to lay cards out: turned and upright paper, with and without room at the edges.
LAYOUTS = [
    ("A4", "A7", ("zh", "en")),
    ("A4 landscape", "A8", ("zh",)),
    ("Letter landscape", "3x5in", ("en", "zh")),
    ("Letter", "business", ("en",)),
]


@pytest.fixture(scope="module", params=LAYOUTS, ids=lambda layout: " ".join(layout[:2]))
def paper(request: pytest.FixtureRequest, cache: Cache) -> Paper:
    layout, size, languages = request.param
    return make("cards.pdf", cache, paper=layout, card=size, languages=languages)


def grid(paper: Paper) -> cards.Grid:
    return cards.grid(paper.output.paper or "A4", cards.SIZES[paper.output.card or "A7"])


def ids(paper: Paper) -> list[tuple[str, int, tuple[float, float], tuple[float, float]]]:
    """Short id of each card, the page of its front, and where its sides should lie."""
    placed = grid(paper)
    name = re.compile(r'id="front-[^"]+".*?<span class="id">([^<]+)</span>', re.DOTALL)
    found = name.findall(paper.job.html)
    return [
        (
            name,
            2 * (n // placed.count),
            placed.front(n % placed.count),
            placed.back(n % placed.count),
        )
        for n, name in enumerate(found)
    ]


def on(paper: Paper, page: int, name: str, place: tuple[float, float]) -> Box:
    """The card's id in its place on a page."""
    size = grid(paper).size
    left, top = place
    hits = [
        box
        for box in paper.find(page, name)
        if left <= box.left <= left + 8 and top + size.height - 10 <= box.top <= top + size.height
    ]
    assert len(hits) == 1, (name, page)
    return hits[0]


def test_backs_meet_their_fronts_when_the_paper_is_turned_over_its_long_edge(paper: Paper) -> None:
    width, height = grid(paper).paper
    size = grid(paper).size
    assert len(ids(paper)) == 16
    for name, page, front_place, back_place in ids(paper):
        front, back = on(paper, page, name, front_place), on(paper, page + 1, name, back_place)
        # The text stands at the same distance from its card's upper left corner on both sides, so
        # the corners follow from it; behind the left edge of the front is the right of the back.
        inset = front.left - front_place[0]
        corner = back.left - inset
        if width < height:
            assert front_place[0] + corner + size.width == pytest.approx(width, abs=0.1), name
            assert front.top == pytest.approx(back.top, abs=0.1), name
        else:
            assert front.left == pytest.approx(back.left, abs=0.1), name
            below = front.top - front_place[1]
            assert front_place[1] + back.top - below + size.height == pytest.approx(height, abs=0.1)


def test_everything_lies_inside_of_a_card(paper: Paper) -> None:
    placed = grid(paper)
    size = placed.size
    for number in range(len(paper.pdf)):
        places = [
            placed.front(n) if number % 2 == 0 else placed.back(n) for n in range(placed.count)
        ]
        things = [*paper.characters(number), *paper.objects(number, pdfium.FPDF_PAGEOBJ_FORM)]
        assert things
        for box in things:
            assert any(
                left + 3.9 <= box.left + 0.35  # a formula's own margin
                and box.right - 0.35 <= left + size.width - 3.9
                and top + 3 <= box.top + 0.35
                and box.bottom - 0.35 <= top + size.height - 3
                for left, top in places
            ), (number + 1, box)


def test_cuts_are_marked_on_the_fronts_only(paper: Paper) -> None:
    expected = sorted(grid(paper).marks)
    assert expected
    for number in range(len(paper.pdf)):
        hairs = sorted(
            (box.left, box.top, box.right - box.left, box.bottom - box.top)
            for box in paper.objects(number, pdfium.FPDF_PAGEOBJ_PATH)
            if min(box.right - box.left, box.bottom - box.top) < 0.11
            and max(box.right - box.left, box.bottom - box.top) < 7.1
            and any(box.left == pytest.approx(x, abs=0.01) for x, _, _, _ in expected)
        )
        if number % 2:
            assert hairs == []
        else:
            assert [c for h in hairs for c in h] == pytest.approx(
                [c for mark in expected for c in mark], abs=0.02
            )


def test_pages_come_in_pairs(paper: Paper) -> None:
    assert len(paper.pdf) == 2 * -(-len(ids(paper)) // grid(paper).count)


def test_text_is_readable_wherever_it_had_to_shrink(paper: Paper) -> None:
    for page in paper.pdf:
        for thing in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT]):
            size = thing.get_font_size() * abs(thing.get_matrix().a)
            assert size > 4.9, "ids and levels are 5 points, all else is larger"


def test_printers_are_asked_for_both_sides_at_full_size(paper: Paper) -> None:
    import io

    with pikepdf.open(io.BytesIO(paper.data)) as pdf:
        preferences = pdf.Root.ViewerPreferences
        assert preferences.Duplex == "/DuplexFlipLongEdge"
        assert preferences.PrintScaling == "/None"
        assert preferences.DisplayDocTitle


def test_extras_are_printed_where_there_is_room_and_left_out_elsewhere(cache: Cache) -> None:
    paper = make("cards.pdf", cache, languages=("zh",), levels=("core",))
    text = "".join(box.text for n in range(len(paper.pdf)) for box in paper.characters(n))
    assert "误区它只算训练成本" in text
    assert "为了让数值变小" in paper.job.html
    assert "为了让数值变小" not in text, "its card has a formula and a figure already"
