"""Packages that keep rows of an earlier one: the same bytes, with less to do."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

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
    """The ids of the notes that genanki writes."""
    ids: list[int] = []
    write = apkg._Note.write_to_db

    def record(note: Any, *arguments: Any) -> None:
        ids.append(note.source.id)
        write(note, *arguments)

    monkeypatch.setattr(apkg._Note, "write_to_db", record)
    return ids


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
