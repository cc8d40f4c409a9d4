"""Notes of another deck as items and kept notes of a project.

A note type stays what it is, with its id, fields and templates: only so do learners' cards stay
theirs. What can change is where a note is written. One that has a question and an answer and
nothing else becomes an item, which is also printed; any other is kept, field by field, as Markdown
or as HTML.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from builder import figures as pictures
from builder import kept as keeping
from builder.importing.canonical import TooDeepError, clozes, with_clozes
from builder.importing.markdown import MAX_TEXT, to_markdown
from builder.importing.names import Names, words
from builder.importing.printable import one_line, printable
from builder.importing.records import Source, SourceNote, SourceType
from builder.lock import KINDS, Part
from builder.model import tag_problem
from builder.targets.notes import field_style


@dataclass(frozen=True, slots=True)
class Roles:
    """The fields that an item's question and answer fill."""

    question: int
    answer: int


@dataclass(frozen=True, slots=True)
class ImportedType:
    """A note type under its id in the project."""

    id: str
    source: SourceType
    roles: Roles | None


@dataclass(slots=True)
class ImportedNote:
    """A note as it will be written.

    Attributes:
        key: Its permanent id.
        source: What it is made of.
        type: Its note type.
        deck: Full name of its deck.
        item: Question and answer in Markdown; None for a kept note.
        fields: Field -> Markdown.
        html: Field -> HTML.
        tags: Its tags.
    """

    key: str
    source: SourceNote
    type: ImportedType
    deck: str
    item: tuple[str, str] | None = None
    fields: dict[str, str] = field(default_factory=dict)
    html: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it is an item like any other, with no note type but ours."""
        return self.item is not None and self.type.source.own


@dataclass(slots=True)
class Imported:
    """The whole deck, ready to be written.

    Attributes:
        types: Its note types.
        notes: Its notes in the order of study.
        media: Name in `content/media` -> name in the source.
        figures: Name in `content/figures` -> name in the source.
        losses: What could not be taken over -> how often.
    """

    types: tuple[ImportedType, ...]
    notes: list[ImportedNote]
    media: dict[str, str] = field(default_factory=dict)
    figures: dict[str, str] = field(default_factory=dict)
    losses: Counter[str] = field(default_factory=Counter)


def convert(source: Source, safe_name: Callable[[str], str], home: str) -> Imported:
    """Decide for each note and each field what becomes of it.

    Args:
        source: What was read.
        safe_name: Gives a name that is safe for a file.
        home: The deck for notes that say none.
    """
    losses = Counter(source.losses)
    types = _types(source)
    made = Imported(tuple(types.values()), [], losses=losses)
    renamed = _media_names(source.media, safe_name)
    made.media = {new: old for old, new in renamed.items()}
    names = Names()
    seen: set[str] = set()
    for note in source.notes:
        if note.guid and note.guid in seen:
            losses["notes with the guid of another"] += 1
            continue
        seen.add(note.guid)
        if not any(text.strip() for text in note.fields):
            losses["notes without any text"] += 1
            continue
        decks = list(dict.fromkeys(name for _, name in sorted(note.decks.items()) if name))
        if len(decks) > 1:
            losses["notes whose cards lie in several decks: all go to that of the first"] += 1
        fields = tuple(_renamed(text, renamed) for text in note.fields)
        key = names.free(words(next((t for t in fields if t.strip()), "")) or "note")
        imported = ImportedNote(
            key, note, types[note.type], decks[0] if decks else home, tags=_tags(note.tags, losses)
        )
        _fill(imported, fields, made)
        made.notes.append(imported)
    return made


def keep_as_fields(note: ImportedNote) -> None:
    """Write an item field by field, since it cannot be printed."""
    if note.item and note.type.roles:
        names = [part.name for part in note.type.source.fields]
        note.fields[names[note.type.roles.question]] = note.item[0]
        note.fields[names[note.type.roles.answer]] = note.item[1]
    note.item = None


def keep_as_html(note: ImportedNote, made: Imported) -> None:
    """Write a note as it was, since the project's own checks refuse its Markdown."""
    renamed = {old: new for new, old in made.media.items()}
    note.item, note.fields = None, {}
    for part, text in zip(note.type.source.fields, note.source.fields, strict=True):
        cleaned = printable(keeping.clean(printable(_renamed(text, renamed))))
        if cleaned.strip():
            note.html[part.name] = cleaned


