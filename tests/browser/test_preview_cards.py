"""The preview's cards are Anki's: compared with its backend and with its reviewer page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builder import build
from builder.cache import Cache
from builder.project import Project
from tests.anki.harness import new_collection
from tests.browser.previewing import Shown, running, shown
from tests.browser.reviewer import SIDES, Reviewer, cards_of
from tests.conftest import ROOT

SIDES_OF_ALL = """() => model.cards.map((card) => {
  const { note: { tags }, number } = card;
  const note = { fields: model.fields(card), tags, deck: model.deck.name, number };
  const { front, back } = cardSides(model.deck.kinds[card.note.kind], note);
  return [card.note.key, card.number, front, back];
})"""


@pytest.fixture(scope="module")
def page(reviewer: Reviewer) -> Iterator[Shown]:
    """The preview of this repository's deck."""
    with running(ROOT) as address, shown(reviewer.browser, address, width=412) as it:
        yield it


def test_every_side_of_every_card_is_what_anki_makes(
    page: Shown, flagship: bytes, tmp_path: Path
) -> None:
    made = page.page.evaluate(SIDES_OF_ALL)
    css = page.page.evaluate("() => model.variant().css")
    preview = {(key, number): sides for key, number, *sides in made}
    anki = {
        (card.key, card.number): [card.question, card.answer]
        for card in cards_of(flagship, tmp_path)
    }
    assert preview.keys() == anki.keys()
    style = f"<style>{css}</style>"
    different = [
        where for where, sides in anki.items() if [style + side for side in preview[where]] != sides
    ]
    assert different == []


def test_the_card_is_drawn_as_the_reviewer_draws_it(
    page: Shown, flagship: bytes, reviewer: Reviewer
) -> None:
    """The same HTML after MathJax: the same packages, the same delimiters, the same output."""
    sample: list[list[Any]] = page.page.evaluate(
        """() => model.cards.filter((_, at) => at % 40 === 7)
        .map((card) => [card.id, card.note.key, card.number])"""
    )
    assert len(sample) > 10
    formulas = 0
    with reviewer.reviewing(flagship) as show:
        for id_, key, number in sample:
            page.page.evaluate("(id) => { location.hash = id; }", id_)
            page.page.wait_for_selector(f'.chip[aria-current][href="#{id_}"]')
            page.settle()
            for side in SIDES:
                if side == "answer":
                    page.press(" ")
                drawn = page.html()
                formulas += drawn.count("<mjx-container")
                assert drawn == show(key, number, side), (key, number, side)
    assert formulas > 10


CLOZES = [
    "{{c1::a b-c_d.e é 中 &lt; <b>x</b> \"q' :;/\t~`}} z",
    r"\({{c1::a<b>y</b>\lt &amp; z}}\) {{c2::k {{c1::n::hi}} m::h2}}",
    "{{c1::{{c2::x}}::hint}} }} {{c3::",
    r"{{c1,2::x}} {{c0::y}} {{c3:: <!-- --> }}\[ {{c1::p}} \]",
    "{{c1::a::b::c}} {{c2::::}} {{c1::}}",
    "{{C1::upper}} {{c1::" * 12 + "deep" + "}}" * 12,
]

FILTERS = (
    "{{#Text}}{{cloze:Text}}{{/Text}}{{^Back Extra}}none{{/Back Extra}}<!-- {{Text}} -->"
    "{{#c1}}one{{/c1}}{{#c2}}two{{/c2}}|{{furigana:Back Extra}}|{{kanji:Back Extra}}|"
    "{{kana:Back Extra}}|{{text:Back Extra}}|{{Tags}}|{{Card}}|{{Deck}}|{{Subdeck}}|{{Type}}"
)


def test_templates_and_clozes_that_the_deck_does_not_use(page: Shown) -> None:
    with new_collection() as collection:
        kind = collection.models.by_name("Cloze")
        assert kind is not None
        kind["tmpls"][0]["qfmt"] = FILTERS
        kind["tmpls"][0]["afmt"] = FILTERS + "<hr>{{cloze:Text}}"
        collection.models.update_dict(kind)
        deck = collection.decks.id("A::B")
        assert deck is not None
        for text in CLOZES:
            for extra in ("", " <br> ", "東京[とうきょう] x &lt;b&gt;"):
                note = collection.new_note(kind)
                note.fields = [text, extra]
                note.tags = ["a", "b"]
                collection.add_note(note, deck)
                for card in note.cards():
                    sides = page.page.evaluate(
                        "([kind, note]) => Object.values(cardSides(kind, note))",
                        [
                            {
                                "cloze": True,
                                "name": "Cloze",
                                "templates": [
                                    {
                                        "name": "Cloze",
                                        "front": kind["tmpls"][0]["qfmt"],
                                        "back": kind["tmpls"][0]["afmt"],
                                    }
                                ],
                            },
                            {
                                "fields": {"Text": text, "Back Extra": extra},
                                "tags": note.tags,
                                "deck": "A::B",
                                "number": card.ord + 1,
                            },
                        ],
                    )
                    anki = [
                        side.partition("</style>")[2] for side in (card.question(), card.answer())
                    ]
                    assert sides == anki, (text, extra, card.ord)


def test_the_package_shows_the_same_style_per_language(
    page: Shown, cache: Cache, tmp_path: Path
) -> None:
    variants = {
        tuple(each["languages"]): each["css"]
        for each in page.page.evaluate("() => model.deck.variants")
    }
    outputs = {
        name: output
        for name, output in build.check(
            Project(ROOT), cache, 1_795_000_000
        ).deck.file.outputs.items()
        if output.target == "anki" and output.languages
    }
    made = build.make(Project(ROOT), cache, now=1_795_000_000, names=list(outputs))
    for artifact in made.artifacts:
        languages = outputs[artifact.name].languages
        assert languages is not None
        card = cards_of(artifact.data, tmp_path / artifact.name)[0]
        assert card.question.startswith(f"<style>{variants[languages]}</style>")
