"""What is read of another deck, whatever format it came in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from builder.lock import Part


class UnreadableError(Exception):
    """The file is no deck that can be read; the message says why, as a clause."""


#: Characters of one field, at most: what is longer is data in disguise, and no card.
MAX_FIELD = 1_000_000
#: Notes of a deck, at most.
MAX_NOTES = 500_000


@dataclass(frozen=True, slots=True)
class SourceTemplate:
    """A card template in Anki's notation."""

    part: Part
    front: str
    back: str


@dataclass(frozen=True, slots=True)
class SourceType:
    """A note type.

    Attributes:
        id: Anki's id; 0 if the file says none.
        name: Its name.
        cloze: Whether its cards are made of clozes.
        fields: Its fields in order.
        templates: Its card templates in order.
        css: Its style sheet.
        sort: Index of the field that the Browser shows.
        changed_at: Unix time in seconds.
        right_to_left: Names of the fields that are written from right to left.
        latex: What stands before and after LaTeX for images, if not Anki's own.
        own: Whether nobody can have notes of it yet, so that questions may be plain items.
    """

    id: int
    name: str
    cloze: bool
    fields: tuple[Part, ...]
    templates: tuple[SourceTemplate, ...]
    css: str = ""
    sort: int = 0
    changed_at: int = 0
    right_to_left: tuple[str, ...] = ()
    latex: tuple[str, str] | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class SourceNote:
    """A note.

    Attributes:
        guid: What identifies it; empty if the file says none.
        type: Key of its note type in `Source.types`.
        fields: HTML of each field of the note type.
        tags: Its tags.
        decks: Card ordinal (from 0) -> full name of the card's deck; for a text file that of all
            cards, under 0.
        created: Unix time in seconds.
        changed: Unix time in seconds.
    """

    guid: str
    type: int
    fields: tuple[str, ...]
    tags: tuple[str, ...] = ()
    decks: Mapping[int, str] = field(default_factory=dict)
    created: int = 0
    changed: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """A whole deck.

    Attributes:
        notes: Its notes in the order of study.
        types: Their note types.
        media: Name as fields call it -> where the file lies now.
        losses: What could not be read -> how often.
        descriptions: Full name of a deck -> what it says of itself, HTML or Markdown.
    """

    notes: tuple[SourceNote, ...]
    types: Mapping[int, SourceType]
    media: Mapping[str, Path] = field(default_factory=dict)
    losses: Mapping[str, int] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)