def _fill(note: ImportedNote, fields: tuple[str, ...], made: Imported) -> None:
    source = note.type.source
    roles = note.type.roles
    style = field_style(cloze=source.cloze)
    filled = {place for place, text in enumerate(fields) if text.strip()}
    if roles and filled == {roles.question, roles.answer}:
        question, answer = fields[roles.question], fields[roles.answer]
        pair = [to_markdown(printable(text), style) for text in (question, answer)]
        if pair[0] is not None and pair[1] is not None and _printable_item(question + answer, made):
            note.item = (pair[0], pair[1])
            return
    for place in sorted(filled):
        text = printable(fields[place])
        name = source.fields[place].name
        cleaned = printable(keeping.clean(text))
        markdown = to_markdown(text, style) if _shows_known_pictures(text, made) else None
        if markdown is not None:
            note.fields[name] = markdown
        elif cleaned.strip():
            note.html[name] = cleaned
        if markdown is None and _differ(cleaned, text):
            made.losses["fields that lost scripts, addresses of pictures or the like"] += 1


def _differ(cleaned: str, text: str) -> bool:
    """Whether cleaning took something away that one could see."""
    if len(text) > MAX_TEXT:
        return len(cleaned) < len(text) // 2
    try:
        return clozes(cleaned) != clozes(text) or with_clozes(cleaned) != with_clozes(text)
    except TooDeepError:
        return True


def _printable_item(html: str, made: Imported) -> bool:
    """Whether an item can say it: sounds cannot be printed, pictures must be figures."""
    if "[sound:" in html or re.search(r"\[(?:latex|\$|\$\$)\]", html):
        return False
    if not _shows_known_pictures(html, made):
        return False
    for name in keeping.references(html):
        known = keeping.found(name, made.media) or ""
        made.figures[known] = made.media[known]
    return True


def _shows_known_pictures(html: str, made: Imported) -> bool:
    """Whether all pictures are there, and of a kind that Markdown can show."""
    for name in keeping.references(html):
        if f"[sound:{name}]" in html:
            continue
        known = keeping.found(name, made.media)
        if known is None or not known.lower().endswith(pictures.KINDS):
            return False
    return True


def _tags(tags: Collection[str], losses: Counter[str]) -> tuple[str, ...]:
    """The tags that Anki would keep as they are, each once."""
    kept: dict[str, str] = {}
    for tag in sorted(filter(None, (printable(tag).strip() for tag in tags))):
        if tag_problem(tag):
            losses["tags with spaces, quotation marks or an empty part"] += 1
        else:
            kept.setdefault(tag.casefold(), tag)
    return tuple(kept.values())


# Note types


def _types(source: Source) -> dict[int, ImportedType]:
    names = Names(KINDS)
    made: dict[int, ImportedType] = {}
    for key, original in source.types.items():
        kind = _on_lines(original)
        name = words(kind.name) or "type"
        free = names.free(f"anki-{name}" if name in KINDS else name)
        made[key] = ImportedType(free, kind, _roles(kind))
    return made


def _on_lines(kind: SourceType) -> SourceType:
    """The note type with names as deck.yaml can hold them."""
    return replace(
        kind,
        name=one_line(kind.name) or "Note type",
        fields=tuple(Part(part.id, one_line(part.name) or "Field") for part in kind.fields),
        templates=tuple(
            replace(each, part=Part(each.part.id, one_line(each.part.name) or "Card"))
            for each in kind.templates
        ),
        right_to_left=tuple(map(one_line, kind.right_to_left)),
    )


_SHOWN = re.compile(r"\{\{(?![#^/!])([^{}]+)\}\}")


def _roles(kind: SourceType) -> Roles | None:
    """The question is the first field on the front, the answer the first other one on the back."""
    if kind.cloze or not kind.templates:
        return None
    places = {part.name: place for place, part in enumerate(kind.fields)}

    def shown(side: str) -> Iterator[int]:
        for match in _SHOWN.finditer(side):
            name = match[1].rpartition(":")[2].strip()
            if name in places:
                yield places[name]

    first = kind.templates[0]
    question = next(shown(first.front), None)
    answer = next((place for place in shown(first.back) if place != question), None)
    return None if question is None or answer is None else Roles(question, answer)


# Media


def _media_names(media: Collection[str], safe_name: Callable[[str], str]) -> dict[str, str]:
    """Name in the source -> a safe one, and another for each."""
    made: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(media, key=lambda name: (safe_name(name) != name, name)):
        safe = safe_name(name)
        stem, dot, suffix = safe.rpartition(".")
        number = 1
        while unicodedata.normalize("NFKC", safe).casefold() in taken:
            number += 1
            safe = f"{stem}-{number}{dot}{suffix}" if dot else f"{suffix}-{number}"
        taken.add(unicodedata.normalize("NFKC", safe).casefold())
        made[name] = safe
    return made


def _renamed(html: str, names: Mapping[str, str]) -> str:
    """A field with the safe names of its media."""

    def name(reference: str) -> str | None:
        known = keeping.found(unicodedata.normalize("NFC", reference), names)
        return None if known is None or names[known] == reference else names[known]

    return keeping.renamed(html, name)
