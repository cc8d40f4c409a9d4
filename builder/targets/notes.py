"""What the notes of a deck say: an item gives a Basic note, each of its facts a Cloze note.

Everything that identifies a note or tells its age comes from the lock; here is only its content,
which depends on one topic alone.
"""

import hashlib
import html
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import repeat
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

from builder import figures, markup, references
from builder import kept as keeping
from builder import lock as locks
from builder.kept import Kept
from builder.lock import KINDS, SEPARATOR, Kind
from builder.model import Deck, DeckFile, Item, KeptNote, NoteType, Topic, html_language
from builder.project import Project
from builder.targets import faces


class Note(NamedTuple):
    """What a note says.

    Attributes:
        key: `item` or `item.fact`.
        kind: Which note type.
        names: The fields of the note type, in the order of a new deck's lock.
        values: The HTML of each, joined as Anki keeps them, in UTF-8: several times as quickly
            kept, fetched and packed as a text for each field, and half as large in memory.
        tags: Its tags, sorted.
        numbers: Card numbers, from 1.
        media: Package name of each media file -> its path in `content`, for `figures.read`.
        content: Hash of all that learners get, media too.
        deck: Full name of its cards' deck in Anki; empty for the deck's own.
    """

    key: str
    kind: Kind
    names: tuple[str, ...]
    values: bytes
    tags: tuple[str, ...]
    numbers: tuple[int, ...]
    media: Mapping[str, str]
    content: str
    deck: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """Field name -> HTML, of the fields that are not empty."""
        pairs = zip(self.names, self.values.decode().split(SEPARATOR), strict=True)
        return {name: text for name, text in pairs if text}

    def arranged(self, names: tuple[str, ...]) -> bytes:
        """The values of these fields, in this order, joined likewise."""
        if names == self.names:
            return self.values
        return SEPARATOR.join(map(self.fields.get, names, repeat(""))).encode()


def notes(deck: Deck, project: Project) -> tuple[Note, ...]:
    """All notes of a deck in source order."""
    folder = project.content / "figures"
    kept = keeping.read(project, deck.file)
    return tuple(note for topic in deck.topics for note in write(topic, deck.file, folder, kept))


def write(topic: Topic, deck: DeckFile, folder: Path, kept: Kept) -> Iterator[Note]:
    """The notes of one topic in source order.

    Args:
        topic: The topic, without errors.
        deck: deck.yaml.
        folder: `content/figures`.
        kept: What the project keeps of imported decks.
    """
    writer = _Writer(deck, folder, kept)
    for note in (*writer.notes(topic), *writer.kept_notes(topic)):
        yield note._replace(deck=topic.deck or "")


