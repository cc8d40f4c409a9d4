"""What the notes of a deck say: an item gives a Basic note, each of its facts a Cloze note.

Everything that identifies a note or tells its age comes from the lock; here is only its content,
which depends on one topic alone.
"""

import hashlib
import html
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

from builder import lock as locks
from builder import markup, references
from builder.lock import KINDS, Kind
from builder.model import Deck, DeckFile, Item, Topic
from builder.project import Project
from builder.targets import faces


class Note(NamedTuple):
    """What a note says.

    Attributes:
        key: `item` or `item.fact`.
        kind: Which of the two note types.
        fields: Field name -> HTML; fields that are not named are empty.
        tags: Its tags, sorted.
        numbers: Card numbers, from 1.
        media: Package name of each picture -> its path in `content/figures`.
        content: Hash of all that learners get; of pictures too, whose names carry their hash.
    """

    key: str
    kind: Kind
    fields: Mapping[str, str]
    tags: tuple[str, ...]
    numbers: tuple[int, ...]
    media: Mapping[str, str]
    content: str


def notes(deck: Deck, project: Project) -> tuple[Note, ...]:
    """All notes of a deck in source order."""
    figures = project.content / "figures"
    return tuple(note for topic in deck.topics for note in write(topic, deck.file, figures))


def write(topic: Topic, deck: DeckFile, figures: Path) -> Iterator[Note]:
    """The notes of one topic in source order.

    Args:
        topic: The topic, without errors.
        deck: deck.yaml.
        figures: `content/figures`.
    """
    return _Writer(deck, figures).notes(topic)


class _Writer:
    """Renders items into fields."""

    def __init__(self, deck: DeckFile, figures: Path) -> None:
        self.deck = deck
        self.figures = figures
        self.names: dict[str, str] = {}
        self.plain = self.style("plain")
        self.cloze = self.style("anki")
        self.order = {kind: faces.field_names(kind, deck.languages) for kind in KINDS}

    def style(self, cloze: Literal["plain", "anki"]) -> markup.Style:
        return markup.Style(cloze=cloze, math=markup.anki_math, image=self.image, inline=True)

    def notes(self, topic: Topic) -> Iterator[Note]:
        title = self.texts("Topic", topic.title)
        for item_id, item in topic.items.items():
            tags = self.tags(topic, item)
            common = title | self.common(item)
            fields = {"Key": item_id} | common | self.question_fields(item)
            yield self.note(item_id, "basic", fields, tags, (1,))
            # Anki makes cards of clozes in any field, and these only look like clozes.
            context = {name: text.replace("{{c", "{&#123;c") for name, text in common.items()}
            for fact_id, fact in item.facts.items():
                key = f"{item_id}.{fact_id}"
                fields = {"Key": key} | context | self.texts("Text", fact, self.cloze)
                numbers = tuple(
                    n + 1 for n in markup.card_ordinals(t for t in fields.values() if "{{c" in t)
                )
                yield self.note(key, "cloze", fields, tags, numbers)

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
        ordered = {name: fields[name] for name in self.order[kind] if name in fields}
        pairs = [part for name, text in ordered.items() if text for part in (name, text)]
        content = locks.content_hash([kind, *pairs, *tags, *map(str, numbers)])
        return Note(key, kind, ordered, tags, numbers, media, content)

    def tags(self, topic: Topic, item: Item) -> tuple[str, ...]:
        own = self.deck.id
        tags = [f"{own}::level::{item.level}", f"{own}::topic::{topic.id}"]
        return tuple([*tags, f"{own}::verified"] if item.check else tags)

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
            fields["Figure"] = self.image(item.figure, "")
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
        return {"Table": markup.render(markup.parse(text), self.plain).strip()}

    def texts(
        self, role: str, texts: Mapping[str, str], style: markup.Style | None = None
    ) -> dict[str, str]:
        return {
            f"{role} {language}": markup.render(markup.parse(text), style or self.plain).strip()
            for language, text in texts.items()
        }

    def symbols(self, item: Item, language: str) -> str:
        rows = (
            f'<li><span class="symbol">{markup.anki_math(symbol, display=False)}</span> '
            f"{markup.render(markup.parse(meaning[language]), self.plain).strip()}</li>"
            for symbol, meaning in item.where.items()
        )
        return f"<ul>{''.join(rows)}</ul>"

    def image(self, source: str, alt: str) -> str:
        """A picture under a name that changes with its content.

        Anki keeps the file it has if another of the same name comes, and sees no new note if only a
        picture changed.
        """
        digest = hashlib.blake2b((self.figures / source).read_bytes(), digest_size=6)
        path = PurePosixPath(source)
        stem = re.sub(r"[^A-Za-z0-9]+", "-", path.stem).strip("-")
        name = f"{self.deck.id}-{stem}-{digest.hexdigest()}{path.suffix.lower()}"
        self.names[name] = source
        return f'<img src="{name}" alt="{html.escape(alt)}">'


_PICTURE = re.compile(r'<img src="([^"]+)"')


def source_link(reference: str) -> str:
    """HTML of a reference: arXiv numbers, DOIs and addresses become links, the rest stays text."""
    return "".join(
        f'<a href="{html.escape(address)}">{html.escape(text, quote=False)}</a>'
        if address
        else html.escape(text, quote=False)
        for text, address in references.parts(reference)
    )
