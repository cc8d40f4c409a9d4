"""`content/deck.lock`: who every note is and when it last changed.

Anki knows a note by its guid, and takes an update only if the incoming note is newer than the
learner's. So a build must remember what it shipped: with one time for all notes, an update either
wipes the learner's own tags and edits everywhere or never arrives at all. The lock is that memory.
It is committed, so that every machine builds the same package, and it holds one line a note, sorted
by id, so that two branches that add notes merge without a conflict.

Reading is strict: a damaged lock must never pass for an empty one, or every learner would get every
note a second time.
"""

import hashlib
import re
from base64 import b32encode
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from urllib.parse import quote, unquote

from builder.diagnostics import ContentError, Diagnostic, Span, did_you_mean

#: `basic`, `cloze`, or the id of a note type that the deck brought from elsewhere.
Kind = str
#: The two note types that every deck has.
KINDS: tuple[Kind, ...] = ("basic", "cloze")

#: 2001-09-09. An older time is a clock that was never set; Anki takes note id 0 and then panics.
EARLIEST = 1_000_000_000

#: Fields with such a name are empty and wait for a language or a part of a card to come.
SPARE = "Reserved"

#: What Anki puts between the fields of a note; no text of a project can hold it.
SEPARATOR = "\x1f"

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


# Reading


