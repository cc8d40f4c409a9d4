"""Our cloze numbers against the real backend's, on random fields."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from anki.collection import Collection
from anki.decks import DEFAULT_DECK_ID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.markup import card_ordinals
from tests.anki.harness import new_note

PIECES = (
    "{{c1::|{{c2::|{{c07::|{{c0::|{{c500::|{{c501::|{{c65535::|{{c65536::|{{c70000,1::|{{c1,2::|"
    "{{c3,::|{{c,::|{{c,1::|{{c1,,2::|{{C1::|{{c|{{{c1::|{{c000000000001::|{{c99999999999::|"
    "}}|}|{|::|:|a|1|,|<b>|</b>| |\n|中|&#123;|}&#125;"
).split("|")
FIELDS = st.lists(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=20),
    min_size=500,
    max_size=500,
)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    folder: Path = tmp_path_factory.mktemp("anki")
    collection = Collection(str(folder / "collection.anki2"))
    yield collection
    collection.close()


@given(FIELDS)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.large_base_example],
)
def test_ordinals_equal_the_backends(collection: Collection, fields: list[str]) -> None:
    """40 times 500 fields, in pairs: 20,000 strings."""
    note = new_note(collection, "Cloze")
    for pair in zip(fields[::2], fields[1::2], strict=True):
        note.fields = list(pair)
        numbers = collection._backend.cloze_numbers_in_note(note._to_backend_note())
        # The backend's answer is not clamped yet; the cards it adds are (see below).
        expected = sorted({min(number, 500) - 1 for number in numbers if number})
        assert card_ordinals(pair) == expected, pair


@pytest.mark.parametrize(
    "fields",
    [
        ("{{c1::a}} {{c3::b}}", "{{c7::c}}"),
        ("{{c501::a}} {{c500::b}} {{c0::c}}", ""),
        ("{{c1::a {{c2::b}} }}", "{{c4::never closed {{c5::inside}}"),
        ("".join(f"{{{{c{n}::" for n in range(1, 13)) + "x" + "}}" * 12, ""),
        ("{{c1,2::a}}", "{{c3::}}"),
    ],
)
def test_ordinals_are_those_of_the_cards_made(
    collection: Collection, fields: tuple[str, str]
) -> None:
    note = new_note(collection, "Cloze", *fields)
    collection.add_note(note, DEFAULT_DECK_ID)
    # A set: for c500 beside c501 Anki makes two cards of one ordinal.
    assert sorted({card.ord for card in note.cards()}) == card_ordinals(fields)
