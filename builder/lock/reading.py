"""The text of a lock to its records, with every problem at its place.

Reading is strict: a damaged lock must never pass for an empty one, or every note would count as
changed, and an update would overwrite what learners wrote in theirs.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from builder.diagnostics import ContentError, Diagnostic, Span, did_you_mean
from builder.lock.records import (
    KINDS,
    RESTORE,
    DeckEntry,
    Kind,
    Lock,
    NoteEntry,
    NoteTypeEntry,
    Part,
)


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


def missing(name: str) -> ContentError:
    """What to raise where there must be a lock and is none."""
    return _refuse(name, "there is no lock, but the last commit has it")


def _refuse(name: str, message: str) -> ContentError:
    return ContentError([Diagnostic("bad-lock", message, Span(name, 1, 1, 1, 1), RESTORE)])


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
        self.conflicts: list[Diagnostic] = []
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
        if self.conflicts:
            # Two sides in one file break other rules too, and git restores no unmerged file.
            raise ContentError(self.conflicts)
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
            self.conflicts.append(
                Diagnostic(
                    "bad-lock",
                    "a merge conflict was left here",
                    Span(self.name, number, 1, number, len(line) + 1),
                    "keep the lines of both sides; of two lines for one note keep the one changed "
                    "later; delete the markers and build",
                )
            )
            return
        shape = _SHAPES.get(word)
        if shape is None:
            hint = did_you_mean(word, _SHAPES)
            self.problem(number, line, 0, f"'{word}' starts no line of a lock", hint or RESTORE)
            return
        names = shape.split(" ")
        words = line.split(" ", len(names) - 1)
        if len(words) < len(names) or not all(words):
            message = f"the line is not of the form `{shape}`"
            self.problem(number, line, -1, message, RESTORE)
            return
        start = len(word) + 2
        place = Span(self.name, number, start, number, start + len(words[1]))
        try:
            self.record(words, place)
        except _BadWordError as error:
            self.problem(number, line, error.word, str(error), RESTORE)

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