def read(path: Path, name: str) -> Lock:
    """Read a lock; a file that does not exist is the lock of a project never built.

    Args:
        path: The file.
        name: What messages call it.

    Raises:
        ContentError: The file is not the text of a lock; every problem, with its place.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Lock()
    except OSError as error:
        raise _refuse(name, f"cannot read the lock: {error.strerror}") from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _refuse(name, "the lock is not UTF-8 text") from None
    return parse(text, name)


def parse(text: str, name: str) -> Lock:
    """Parse the text of a lock.

    Raises:
        ContentError: Every problem, with its place.
    """
    if not text.strip():
        raise _refuse(name, "the lock is empty")
    return _Parser(name).parse(text)


_RESTORE = (
    "restore it with `git checkout content/deck.lock` and build again; without it learners would "
    "get every note a second time"
)


def _refuse(name: str, message: str) -> ContentError:
    return ContentError([Diagnostic("bad-lock", message, Span(name, 1, 1, 1, 1), _RESTORE)])


_TIME = re.compile(r"(20\d\d)-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z")
_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)?")
_GUID = re.compile(r"[a-z2-7]{16}")
_HASH = re.compile(r"[0-9a-f]{32}")
_ID = re.compile(r"[1-9][0-9]{0,18}")
_PART_ID = re.compile(r"0|-?[1-9][0-9]{0,18}")
_KIND = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NUMBERS = re.compile(r"[1-9][0-9]{0,2}(?:,[1-9][0-9]{0,2})*")
_NOTE = re.compile(
    rf"(note|retired) ({_KEY.pattern}) (basic|cloze) ({_GUID.pattern}) ({_NUMBERS.pattern}) "
    rf"(\S+) (\S+) ({_HASH.pattern})"
)
_FOREIGN_GUID = re.compile(r"(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})+")
#: Letters of an id in deck.yaml, at most.
_MAX_KIND = 60
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")

_SHAPES = {
    "version": "version NUMBER",
    "deck": "deck ID NUMBER NAME",
    "note-type": "note-type KIND ID CHANGED STYLE NAME",
    "field": "field KIND PLACE ID NAME",
    "template": "template KIND PLACE ID NAME",
    "note": "note KEY KIND GUID CARDS FIRST-SEEN CHANGED CONTENT",
    "retired": "retired KEY KIND GUID CARDS FIRST-SEEN CHANGED CONTENT",
}


class _BadWordError(Exception):
    """A word of a line is not what should stand there."""

    def __init__(self, word: int, message: str) -> None:
        self.word = word
        super().__init__(message)


class _Parser:
    """Collects the lines' records and every problem."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Diagnostic] = []
        self.deck: DeckEntry | None = None
        self.version = False
        self.note_types: dict[Kind, NoteTypeEntry] = {}
        self.parts: dict[tuple[str, str], list[Part]] = {}
        self.notes: dict[str, NoteEntry] = {}
        self.guids: dict[str, str] = {}

    def parse(self, text: str) -> Lock:
        for number, raw in enumerate(text.split("\n"), start=1):
            line = raw.removesuffix("\r")
            if line and not line.startswith("#"):
                self.line(number, line)
        if not self.problems:
            self.complete()
        if self.problems:
            raise ContentError(self.problems)
        note_types = {
            kind: replace(
                entry,
                fields=tuple(self.parts.get(("field", kind), ())),
                templates=tuple(self.parts.get(("template", kind), ())),
            )
            for kind, entry in self.note_types.items()
        }
        return Lock(self.deck, note_types, self.notes)

    def complete(self) -> None:
        """A lock cut short is as dangerous as none."""
        missing = [] if self.version else ["the line `version 1`"]
        missing += [] if self.deck else ["the line `deck …`"]
        for kind in dict.fromkeys((*KINDS, *self.note_types)):
            missing += [] if kind in self.note_types else [f"the line `note-type {kind} …`"]
            for part in ("field", "template"):
                missing += [] if (part, kind) in self.parts else [f"the lines `{part} {kind} …`"]
        if missing:
            message = f"the lock is not whole: it lacks {missing[0]}"
            self.problems.extend(_refuse(self.name, message).diagnostics)

    def line(self, number: int, line: str) -> None:
        match = _NOTE.fullmatch(line)
        if match is not None and self.plain_note(number, match):
            return
        word = line.split(" ", 1)[0]
        if line.startswith(_CONFLICT):
            self.problem(
                number,
                line,
                -1,
                "a merge conflict was left here",
                "keep the lines of both sides; of two lines for one note keep the one changed "
                "later; delete the markers and build",
            )
            return
        shape = _SHAPES.get(word)
        if shape is None:
            hint = did_you_mean(word, _SHAPES)
            self.problem(number, line, 0, f"'{word}' starts no line of a lock", hint or _RESTORE)
            return
        names = shape.split(" ")
        words = line.split(" ", len(names) - 1)
        if len(words) < len(names) or not all(words):
            message = f"the line is not of the form `{shape}`"
            self.problem(number, line, -1, message, _RESTORE)
            return
        start = len(word) + 2
        place = Span(self.name, number, start, number, start + len(words[1]))
        try:
            self.record(words, place)
        except _BadWordError as error:
            self.problem(number, line, error.word, str(error), _RESTORE)

    def problem(self, number: int, line: str, word: int, message: str, fix: str) -> None:
        """Report; `word` is the index of the bad word, or -1 for the whole line."""
        start, end = 0, len(line)
        if word >= 0:
            words = line.split(" ")
            start = sum(len(w) + 1 for w in words[:word])
            end = start + len(words[word])
        span = Span(self.name, number, start + 1, number, end + 1)
        self.problems.append(Diagnostic("bad-lock", message, span, fix))

    def record(self, words: Sequence[str], place: Span) -> None:
        match words[0]:
            case "version":
                if words[1] != "1":
                    raise _BadWordError(1, "a lock of another version; update Deckwright")
                self.version = True
            case "deck":
                if self.deck is not None:
                    raise _BadWordError(0, "a second deck")
                self.deck = DeckEntry(words[1], _id(words, 2), words[3], place)
            case "note-type":
                kind = _kind(words, 1)
                if kind in self.note_types:
                    raise _BadWordError(1, f"the note type '{kind}' stands twice")
                self.note_types[kind] = NoteTypeEntry(
                    kind=kind,
                    id=_id(words, 2),
                    name=words[5],
                    fields=(),
                    templates=(),
                    style=_match(words, 4, _HASH, "a hash of 32 hexadecimal digits"),
                    changed_at=_time(words, 3),
                    place=place,
                )
            case "field" | "template":
                parts = self.parts.setdefault((words[0], _kind(words, 1)), [])
                if words[2] != f"{len(parts) + 1:02d}":
                    raise _BadWordError(2, f"{words[0]} {len(parts) + 1:02d} should stand here")
                own = words[1] in KINDS
                parts.append(Part(_id(words, 3, _ID if own else _PART_ID), words[4]))
            case _:
                self.note(words, place)

    def plain_note(self, number: int, match: re.Match[str]) -> bool:
        """Take the line of a note of ours, as nearly all are; False if anything is odd about it."""
        word, key, kind, guid, numbers, first_seen, changed_at, content = match.groups()
        cards, first, changed = _card_numbers(numbers), _seconds(first_seen), _seconds(changed_at)
        if cards is None or first is None or changed is None or changed < first:
            return False
        if key in self.notes or guid in self.guids:
            return False
        start, end = match.span(2)
        place = Span(self.name, number, start + 1, number, end + 1)
        self.guids[guid] = key
        self.notes[key] = NoteEntry(
            key, kind, guid, cards, content, first, changed, word == "retired", place
        )
        return True

    def note(self, words: Sequence[str], place: Span) -> None:
        key = _match(words, 1, _KEY, "a note's id")
        if key in self.notes:
            first = self.notes[key].place
            line = first.line if first else 0
            raise _BadWordError(
                1, f"the note '{key}' stands twice, first in line {line}: keep the later change"
            )
        kind = _kind(words, 2)
        if kind not in KINDS and kind not in self.note_types:
            raise _BadWordError(
                2, f"'{kind}' is neither `basic` nor `cloze`, nor a note type of this lock"
            )
        entry = NoteEntry(
            key=key,
            kind=kind,
            guid=_guid(words, 3),
            numbers=_numbers(words, 4),
            first_seen=_time(words, 5),
            changed_at=_time(words, 6),
            content=_match(words, 7, _HASH, "a hash of 32 hexadecimal digits"),
            retired=words[0] == "retired",
            place=place,
        )
        if entry.changed_at < entry.first_seen:
            raise _BadWordError(6, "the note changed before it was first seen")
        if entry.guid in self.guids:
            raise _BadWordError(3, f"the guid is that of '{self.guids[entry.guid]}'")
        self.guids[entry.guid] = key
        self.notes[key] = entry


