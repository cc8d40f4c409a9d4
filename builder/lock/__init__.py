"""`content/deck.lock`: who every note is and when it last changed.

Anki knows a note by its guid, and takes an update only if the incoming note is newer than the
learner's. So a build must remember what it shipped: with one time for all notes, an update either
wipes the learner's own tags and edits everywhere or never arrives at all. The lock is that memory.
It is committed, so that every machine builds the same package, and it holds one line a note, sorted
by id, so that two branches that add notes merge without a conflict.
"""

from builder.lock.reading import missing, parse, read
from builder.lock.records import (
    KINDS,
    SEPARATOR,
    SPARE,
    DeckEntry,
    Kind,
    Lock,
    NoteEntry,
    NoteTypeEntry,
    Part,
    content_hash,
    guid,
    guids,
    stable_id,
)
from builder.lock.updating import update

__all__ = [
    "KINDS",
    "SEPARATOR",
    "SPARE",
    "DeckEntry",
    "Kind",
    "Lock",
    "NoteEntry",
    "NoteTypeEntry",
    "Part",
    "content_hash",
    "guid",
    "guids",
    "missing",
    "parse",
    "read",
    "stable_id",
    "update",
]
