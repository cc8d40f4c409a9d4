"""The preview's cards are Anki's: compared with its backend and with its reviewer page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from builder import build
from builder.cache import Cache
from builder.project import Project
from tests.anki.harness import new_collection
from tests.browser.previewing import Shown, edit, new_project, running, shown
from tests.browser.reviewer import SIDES, Reviewer, cards_of
from tests.conftest import ROOT

SIDES_OF_ALL = """() => model.cards.map((card) => {
  const { front, back } = cardSides(model.deck.kinds[card.note.kind], model.note(card));
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


STYLE = "@import url('_look.css'); .card { color: rgb(9, 8, 7); }"


def test_an_imported_note_type_with_several_cards(reviewer: Reviewer, tmp_path: Path) -> None:
    """Its templates, style, pictures, sounds and deck are its own."""
    project = new_project(tmp_path / "averages")
    note_type = (
        "note_types:\n  vocabulary:\n    name: Vocabulary (and reversed)\n"
        "    fields: [Word, Meaning, Sound]\n    cards: [Recognise, Recall]\n"
    )
    edit(project, "deck.yaml", "outputs:", f"{note_type}outputs:")
    topic = project / "content/topics/averages.yaml"
    notes = (
        "deck: Words::Nouns\nnotes:\n  house:\n    type: vocabulary\n"
        "    html: {Word: '<b>Haus</b> <img src=\"my house.png\">', Sound: '[sound:haus.mp3]'}\n"
        "    fields: {Meaning: 'A *house*'}\n    tags: [noun]\n"
        "  half:\n    type: vocabulary\n    fields: {Word: halb}\n"
    )
    topic.write_text(topic.read_text("utf-8").rstrip("\n") + "\n" + notes, "utf-8")
    looks = project / "templates/anki/vocabulary"
    looks.mkdir(parents=True)
    for number, (front, back) in enumerate([("Word", "Meaning"), ("Meaning", "Word")], start=1):
        (looks / f"front-{number}.html").write_text(f"{{{{{front}}}}}", "utf-8")
        (looks / f"back-{number}.html").write_text(
            f"{{{{FrontSide}}}}<hr id=answer>{{{{{back}}}}} "
            "{{Sound}} {{Card}} {{Deck}}",
            "utf-8",
        )
    (looks / "style.css").write_text(STYLE, "utf-8")
    media = project / "content/media"
    media.mkdir()
    Image.new("RGB", (8, 8), "red").save(media / "my house.png")
    (media / "haus.mp3").write_bytes(b"no sound")
    (media / "_look.css").write_text("hr { height: 7px; }", "utf-8")
    with (
        running(project) as address,
        shown(reviewer.browser, f"{address}#house:2") as it,
    ):
        made = {(key, number): sides for key, number, *sides in it.page.evaluate(SIDES_OF_ALL)}
        cards = made.keys()
        assert {number for key, number in cards if key == "house"} == {1, 2}
        assert {number for key, number in cards if key == "half"} == {1}
        front, back = made["house", 2]
        assert front == "A <em>house</em>"
        assert back.endswith(" [sound:haus.mp3] Recall Words::Nouns")
        expect(it.page.locator(".chip[aria-current]")).to_have_text("Recall")
        expect(it.card.locator("#qa")).to_have_text("A house")
        it.press(" ")
        picture = it.card.locator("#qa img")
        assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 8
        sound = it.card.locator("#qa audio").evaluate("(audio) => audio.src")
        assert it.page.request.get(sound).body() == b"no sound"
        expect(it.card.locator("#qa")).to_have_css("color", "rgb(9, 8, 7)")
        expect(it.card.locator("hr")).to_have_css("height", "7px")
        expect(it.page.locator("#topics a").filter(has_text="Haus")).to_be_visible()
        it.page.select_option("#kind", label="Vocabulary (and reversed)")
        expect(it.page.locator("#count")).to_have_text("3 of 9 cards")