def _match(words: Sequence[str], index: int, pattern: re.Pattern[str], what: str) -> str:
    if not pattern.fullmatch(words[index]):
        raise _BadWordError(index, f"'{words[index]}' is not {what}")
    return words[index]


def _id(words: Sequence[str], index: int, pattern: re.Pattern[str] = _ID) -> int:
    number = int(_match(words, index, pattern, "an id"))
    if abs(number) >= 1 << 63:
        raise _BadWordError(index, f"'{words[index]}' is not an id")
    return number


def _kind(words: Sequence[str], index: int) -> Kind:
    if len(words[index]) > _MAX_KIND:
        raise _BadWordError(index, "the name of a note type is too long")
    return _match(words, index, _KIND, "`basic`, `cloze` or the id of a note type")


def _guid(words: Sequence[str], index: int) -> str:
    """Ours is plain; another's may hold anything, and stands as in an address."""
    if words[2] in KINDS:
        return _match(words, index, _GUID, "a guid of 16 letters and digits")
    return unquote(_match(words, index, _FOREIGN_GUID, "a guid"), errors="replace")


def _numbers(words: Sequence[str], index: int) -> tuple[int, ...]:
    if not _NUMBERS.fullmatch(words[index]):
        raise _BadWordError(index, f"'{words[index]}' is not a list of card numbers such as 1,2")
    numbers = _card_numbers(words[index])
    if numbers is None:
        raise _BadWordError(index, "card numbers stand in order, each once")
    return numbers


@lru_cache(maxsize=1024)  # most notes have the same
def _card_numbers(word: str) -> tuple[int, ...] | None:
    """The card numbers; None if they do not stand in order, each once."""
    numbers = tuple(map(int, word.split(",")))
    return numbers if list(numbers) == sorted(set(numbers)) else None


def _time(words: Sequence[str], index: int) -> int:
    seconds = _seconds(words[index])
    if seconds is None:
        raise _BadWordError(index, f"'{words[index]}' is not a time such as 2026-11-23T10:00:00Z")
    return seconds


@lru_cache(maxsize=1024)  # most notes share a few times
def _seconds(word: str) -> int | None:
    """Unix time of a time as the lock has it; None if it is none."""
    try:
        return int(datetime.fromisoformat(word).timestamp()) if _TIME.fullmatch(word) else None
    except ValueError:
        return None


