"""The lock's records, its text, and what identifies a note: guids, ids and hashes."""

import hashlib
from base64 import b32encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from urllib.parse import quote

from builder.diagnostics import Span

#: `basic`, `cloze`, or the id of a note type that the deck brought from elsewhere.
Kind = str
#: The two note types that every deck has.
KINDS: tuple[Kind, ...] = ("basic", "cloze")

#: Fields with such a name are empty and wait for a language or a part of a card to come.
SPARE = "Reserved"

#: What Anki puts between the fields of a note; no text of a project can hold it.
SEPARATOR = "\x1f"

#: What mends a lock that is damaged or lost.
RESTORE = (
    "restore it with `git checkout content/deck.lock` and build again; without it every note "
    "counts as changed, and an update overwrites what learners wrote in theirs"
)

_HEADER = (
    "# What learners of this deck have. Written by `deckwright build`: commit it, do not edit it.\n"
    "version 1\n"
)


@dataclass(frozen=True, slots=True)
class NoteEntry:
    """One note.

    Attributes:
        key: `item` for the question, `item.fact` for a fact.
        kind: Which note type.
        guid: By what Anki recognises the note; derived from deck id and key, nothing else, unless
            the note was imported: then it is what learners have, and stands only here.
        numbers: Card numbers from 1: of a cloze note its cloze numbers, of a basic note 1.
        first_seen: Unix time in seconds of the first build with this note.
        content: Hash of all that the note shows and carries.
        changed_at: Unix time in seconds of the last change of `content`.
        retired: Withdrawn: the id is never used again.
        place: Where the lock says so.
    """

    key: str
    kind: Kind
    guid: str
    numbers: tuple[int, ...]
    content: str
    first_seen: int = 0
    changed_at: int = 0
    retired: bool = False
    place: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Part:
    """A field or a template of a note type: Anki matches it by id, learners see the name.

    An imported one may have none, as old versions of Anki made them: its id is 0, and Anki matches
    it by name. Anki's own are of either sign.
    """

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class NoteTypeEntry:
    """One of the deck's note types.

    Attributes:
        kind: Which.
        id: Anki's id of the note type.
        name: What Anki calls it.
        fields: Its fields, in order.
        templates: Its card templates, in order.
        style: Hash of the templates' HTML and the CSS.
        changed_at: Unix time in seconds of the last change of any of these.
        place: Where the lock says so.
    """

    kind: Kind
    id: int
    name: str
    fields: tuple[Part, ...]
    templates: tuple[Part, ...]
    style: str
    changed_at: int = 0
    place: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class DeckEntry:
    """The deck: its id in deck.yaml, its id in Anki, and its name there, by which Anki finds it."""

    id: str
    number: int
    name: str
    place: Span | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Lock:
    """The whole lock; without a deck it is that of a project never built."""

    deck: DeckEntry | None = None
    note_types: Mapping[Kind, NoteTypeEntry] = field(default_factory=dict)
    notes: Mapping[str, NoteEntry] = field(default_factory=dict)

    @cached_property
    def text(self) -> str:
        """Its text, as the file has it. Reading it back gives the same lock."""
        if self.deck is None:
            return ""
        return _HEADER + "".join(f"{line}\n" for line in _lines(self, self.deck))


def guid(deck_id: str, key: str) -> str:
    """The permanent guid of a note: 80 bits, of letters and digits that no format has to quote."""
    return guids(deck_id, [key])[key]


def guids(deck_id: str, keys: Iterable[str]) -> dict[str, str]:
    """The guid of each note.

    All are written at once: each is 10 bytes and so 16 whole letters of base 32, which Python takes
    longer to begin than to write.
    """
    keys = tuple(keys)
    digests = b"".join(_digest("note", deck_id, key, size=10) for key in keys)
    letters = b32encode(digests).decode().lower()
    return {key: letters[16 * at : 16 * at + 16] for at, key in enumerate(keys)}


def stable_id(*names: str, bits: int = 63) -> int:
    """A permanent positive number for a name.

    Args:
        names: Deck id and what is named.
        bits: 63 for parts of note types, as Anki draws them itself. 40 for decks and note types,
            whose ids Anki's web pages and add-ons handle as JavaScript numbers; a 41st bit is set,
            so that they are as long as Anki's own.
    """
    number = int.from_bytes(_digest(*names, size=8), "big") >> (64 - bits)
    return number | 1 << 40 if bits == 40 else number


def content_hash(parts: Iterable[str]) -> str:
    """Hash of texts whose order and borders matter."""
    return _digest(*parts, size=16).hex()


def _digest(*parts: str, size: int) -> bytes:
    text = "\x1e".join(parts)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest()


def _lines(lock: Lock, deck: DeckEntry) -> Iterator[str]:
    yield f"deck {deck.id} {deck.number} {deck.name}"
    for kind in (*KINDS, *sorted(lock.note_types.keys() - set(KINDS))):
        entry = lock.note_types[kind]
        yield f"note-type {kind} {entry.id} {_iso(entry.changed_at)} {entry.style} {entry.name}"
        for word, parts in (("field", entry.fields), ("template", entry.templates)):
            for place, part in enumerate(parts, start=1):
                yield f"{word} {kind} {place:02d} {part.id} {part.name}"
    for key in sorted(lock.notes):
        note = lock.notes[key]
        numbers = ",".join(map(str, note.numbers))
        word = "retired" if note.retired else "note"
        guid = note.guid if note.kind in KINDS else quote(note.guid, safe="")
        yield (
            f"{word} {key} {note.kind} {guid} {numbers} "
            f"{_iso(note.first_seen)} {_iso(note.changed_at)} {note.content}"
        )


@lru_cache(maxsize=1024)  # most notes share a few times
def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