class _Writer:
    """Renders items into fields."""

    def __init__(self, deck: DeckFile, folder: Path, kept: Kept) -> None:
        self.deck = deck
        self.figures = folder
        self.kept = kept
        self.names: dict[str, str] = {}
        self.plain = {language: self.style("plain", language) for language in deck.languages}
        self.cloze = {language: self.style("anki", language) for language in deck.languages}
        self.order = {kind: tuple(faces.field_names(kind, deck.languages)) for kind in KINDS}

    def style(self, cloze: Literal["plain", "anki"], language: str) -> markup.Style:
        """How the texts of a language become HTML: pictures with words show that language's."""

        def image(source: str, alt: str) -> str:
            return self.image(figures.in_language(self.figures, source, language), alt)

        return markup.Style(cloze=cloze, math=markup.anki_math, image=image, inline=True)

    def notes(self, topic: Topic) -> Iterator[Note]:
        title = self.texts("Topic", topic.title)
        for item_id, item in topic.items.items():
            tags = self.tags(topic, item)
            common = title | self.common(item)
            fields = {"Key": item_id} | common | self.question_fields(item)
            if item.type is None:
                yield self.note(item_id, "basic", fields, tags, (1,))
            else:
                note_type = self.deck.note_types[item.type]
                fields = _question_and_answer(note_type, fields, self.deck.languages)
                yield self.foreign(item_id, item.type, note_type, fields, item.tags)
            # Anki makes cards of clozes in any field, and these only look like clozes.
            context = {name: text.replace("{{c", "{&#123;c") for name, text in common.items()}
            for fact_id, fact in item.facts.items():
                key = f"{item_id}.{fact_id}"
                fields = {"Key": key} | context | self.texts("Text", fact, self.cloze)
                numbers = tuple(
                    n + 1 for n in markup.card_ordinals(t for t in fields.values() if "{{c" in t)
                )
                yield self.note(key, "cloze", fields, tags, numbers)

    def kept_notes(self, topic: Topic) -> Iterator[Note]:
        """The notes of imported note types, as their authors wrote them."""
        for key, note in topic.notes.items():
            note_type = self.deck.note_types[note.type]
            yield self.foreign(key, note.type, note_type, self.kept_fields(note), note.tags)

    def kept_fields(self, note: KeptNote) -> dict[str, str]:
        style = field_style(cloze=self.deck.note_types[note.type].cloze)
        made = {
            name: markup.render(markup.parse(text), style).strip()
            for name, text in note.fields.items()
        }
        return made | note.html

    def foreign(
        self,
        key: str,
        kind: Kind,
        note_type: NoteType,
        fields: Mapping[str, str],
        tags: tuple[str, ...],
    ) -> Note:
        """A note of an imported note type: its cards are those that Anki makes of it."""
        if note_type.cloze:
            texts = (text for text in fields.values() if "{{c" in text)
            numbers = tuple(n + 1 for n in markup.card_ordinals(texts)) or (1,)
        else:
            fronts = [front for front, _ in self.kept.designs[kind].sides]
            numbers = keeping.card_numbers(fronts, fields)
        media: dict[str, str] = {}
        hashes: list[str] = []
        for text in fields.values():
            for reference in keeping.references(text):
                name = keeping.found(reference, self.kept.media)
                if reference in self.names:
                    media[reference] = self.names[reference]
                elif name is not None and name not in media:
                    media[name] = f"media/{name}"
                    hashes.append(self.kept.media[name])
        names = note_type.fields
        values = [fields.get(name, "") for name in names]
        pairs = [part for pair in zip(names, values, strict=True) if pair[1] for part in pair]
        tags = tuple(sorted(dict.fromkeys(tags)))
        content = locks.content_hash([kind, *pairs, *tags, *map(str, numbers), *hashes])
        return Note(
            key, kind, names, SEPARATOR.join(values).encode(), tags, numbers, media, content
        )

    def note(
        self,
        key: str,
        kind: Kind,
        fields: Mapping[str, str],
        tags: tuple[str, ...],
        numbers: tuple[int, ...],
    ) -> Note:
        pictures = [
            name for text in fields.values() if "<img" in text for name in _PICTURE.findall(text)
        ]
        media = {name: self.names[name] for name in dict.fromkeys(pictures)}
        # In one order, however they were made: the content hash depends on it.
        names = self.order[kind]
        values = [*map(fields.get, names, repeat(""))]
        pairs = [part for pair in zip(names, values, strict=True) if pair[1] for part in pair]
        content = locks.content_hash([kind, *pairs, *tags, *map(str, numbers)])
        return Note(
            key, kind, names, SEPARATOR.join(values).encode(), tags, numbers, media, content
        )

    def tags(self, topic: Topic, item: Item) -> tuple[str, ...]:
        own = self.deck.id
        tags = [f"{own}::level::{item.level}", f"{own}::topic::{topic.id}"]
        verified = [f"{own}::verified"] if item.check else []
        return tuple(dict.fromkeys([*tags, *verified, *sorted(item.tags)]))

    def common(self, item: Item) -> dict[str, str]:
        """The fields of both note types: what a fact shows of its question is the question."""
        fields = self.texts("Question", item.question)
        if item.formula:
            fields["Formula"] = markup.anki_math(item.formula.strip(), display=True)
        if item.detail:
            fields |= self.texts("Detail", item.detail)
        if item.where:
            for language in self.deck.languages:
                fields[f"Symbols {language}"] = self.symbols(item, language)
        fields["Level"] = item.level
        if item.as_of:
            fields["As of"] = item.as_of
        if item.refs:
            fields["Sources"] = " · ".join(map(source_link, item.refs))
        return fields

    def question_fields(self, item: Item) -> dict[str, str]:
        """The fields of a Basic note only."""
        fields = self.texts("Answer", item.answer)
        if item.figure:
            fields["Figure"] = self.figure(item.figure)
        if item.code:
            fields["Code"] = markup.highlight(item.code.source, item.code.language)
        if item.table:
            fields |= self.table(item.table)
        if item.pitfall:
            fields |= self.texts("Pitfall", item.pitfall)
        return fields

    def table(self, table: Mapping[str, str]) -> dict[str, str]:
        """A table that is the same in all languages is shown once, and with any of them."""
        if len(set(table.values())) > 1:
            return self.texts("Table", table)
        text = table[self.deck.languages[0]]
        return {
            "Table": markup.render(markup.parse(text), self.plain[self.deck.languages[0]]).strip()
        }

    def texts(
        self, role: str, texts: Mapping[str, str], styles: Mapping[str, markup.Style] | None = None
    ) -> dict[str, str]:
        styles = styles or self.plain
        return {
            f"{role} {language}": markup.render(markup.parse(text), styles[language]).strip()
            for language, text in texts.items()
        }

    def symbols(self, item: Item, language: str) -> str:
        rows = (
            f'<li><span class="symbol">{markup.anki_math(symbol, display=False)}</span> '
            f"{markup.render(markup.parse(meaning[language]), self.plain[language]).strip()}</li>"
            for symbol, meaning in item.where.items()
        )
        return f"<ul>{''.join(rows)}</ul>"

    def figure(self, source: str) -> str:
        """A figure; if it has words, once a language: the style sheet shows those wanted."""
        shown = {
            language: figures.in_language(self.figures, source, language)
            for language in self.deck.languages
        }
        if source in shown.values():
            return self.image(source, figures.title(self.figures, source, self.deck.languages[0]))
        pictures = (
            self.image(name, figures.title(self.figures, source, language)).replace(
                ">", f' lang="{html_language(language)}">'
            )
            for language, name in shown.items()
        )
        return "".join(pictures)

    def image(self, source: str, alt: str) -> str:
        """A picture under a name that changes with its content.

        Anki keeps the file it has if another of the same name comes, and sees no new note if only a
        picture changed.
        """
        digest = hashlib.blake2b(figures.read(self.figures / source), digest_size=6)
        path = PurePosixPath(figures.path(source))
        stem = re.sub(r"[^A-Za-z0-9]+", "-", path.stem).strip("-")
        name = f"{self.deck.id}-{stem}-{digest.hexdigest()}{path.suffix.lower()}"
        self.names[name] = f"figures/{source}"
        return f'<img src="{name}" alt="{html.escape(alt)}">'