# Writing


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


# Updating


def update(
    old: Lock,
    new: Lock,
    retired: Collection[str],
    now: int,
    span_of: Callable[[str], Span | None],
    *,
    variants: int = 1,
) -> tuple[Lock, list[Diagnostic]]:
    """The lock after this build, and everything that learners would have to suffer from.

    Args:
        old: The lock as it was.
        new: What the content asks for: entries without times, or those of `old` that still hold.
        retired: Ids of `retired.yaml`; that of an item stands for its facts too.
        now: Unix time in seconds, for what is new or changed.
        span_of: Note key -> where it stands in the content.
        variants: How many seconds a note type's times must lie apart: one for each choice of
            languages, which all share the time in the lock (see `targets.anki`).

    Returns:
        The new lock, to be used only if there are no errors, and the problems.

    Raises:
        ValueError: `now` is no time of this century, so the clock or SOURCE_DATE_EPOCH is wrong.
    """
    if now < EARLIEST:
        raise ValueError(f"{now} is before 2001: the clock or SOURCE_DATE_EPOCH is wrong")
    problems = [*_deck_problems(old, new)]
    if any(problem.code == "deck-id-changed" for problem in problems):
        return old, problems  # all else follows from it
    problems += _note_type_problems(old, new)
    notes: dict[str, NoteEntry] = {}
    for key, note in new.notes.items():
        if _is_retired(key, retired):
            problems.append(
                Diagnostic(
                    "retired-id",
                    f"the id '{key}' was retired: learners still have the old note under it, and "
                    "its history would go to the new one",
                    span_of(key),
                    "choose a new id; to bring the same note back, delete it from retired.yaml",
                )
            )
        known = old.notes.get(key)
        if known is None:
            notes[key] = replace(note, first_seen=now, changed_at=now)
            continue
        if known is note:
            notes[key] = known
            continue
        problems.extend(_note_problems(known, note, span_of(key)))
        changed = known.content != note.content
        notes[key] = replace(
            note,
            first_seen=known.first_seen,
            changed_at=max(now, known.changed_at + 1) if changed else known.changed_at,
            place=known.place,
        )
    for key, known in old.notes.items():
        if key in new.notes:
            continue
        notes[key] = replace(known, retired=True)
        item = key.partition(".")[0]
        gone_with_item = item != key and item in old.notes and item not in new.notes
        if not _is_retired(key, retired) and not gone_with_item:
            problems.append(_vanished(known, old, new, now, span_of))
    note_types = {
        kind: _dated(old.note_types.get(kind), entry, now, variants)
        for kind, entry in new.note_types.items()
    }
    return Lock(new.deck, note_types, notes), problems


def _is_retired(key: str, retired: Collection[str]) -> bool:
    return key in retired or key.partition(".")[0] in retired


def _dated(
    known: NoteTypeEntry | None, entry: NoteTypeEntry, now: int, variants: int
) -> NoteTypeEntry:
    if known is None:
        return replace(entry, changed_at=now)
    changed = replace(entry, changed_at=known.changed_at) != known
    at = max(now, known.changed_at + variants) if changed else known.changed_at
    return replace(entry, changed_at=at, place=known.place)


def _vanished(
    known: NoteEntry, old: Lock, new: Lock, now: int, span_of: Callable[[str], Span | None]
) -> Diagnostic:
    item, _, fact = known.key.partition(".")
    facts = "" if fact else _with_facts(item, old)
    hint = did_you_mean(known.key, [key for key in new.notes if key not in old.notes])
    month = datetime.fromtimestamp(now, UTC).strftime("%Y-%m")
    return Diagnostic(
        "vanished-id",
        f"the note '{known.key}'{facts} was published and is gone: learners keep its cards, and "
        "no correction reaches them any more",
        span_of(item) or known.place,
        f"{hint.replace('did you mean', 'was it renamed to') + ' ' if hint else ''}restore the id, "
        f"or list it in content/retired.yaml: `{known.key}: {{reason: …, on: {month}}}`",
    )


