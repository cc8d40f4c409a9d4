"""The rows of a package are genanki's, and those of an earlier package change nothing."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import genanki
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.archive import member, zipped
from builder.lock import Part
from builder.targets import apkg

NOW = 1_790_000_000
DECK = apkg.PackedDeck(1 << 40, "d", "", NOW)
TYPES = tuple(
    apkg.NoteType(
        number,
        f"type {number}",
        number == 6,
        (Part(1, "A"), Part(2, "B")),
        (apkg.CardTemplate(Part(3, "C"), "{{A}}", "{{B}}"),),
        "",
        0,
        NOW,
    )
    for number in (5, 6)
)
NOTES = tuple(
    apkg.PackedNote(
        id=NOW * 1000 + n * 7919 % 1000,  # in another order than that of study
        guid=f"guid{n}",
        note_type=TYPES[n % 2],
        fields=f"{n:03d}\x1f一{n * n}".encode() * (n % 3 == 0) or b"a\x1fb",
        tags=("t",) if n % 5 else (),
        cards={0: NOW * 1000 + n} | ({2: NOW * 1000 + 5000 + n} if n % 2 else {}),
        due=n + 1,
        changed_at=NOW + n,
        deck="d::part" if n % 7 == 0 else "",
    )
    for n in range(300)
)


def made(notes: tuple[apkg.PackedNote, ...], **more: Any) -> apkg.Package:
    return apkg.package(DECK, TYPES, notes, {"a.svg": b"<svg/>"}, **more)


def edited(**changes: Any) -> tuple[apkg.PackedNote, ...]:
    return (*NOTES[:100], NOTES[100]._replace(**changes), *NOTES[101:])


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of the notes whose rows are made."""
    ids: list[int] = []
    row = apkg._note_row

    def record(note: apkg.PackedNote) -> tuple[Any, ...]:
        ids.append(note.id)
        return row(note)

    monkeypatch.setattr(apkg, "_note_row", record)
    return ids


def rows(database: bytes | bytearray, table: str) -> list[Any]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(database)
        return connection.execute(f"select * from {table} order by id").fetchall()  # noqa: S608 - ours


@given(
    st.lists(st.text(st.characters(exclude_characters="\x1f", codec="utf-8")), min_size=3),
    st.lists(st.from_regex(r"[^\s\x1f]+", fullmatch=True)),
    st.sets(st.integers(0, 499), min_size=1),
    st.data(),
)
def test_rows_are_those_that_genanki_writes(
    texts: list[str], tags: list[str], ordinals: set[int], data: st.DataObject
) -> None:
    cards = {ordinal: NOW * 1000 - ordinal for ordinal in ordinals}
    sort_field = data.draw(st.integers(0, len(texts) - 1))
    kind = replace(TYPES[0], fields=(Part(1, "A"),) * len(texts), sort_field=sort_field)
    packed = "\x1f".join(texts).encode()
    note = apkg.PackedNote(9, "guid", kind, packed, tuple(tags), cards, 7, NOW)
    ours = member(apkg.package(DECK, [kind], [note], {}).data, "collection.anki2")

    model = genanki.Model(kind.id, fields=[{"name": "A"}] * len(texts), sort_field_index=sort_field)
    theirs = genanki.Note(model, texts, tags=tags, guid="guid", due=7)
    theirs._check_invalid_html_tags_in_fields = lambda: None  # only warns
    theirs.cards = [genanki.Card(ordinal) for ordinal in sorted(ordinals)]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(ours)
        connection.executescript("delete from notes; delete from cards;")
        ids = iter([9, *(cards[ordinal] for ordinal in sorted(ordinals))])
        theirs.write_to_db(connection.cursor(), NOW, DECK.id, ids)
        connection.commit()
        written = connection.serialize()
    for table in ("notes", "cards"):
        assert rows(ours, table) == rows(written, table)


@pytest.mark.parametrize(
    "notes",
    [
        NOTES,
        edited(fields=b"new\x1ftext"),
        edited(fields=b"2\x1f3"),
        edited(id=1),
        edited(guid="other"),
        edited(note_type=TYPES[1]),
        edited(tags=("t", "u")),
        edited(cards={0: 1}),
        edited(cards={1: NOTES[100].cards[0]}),
        edited(due=1000),
        edited(changed_at=NOW - 1),
        edited(deck="d::part"),
        edited(deck="another"),
        NOTES[1:],
        NOTES[:-1],
        (*NOTES, NOTES[0]._replace(id=7, guid="more", cards={0: 7})),
        tuple(reversed(NOTES)),
        NOTES[:40],
    ],
)
def test_an_earlier_package_changes_nothing(notes: tuple[apkg.PackedNote, ...]) -> None:
    assert made(notes, earlier=made(NOTES)) == made(notes)


def test_only_the_neighbours_of_what_changed_are_written(written: list[int]) -> None:
    before = made(NOTES)
    assert sorted(written) == sorted(note.id for note in NOTES)
    written.clear()
    made(edited(due=1000), earlier=before)
    assert NOTES[100].id in written
    assert len(written) == apkg._GROUP
    written.clear()
    made(NOTES, earlier=before)
    assert written == []


def test_decks_and_note_types_are_those_of_now() -> None:
    before = made(NOTES)
    for deck in (replace(DECK, description="new"), replace(DECK, name="e"), replace(DECK, id=9)):
        for types in (TYPES, tuple(replace(each, css="new", changed_at=9) for each in TYPES)):
            fresh = apkg.package(deck, types, NOTES, {})
            assert apkg.package(deck, types, NOTES, {}, before) == fresh


def test_another_sort_field_is_another_row() -> None:
    types = tuple(replace(each, sort_field=1) for each in TYPES)
    notes = tuple(note._replace(note_type=types[n % 2]) for n, note in enumerate(NOTES))
    fresh = apkg.package(DECK, types, notes, {})
    assert apkg.package(DECK, types, notes, {}, made(NOTES)) == fresh


def without(statement: str) -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(member(made(NOTES).data, "collection.anki2"))
        connection.executescript(statement)
        return zipped({"collection.anki2": connection.serialize()})


@pytest.mark.parametrize(
    "damaged",
    [
        lambda: b"",
        lambda: made(NOTES).data[:5000],
        lambda: zipped({"media": b"{}"}),
        lambda: zipped({"collection.anki2": b"not a database"}),
        lambda: without("drop table cards"),
        lambda: without("delete from notes where id = (select max(id) from notes)"),
        lambda: without("delete from cards where nid = (select max(id) from notes)"),
    ],
)
def test_a_package_that_is_not_what_it_says_is_not_used(damaged: Callable[[], bytes]) -> None:
    earlier = made(NOTES)._replace(data=damaged())
    assert made(edited(due=1000), earlier=earlier) == made(edited(due=1000))
