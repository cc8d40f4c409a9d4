"""What the Anki writer escapes, as the real backend reads it back."""

import html
import re
from collections.abc import Iterator

import pytest
from anki.collection import Collection
from anki.decks import DEFAULT_DECK_ID

from builder import markup
from tests.anki.harness import new_note

STYLE = markup.Style("anki", markup.anki_math, lambda src, _: f'<img src="{src}">', inline=True)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    collection = Collection(str(tmp_path_factory.mktemp("anki") / "collection.anki2"))
    yield collection
    collection.close()


@pytest.mark.parametrize(
    ("text", "questions", "answer"),
    [
        ("a {{c1::b}} c", ["a [...] c"], "a b c"),
        ("{{c1::b::hint}}", ["[hint]"], "b"),
        ("{{c1::`std::vector`::hint}}", ["[hint]"], "std::vector"),
        ("{{c1::std\\::map}}", ["[...]"], "std::map"),
        ("{{c1::two\\:::hint}}", ["[hint]"], "two:"),
        ('{{c1::`{"a": {"b": 1}}`}}.', ["[...]."], '{"a": {"b": 1}}.'),
        ("{{c1::{x {y}}}}!", ["[...]!"], "{x {y}}!"),
        ("{{c1::$\\frac{a}{b_{c}}$}}", ["[...]"], "\\(\\frac{a}{b_{c} }\\)"),
        ("{{c1::$a<b$}} end", ["[...] end"], "\\(a<b\\) end"),
        ("{{c1::a {{c2::b}}}} c", ["[...] c", "a [...] c"], "a b c"),
        (
            "`{{c5::x}}` \\{{c6::y}} {{c1::z}}",
            ["{{c5::x}} {{c6::y}} [...]"],
            "{{c5::x}} {{c6::y}} z",
        ),
        ("{{c1::<https://x.org/a::b>}}", ["[...]"], "https://x.org/a::b"),
    ],
)
def test_the_backend_reads_what_was_meant(
    collection: Collection, text: str, questions: list[str], answer: str
) -> None:
    note = new_note(collection, "Cloze", markup.render(markup.parse(text), STYLE))
    collection.add_note(note, DEFAULT_DECK_ID)
    cards = sorted(note.cards(), key=lambda card: card.ord)
    assert [_visible(card.question()) for card in cards] == questions
    assert {_visible(card.answer()) for card in cards} == {answer}


def _visible(page: str) -> str:
    page = re.sub(r"<style>.*?</style>|<!--.*?-->|<br>|<[^>]+>", "", page, flags=re.DOTALL)
    return html.unescape(page).strip()