def _with_facts(item: str, old: Lock) -> str:
    count = sum(key.startswith(f"{item}.") and not old.notes[key].retired for key in old.notes)
    return "" if not count else f" with its {count} facts" if count > 1 else " with its fact"


def _note_problems(known: NoteEntry, note: NoteEntry, span: Span | None) -> Iterator[Diagnostic]:
    if known.guid != note.guid:
        yield Diagnostic(
            "bad-lock",
            f"the guid of '{note.key}' should be {note.guid}: with another one learners would get "
            "the note a second time",
            known.place,
            _RESTORE,
        )
    if known.retired and known.content != note.content:
        yield Diagnostic(
            "retired-id",
            f"the id '{note.key}' is that of a retired note with other content: learners' "
            "history of the old question would go to the new one",
            span,
            "choose a new id",
        )
    if known.kind != note.kind:
        yield Diagnostic(
            "kind-changed",
            f"'{note.key}' was a {known.kind} note and is now {note.kind}: Anki refuses the update",
            span,
            "restore it, or give the new one a new id and list the old one in retired.yaml",
        )
    elif gone := [number for number in known.numbers if number not in note.numbers]:
        listed = ", ".join(f"c{number}" for number in gone)
        yield Diagnostic(
            "cloze-removed",
            f"'{note.key}' had {listed}: its card stays with learners, empty, with its history",
            span,
            f"keep the number, and number a new cloze c{max(known.numbers) + 1}; or retire the "
            "fact and write it under a new id",
        )


def _deck_problems(old: Lock, new: Lock) -> Iterator[Diagnostic]:
    if old.deck is None or new.deck is None:
        return
    if (old.deck.id, old.deck.number) != (new.deck.id, new.deck.number):
        yield Diagnostic(
            "deck-id-changed",
            f"the deck's id was '{old.deck.id}' and is now '{new.deck.id}': every learner would "
            "get every note a second time",
            old.deck.place,
            "restore the id in deck.yaml; for a new deck delete content/deck.lock",
        )
    elif old.deck.name != new.deck.name:
        yield Diagnostic(
            "deck-renamed",
            f"the deck was named '{old.deck.name}' and is now '{new.deck.name}': Anki finds decks "
            "by name, so learners would get a second deck and new notes only there",
            old.deck.place,
            "restore the title in the first language of deck.yaml, and the order of languages",
        )


def _note_type_problems(old: Lock, new: Lock) -> Iterator[Diagnostic]:
    for kind, known in old.note_types.items():
        entry = new.note_types.get(kind)
        if entry is None:
            yield Diagnostic(
                "note-type-changed",
                f"note type '{known.name}' is gone from deck.yaml: learners keep its notes, and no "
                "correction reaches them any more",
                known.place,
                f"restore `{kind}` under `note_types` in deck.yaml",
            )
            continue
        if known.id != entry.id:
            yield _note_type_problem(known, "note-type-changed", "its id changed")
        for what, before, after in (
            ("field", known.fields, entry.fields),
            ("template", known.templates, entry.templates),
        ):
            change = _parts_change(what, before, after)
            if change:
                yield _note_type_problem(known, f"{what}s-changed", change)


def _note_type_problem(known: NoteTypeEntry, code: str, change: str) -> Diagnostic:
    return Diagnostic(
        code,
        f"note type '{known.name}': {change}, so Anki would refuse all updates of its notes",
        known.place,
        f"take one of the fields named '{SPARE} …' instead, and restore content/deck.lock",
    )


def _parts_change(what: str, before: Sequence[Part], after: Sequence[Part]) -> str:
    """What happened to fields or templates, or an empty string if Anki can follow it."""
    names = [part.name for part in after]
    ids = {part.id for part in after}
    known = {part.id for part in before}
    for part in before:
        if part.id not in ids:
            return f"the {what} '{part.name}' was removed"
    for part in after:
        if part.id not in known:
            return f"the {what} '{part.name}' was added"
    if [part.id for part in before] != [part.id for part in after]:
        return f"the {what}s were reordered"
    for place, part in enumerate(before):
        if part.name != names[place] and not part.name.startswith(SPARE):
            return f"the {what} '{part.name}' was renamed to '{names[place]}'"
    return ""
