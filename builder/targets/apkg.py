"""An `.apkg` file as bytes: the only module that imports genanki.

genanki makes a database in memory with the decks and note types; times and ids come in through its
own hooks (`Model.to_json`, `Deck.to_json`), since it stamps everything with the time of the build
otherwise. The rows of notes and cards are those that it would write, see `_rows`; they go straight
into the database's canonical form. The format is the oldest (`collection.anki2`, media as JSON),
which every Anki, AnkiDroid and AnkiMobile reads.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import genanki

from builder.archive import zipped
from builder.kept import is_portable
from builder.lock import SEPARATOR, SPARE, Part, stable_id
from builder.targets import collection

#: Bytes of a hash of notes.
DIGEST = 16


@dataclass(frozen=True, slots=True)
class CardTemplate:
    """One kind of card of a note type: Anki's `{{Field}}` templates of its two sides."""

    part: Part
    front: str
    back: str


@dataclass(frozen=True, slots=True)
class NoteType:
    """A note type.

    Attributes:
        id: Anki's id.
        name: Its name.
        cloze: Whether cards are made of clozes.
        fields: Id and name of each field.
        templates: Its card templates.
        css: Its style sheet.
        sort_field: Index of the field that the Browser shows.
        changed_at: Unix time in seconds.
        frozen: Whether Anki warns learners who delete a field or a template, and folds spare ones.
        latex: What stands before and after LaTeX for images, if not Anki's own.
        right_to_left: Names of the fields that Anki's editor shows from right to left.
    """

    id: int
    name: str
    cloze: bool
    fields: tuple[Part, ...]
    templates: tuple[CardTemplate, ...]
    css: str
    sort_field: int
    changed_at: int
    frozen: bool = True
    latex: tuple[str, str] | None = None
    right_to_left: tuple[str, ...] = ()


class PackedNote(NamedTuple):
    """A note ready for the database; a tuple, since a large deck has tens of thousands.

    Attributes:
        id: Anki's note id: the time of creation in milliseconds.
        guid: What identifies the note.
        note_type: Its note type.
        fields: A text for each field of the note type, with Anki's separator between them, in
            UTF-8.
        tags: Its tags.
        cards: Card ordinal (from 0) -> card id.
        due: Place among the new cards.
        changed_at: Unix time in seconds.
        deck: Full name of its cards' deck; empty for the package's own.
    """

    id: int
    guid: str
    note_type: NoteType
    fields: bytes
    tags: tuple[str, ...]
    cards: Mapping[int, int]
    due: int
    changed_at: int
    deck: str = ""


@dataclass(frozen=True, slots=True)
class PackedDeck:
    """A deck. The description is Markdown."""

    id: int
    name: str
    description: str
    changed_at: int


class Package(NamedTuple):
    """A package.

    Attributes:
        data: The file.
        digests: Hashes of its notes, `_GROUP` of them together.
    """

    data: bytes
    digests: tuple[bytes, ...]


class _Model(genanki.Model):
    """Gives genanki's JSON the time, the ids and no tie to a deck."""

    def __init__(self, source: NoteType) -> None:
        super().__init__(
            source.id,
            source.name,
            fields=[
                _part(part, frozen=source.frozen)
                | {"collapsed": source.frozen and part.name.startswith(SPARE)}
                | ({"rtl": True} if part.name in source.right_to_left else {})
                for part in source.fields
            ],
            templates=[
                _part(template.part, frozen=source.frozen)
                | {"qfmt": template.front, "afmt": template.back}
                for template in source.templates
            ],
            css=source.css,
            model_type=self.CLOZE if source.cloze else self.FRONT_BACK,
            sort_field_index=source.sort_field,
        )
        self.changed_at = source.changed_at
        self.latex = source.latex

    @property
    def _req(self) -> list[list[Any]]:
        """Anki computes this again; genanki's way renders all templates and errs on `{{^…}}`."""
        return [[n, "any", [self.sort_field_index]] for n in range(len(self.templates))]

    def to_json(self, timestamp: float, deck_id: int) -> dict[str, Any]:
        del timestamp  # that of the build
        made: dict[str, Any] = super().to_json(self.changed_at, deck_id)
        if self.latex is not None:
            made |= dict(zip(("latexPre", "latexPost"), self.latex, strict=True))
        return made | {"did": None}


def _part(part: Part, *, frozen: bool) -> dict[str, Any]:
    """A field or a template; one without an id is matched by its name."""
    identity = {"id": part.id} if part.id else {}
    return {**identity, "name": part.name, "preventDeletion": frozen}


class _Deck(genanki.Deck):
    """Gives genanki's JSON the time, and says that the description is Markdown."""

    def __init__(self, source: PackedDeck) -> None:
        super().__init__(source.id, source.name, source.description)
        self.changed_at = source.changed_at

    def to_json(self) -> dict[str, Any]:
        made: dict[str, Any] = super().to_json()
        return made | {"mod": self.changed_at, "md": True}


def _note_row(note: PackedNote) -> tuple[Any, ...]:
    """Anki's table `notes`: its field checksum is computed by Anki."""
    fields = note.fields.decode()
    place = note.note_type.sort_field
    sort_field = fields.split(SEPARATOR, place + 1)[place]
    tags = f" {' '.join(note.tags)} "
    head = (note.id, note.guid, note.note_type.id, note.changed_at, -1, tags)
    return (*head, fields, sort_field, 0, 0, "")


