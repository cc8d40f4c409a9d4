"""Paper cards: which there are, what stands on them, and where they lie."""

import re
from pathlib import Path

import pytest

from builder.cache import Cache
from builder.load import load
from builder.lock import Lock
from builder.model import CardSize, Deck, Output
from builder.project import Project
from builder.targets import Context, PrintJob, cards

SAMPLE = Project(Path(__file__).parents[2] / "print" / "sample")


@pytest.fixture(scope="module")
def deck(cache: Cache) -> Deck:
    return load(SAMPLE, cache).deck


def make(deck: Deck, cache: Cache, **output: object) -> PrintJob:
    settings = Output.model_validate({"target": "cards", **output})
    return cards.render(deck, Context(SAMPLE, "cards.pdf", settings, Lock(), cache))


def sides(job: PrintJob) -> dict[str, str]:
    """Id of each side -> its HTML without tags."""
    found = re.findall(r'<article[^>]* id="([^"]+)".*?</article>', job.html, re.DOTALL)
    texts = re.findall(r"<article.*?</article>", job.html, re.DOTALL)
    return {
        name: " ".join(re.sub(r"<[^>]+>|\u200b", "", text).split())
        for name, text in zip(found, texts, strict=True)
    }


@pytest.mark.parametrize(
    ("paper", "size", "count"),
    [
        ("A4", "A7", 8),
        ("A4", "A8", 10),
        ("A4 landscape", "A8", 16),
        ("A4", "3x5in", 3),
        ("A4", "business", 10),
        ("Letter", "A7", 6),
        ("Letter landscape", "3x5in", 4),
        ("Letter", "business", 10),
    ],
)
def test_cards_on_a_page(paper: str, size: CardSize, count: int) -> None:
    assert cards.grid(paper, cards.SIZES[size]).count == count


@pytest.mark.parametrize("paper", ["A4", "A4 landscape", "Letter", "Letter landscape"])
@pytest.mark.parametrize("size", list(cards.SIZES))
def test_cards_lie_on_the_page_beside_each_other(paper: str, size: CardSize) -> None:
    grid = cards.grid(paper, cards.SIZES[size])
    width, height = grid.paper
    for side in (grid.front, grid.back):
        places = [side(n) for n in range(grid.count)]
        assert len(set(places)) == grid.count
        for left, top in places:
            assert -0.01 <= left <= width - grid.size.width + 0.01
            assert -0.01 <= top <= height - grid.size.height + 0.01
    for place in range(grid.count):
        (x, y), (back_x, back_y) = grid.front(place), grid.back(place)
        if width < height:
            assert x + grid.size.width + back_x == pytest.approx(width, abs=0.02)
            assert y == back_y
        else:
            assert y + grid.size.height + back_y == pytest.approx(height, abs=0.02)
            assert x == back_x


def test_cuts_are_marked_between_cards_and_at_their_outer_edges() -> None:
    eight = cards.grid("A4", cards.SIZES["A7"])
    assert {round(x + w / 2, 1) for x, y, w, h in eight.marks if h == 7} == {105.0}
    business = cards.grid("A4", cards.SIZES["business"])
    assert {round(x + w / 2, 1) for x, y, w, h in business.marks if h == 7} == {20.0, 105.0, 190.0}
    assert {round(y + h / 2) for x, y, w, h in business.marks if w == 7} == set(range(11, 287, 55))


def test_every_note_is_a_card_and_every_cloze_number(deck: Deck, cache: Cache) -> None:
    names = list(sides(make(deck, cache)))
    fronts = [name.removeprefix("front-") for name in names if name.startswith("front-")]
    backs = [name.removeprefix("back-") for name in names if name.startswith("back-")]
    assert (
        fronts
        == backs
        == [
            *("scaling", "scaling.variance", "scaling.divide-c1", "scaling.divide-c2"),
            *("heads", "heads.groups", "causal", "flash", "flash.memory-c1", "flash.memory-c2"),
            *("adamw", "adamw.decay", "wide", "chinchilla", "chinchilla.ratio", "chinchilla.cost"),
        ]
    )


def test_a_cloze_is_a_blank_in_front_and_marked_behind(deck: Deck, cache: Cache) -> None:
    job = make(deck, cache, languages=["en"])
    front, back = (sides(job)[f"{side}-flash.memory-c2"] for side in ("front", "back"))
    text = "1.4 Attention Extra memory falls from to , and the result stays{}. flash.memory c2 "
    assert front == text.format(" ") + "· core"
    assert back == text.format(" exact") + "· core"
    html = job.html
    start = html.index('id="back-flash.memory-c2"')
    assert re.findall("<mark[^>]*>(.*?)</mark>", html[start : html.index("</article>", start)]) == [
        "exact"
    ]


def test_hints_are_printed_in_front_alone(deck: Deck, cache: Cache) -> None:
    texts = sides(make(deck, cache, languages=["en"]))
    assert "(how much?)" in texts["front-scaling.variance"]
    assert "how much" not in texts["back-scaling.variance"]


def test_both_sides_say_number_topic_level_and_short_id(deck: Deck, cache: Cache) -> None:
    for text in sides(make(deck, cache)).values():
        assert re.match(r"[12]\.\d (注意力 Attention|训练 Training) ", text)
        assert re.search(r"[a-z.]+( c\d)? · (核心 core|常考 common|进阶 deep)$", text)


def test_levels_and_languages_are_those_of_the_output(deck: Deck, cache: Cache) -> None:
    job = make(deck, cache, levels=["deep"], languages=["en"])
    assert list(sides(job)) == ["front-causal", "back-causal"]
    assert "zh-Hans" not in job.html


def test_a_topic_is_bookmarked_where_it_begins(deck: Deck, cache: Cache) -> None:
    html = make(deck, cache).html
    marked = re.findall(r'id="([^"]+)"[^>]* data-topic="([^"]+)"', html)
    assert marked == [("front-scaling", "1 注意力 Attention"), ("front-adamw", "2 训练 Training")]


def test_printers_are_asked_for_both_sides(deck: Deck, cache: Cache) -> None:
    assert make(deck, cache).duplex
