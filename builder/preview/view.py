"""The deck as the page wants it: note types, style sheets and the notes of each topic, as JSON.

The page itself makes cards of notes, by Anki's rules: what is sent is what the package holds, not
thousands of sides of cards, most of which nobody looks at.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from builder import markup
from builder.diagnostics import Span
from builder.load import Loaded
from builder.lock import Lock
from builder.model import Deck, Item, Topic, html_language
from builder.project import Project
from builder.targets import anki, faces
from builder.targets.notes import Note


@dataclass(frozen=True, slots=True)
class View:
    """A state of the deck.

    Attributes:
        deck: JSON of the deck without its notes, but with a hash of each topic.
        topics: Topic id -> JSON of its items and notes.
        media: Name of each picture as the cards call it -> the file.
        print: Names of the printed outputs.
    """

    deck: str
    topics: Mapping[str, str]
    media: Mapping[str, Path]
    print: tuple[str, ...]

    def script(self, **more: object) -> str:
        """A program that defines all of it as DECKWRIGHT, with `more` beside it."""
        return _script(more, self.deck, self.topics)


def empty_script(**more: object) -> str:
    """As `View.script`, while there is no deck without errors."""
    return _script(more, "null", {})


def _script(more: Mapping[str, object], deck: str, topics: Mapping[str, str]) -> str:
    parts = [f"{_json(name)}:{_json(value)}" for name, value in more.items()]
    parts.append(f'"deck":{deck}')
    listed = ",".join(f"{_json(name)}:{text}" for name, text in topics.items())
    parts.append(f'"topics":{{{listed}}}')
    return f"window.DECKWRIGHT={{{','.join(parts)}}};\n"


@dataclass(frozen=True, slots=True)
class _Written:
    """A topic's JSON and what it was made of."""

    topic: Topic
    states: list[str]
    text: str
    digest: str


@dataclass(slots=True)
class Viewer:
    """Makes views of one project; topics that did not change are not written again.

    Attributes:
        project: The project.
        live: Whether authors look: then items know their place in the source, and notes whether
            they changed since deck.lock was written.
    """

    project: Project
    live: bool = True
    _kept: "dict[str, _Written]" = field(default_factory=dict)

    def view(self, loaded: Loaded, lock: Lock, downloads: Iterable[tuple[str, int]] = ()) -> View:
        """The deck as it is now.

        Args:
            loaded: The deck.
            lock: What learners have.
            downloads: Name and size of the outputs that the page should offer.

        Raises:
            ContentError: A card template has an error.
        """
        deck = loaded.deck
        topics = self._topics(loaded, lock)
        outputs = deck.file.outputs
        printed = tuple(name for name, output in outputs.items() if output.target != "anki")
        about: dict[str, object] = {
            "name": anki.deck_name(deck),
            "title": deck.file.title,
            "version": deck.file.version,
            "licence": deck.file.licence,
            "homepage": deck.file.homepage,
            "languages": {tag: html_language(tag) for tag in deck.languages},
            "variants": list(self._variants(deck)),
            "kinds": self._kinds(deck, lock),
            "print": printed,
            "downloads": [[name, size] for name, size in downloads],
            "topics": [{"id": name, "hash": written.digest} for name, written in topics.items()],
        }
        content = self.project.content
        media = {name: content / path for note in loaded.notes for name, path in note.media.items()}
        texts = {name: written.text for name, written in topics.items()}
        return View(_json(about), texts, media, printed)

    def _variants(self, deck: Deck) -> Iterator[dict[str, object]]:
        """The choices of languages: all, what the outputs show, and each language alone."""
        choices = [deck.languages]
        choices += [
            output.languages
            for output in deck.file.outputs.values()
            if output.target == "anki" and output.languages
        ]
        choices += [(language,) for language in deck.languages]
        for shown in dict.fromkeys(choices):
            yield {
                "id": "-".join(shown),
                "languages": shown,
                "css": faces.css(deck, self.project, shown),
            }

    def _kinds(self, deck: Deck, lock: Lock) -> dict[str, object]:
        return {
            kind: {
                "cloze": kind == "cloze",
                "name": face.entry.name,
                "template": face.entry.templates[0].name,
                "front": face.front,
                "back": face.back,
            }
            for kind, face in faces.faces(deck, self.project, lock).items()
        }

    def _topics(self, loaded: Loaded, lock: Lock) -> "dict[str, _Written]":
        notes: dict[str, list[Note]] = {}
        for note in loaded.notes:
            notes.setdefault(note.key.partition(".")[0], []).append(note)
        made: dict[str, _Written] = {}
        for topic in loaded.deck.topics:
            states = [self._state(note, lock) for item in topic.items for note in notes[item]]
            before = self._kept.get(topic.id)
            # Loading gives the same object again for a file that did not change.
            if before is None or before.topic is not topic or before.states != states:
                text = _json(self._topic(topic, notes, states, loaded.spans))
                digest = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
                before = _Written(topic, states, text, digest)
            made[topic.id] = before
        self._kept = made
        return made

    def _state(self, note: Note, lock: Lock) -> str:
        if not self.live:
            return ""
        known = lock.notes.get(note.key)
        if known is None:
            return "new"
        return "" if known.content == note.content else "changed"

    def _topic(
        self,
        topic: Topic,
        notes: Mapping[str, list[Note]],
        states: Iterable[str],
        spans: Mapping[str, Span],
    ) -> dict[str, object]:
        state = iter(states)
        return {
            "id": topic.id,
            "title": {language: _plain(text) for language, text in topic.title.items()},
            "items": [
                self._item(name, item, notes[name], state, spans)
                for name, item in topic.items.items()
            ],
        }

    def _item(
        self,
        name: str,
        item: Item,
        notes: list[Note],
        state: Iterator[str],
        spans: Mapping[str, Span],
    ) -> dict[str, object]:
        common = dict(notes[0].fields)
        for note in notes[1:]:
            common = {
                field: text for field, text in common.items() if note.fields.get(field) == text
            }
        return {
            "id": name,
            "level": item.level,
            "title": {language: _plain(text) for language, text in item.question.items()},
            "common": common,
            "notes": [
                {
                    "key": note.key,
                    "kind": note.kind,
                    "numbers": note.numbers,
                    "tags": note.tags,
                    "state": next(state),
                    **self._place(spans.get(note.key)),
                    "fields": {f: text for f, text in note.fields.items() if f not in common},
                }
                for note in notes
            ],
        }

    def _place(self, span: Span | None) -> dict[str, object]:
        if span is None or not self.live:
            return {}
        return {"place": [span.path, span.line, span.column]}


def _plain(text: str) -> str:
    return " ".join(markup.plain(markup.parse(text)).split())


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