def _card_row(note: PackedNote, ordinal: int, deck: int) -> tuple[Any, ...]:
    """Anki's table `cards`: a new card, without history."""
    head = (note.cards[ordinal], note.id, deck, ordinal, note.changed_at, -1, 0, 0, note.due)
    return (*head, 0, 0, 0, 0, 0, 0, 0, 0, "")


def _rows(notes: Iterable[PackedNote], decks: Mapping[str, _Deck]) -> collection.Rows:
    """The rows that `genanki.Note` writes, all at once, in a third of the time.

    They have the notes' own times, ids and cards: genanki stamps them with those of the build, and
    finds clozes by a pattern that misses nested ones, and in one field only.
    """
    notes = sorted(notes, key=lambda note: note.id)
    cards = sorted(
        _card_row(note, ordinal, decks[note.deck].deck_id)
        for note in notes
        for ordinal in note.cards
    )
    return {"notes": map(_note_row, notes), "cards": cards}


def package(
    deck: PackedDeck,
    note_types: Sequence[NoteType],
    notes: Sequence[PackedNote],
    media: Mapping[str, bytes],
    earlier: Package | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> Package:
    """The file; the same bytes for the same deck, note types, notes and media, everywhere.

    Args:
        deck: The deck that all cards go to, but those of notes that name another.
        note_types: All note types, used or not: they are part of the deck's promise.
        notes: The notes, in any order.
        media: File name -> content, of every file that a field refers to.
        earlier: One that this code made before: notes that are still just the same keep the rows
            that they have there.
        meanwhile: What else there is to do: it is done while a library compresses the file, which
            leaves a processor idle.

    Raises:
        ValueError: Anki could not take the notes: two with one guid or id, a note without cards, a
            wrong number of fields. A bug of the caller.
    """
    _check(notes)
    groups: dict[bytes, Sequence[PackedNote]] = {}
    database = None
    if earlier is not None:
        groups |= _digests(deck, notes)
        same = groups.keys() & set(earlier.digests)
        kept = {note.id: len(note.cards) for digest in same for note in groups[digest]}
        if kept:
            with suppress(*collection.NOT_OURS):
                database = _database(deck, note_types, notes, kept, earlier.data)
    if database is None:
        database = _database(deck, note_types, notes)
    with ThreadPoolExecutor(1) as pool:
        zipped = pool.submit(_zip, database, media)
        meanwhile()
        digests = tuple(groups) or tuple(digest for digest, _ in _digests(deck, notes))
        return Package(zipped.result(), digests)


def _database(
    deck: PackedDeck,
    note_types: Sequence[NoteType],
    notes: Sequence[PackedNote],
    kept: Mapping[int, int] | None = None,
    earlier: bytes | None = None,
) -> bytearray:
    """The database, in its canonical form; the rows of the notes kept are the earlier package's."""
    kept = kept or {}
    models = {note_type.id: _Model(note_type) for note_type in note_types}
    own = _Deck(deck)
    decks = {"": own, deck.name: own}
    named = {note.deck for note in notes}
    for name in sorted(named - set(decks)):
        number = stable_id(str(deck.id), "deck", name, bits=40)
        decks[name] = _Deck(PackedDeck(number, name, "", deck.changed_at))
    rows = _rows((note for note in notes if note.id not in kept), decks)
    used = list(dict.fromkeys(decks.values()))
    empty = named.isdisjoint({"", deck.name})
    if empty and not any(name.startswith(f"{deck.name}::") for name in decks) and used[1:]:
        used.remove(own)  # learners would get it empty
    for model in models.values():
        used[0].add_model(model)
    with closing(sqlite3.connect(":memory:")) as connection:
        genanki.Package(used).write_to_db(connection.cursor(), 0, iter(()))
        place = rows if earlier is None else collection.joined(connection, earlier, kept, rows)
        made = collection.written(connection, place)
    return collection.cleared(made)


#: Notes that have a hash together.
_GROUP = 64


def _digests(
    deck: PackedDeck, notes: Sequence[PackedNote]
) -> Iterator[tuple[bytes, Sequence[PackedNote]]]:
    """Groups of notes, and a hash of all that their rows in the database depend on."""
    for at in range(0, len(notes), _GROUP):
        group = notes[at : at + _GROUP]
        rest = [
            (id_, guid, kind.id, kind.sort_field, len(fields), tags, cards, due, changed_at, name)
            for id_, guid, kind, fields, tags, cards, due, changed_at, name in group
        ]
        digest = hashlib.blake2b(repr((deck.id, deck.name, rest)).encode(), digest_size=DIGEST)
        for note in group:
            digest.update(note.fields)
        yield digest.digest(), group


def _check(notes: Sequence[PackedNote]) -> None:
    cards = [number for note in notes for number in note.cards.values()]
    for unique in ([note.guid for note in notes], [note.id for note in notes], cards):
        if len(set(unique)) < len(unique):
            raise ValueError("two notes share a guid or an id, or two cards an id")
    separator = SEPARATOR.encode()
    for note in notes:
        if not note.cards:
            raise ValueError(f"the note has no card: {note.guid}")
        if note.fields.count(separator) != len(note.note_type.fields) - 1:
            raise ValueError(f"wrong number of fields: {note.guid}")


def _zip(database: bytearray, media: Mapping[str, bytes]) -> bytes:
    names = sorted(media)
    for name in names:
        if not is_portable(name):
            raise ValueError(f"no name for a media file: {name}")
    index = {str(number): name for number, name in enumerate(names)}
    listing = json.dumps(index, separators=(",", ":")).encode()
    contents = {number: media[name] for number, name in index.items()}
    return zipped({collection.NAME: database, "media": listing, **contents})