def field_style(*, cloze: bool) -> markup.Style:
    """How the Markdown of an imported note's field becomes HTML; its pictures keep their names."""
    style: Literal["plain", "anki"] = "anki" if cloze else "plain"
    return markup.Style(cloze=style, math=markup.anki_math, image=_kept_image, inline=True)


def _kept_image(name: str, alt: str) -> str:
    described = f' alt="{html.escape(alt)}"' if alt else ""
    return f'<img src="{html.escape(name)}"{described}>'


#: What of an item follows its answer, in the order of our own cards.
_AFTER = ("Formula", "Figure", "Code", "Table", "Pitfall", "Symbols", "Detail")


def _question_and_answer(
    note_type: NoteType, fields: Mapping[str, str], languages: tuple[str, ...]
) -> dict[str, str]:
    """An item in two fields: what has none of its own follows the answer."""

    def texts(role: str) -> list[str]:
        names = [role, *(f"{role} {language}" for language in languages)]
        return [fields[name] for name in names if fields.get(name)]

    question, answer = note_type.question or "", note_type.answer or ""
    parts = [*texts("Answer"), *(text for role in _AFTER for text in texts(role))]
    return {question: _joined(texts("Question")), answer: _joined(parts)}


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else "".join(f"<div>{part}</div>" for part in parts)


_PICTURE = re.compile(r'<img src="([^"]+)"')


@lru_cache(maxsize=4096)  # a deck cites the same papers again and again
def source_link(reference: str) -> str:
    """HTML of a reference: arXiv numbers, DOIs and addresses become links, the rest stays text."""
    return "".join(
        f'<a href="{html.escape(address)}">{html.escape(text, quote=False)}</a>'
        if address
        else html.escape(text, quote=False)
        for text, address in references.parts(reference)
    )
