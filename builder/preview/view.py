"""The deck as the page wants it: note types, style sheets and the notes of each topic, as JSON.

The page itself makes cards of notes, by Anki's rules: what is sent is what the package holds, not
thousands of sides of cards, most of which nobody looks at.
"""

import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from builder import kept as keeping
from builder import markup
from builder.diagnostics import ContentError, Span
from builder.kept import Kept
from builder.load import Loaded
from builder.lock import Lock
from builder.model import Deck, Topic, html_language
from builder.preview.assets import may_be_shown
from builder.project import Project
from builder.targets import anki, faces
from builder.targets.notes import Note

#: How the program begins that holds a deck.
SCRIPT = "window.DECKWRIGHT={"


@dataclass(frozen=True, slots=True)
class View:
    """A state of the deck.

    Attributes:
        deck: JSON of the deck without its notes, but with a hash of each topic.
        topics: Topic id -> JSON of its items and notes.
        media: Name of each picture as the cards call it -> the file, for `figures.read`.
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
    return f"{SCRIPT}{','.join(parts)}}};\n"


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
        kept = keeping.read(self.project, deck.file)
        if kept.problems:
            raise ContentError(kept.problems)
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
            "kinds": self._kinds(deck, lock, kept),
            "print": printed,
            "downloads": [[name, size] for name, size in downloads],
            "topics": [{"id": name, "hash": written.digest} for name, written in topics.items()],
        }
        content = self.project.content
        media = {name: content / path for note in loaded.notes for name, path in note.media.items()}
        # Templates and styles of imported decks refer to these.
        media |= {name: content / "media" / name for name in kept.media if name.startswith("_")}
        media = {name: file for name, file in media.items() if may_be_shown(name)}
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

    def _kinds(self, deck: Deck, lock: Lock, kept: Kept) -> dict[str, object]:
        made: dict[str, object] = {
            kind: {
                "cloze": kind == "cloze",
                "name": face.entry.name,
                "templates": [_template(face.entry.templates[0].name, face.front, face.back)],
            }
            for kind, face in faces.faces(deck, self.project, lock).items()
        }
        for kind, note_type in deck.file.note_types.items():
            design = kept.designs[kind]
            made[kind] = {
                "cloze": note_type.cloze,
                "name": note_type.name,
                "css": design.css,
                "templates": [
                    _template(name, *sides)
                    for name, sides in zip(note_type.cards, design.sides, strict=True)
                ],
            }
        return made

    def _topics(self, loaded: Loaded, lock: Lock) -> "dict[str, _Written]":
        notes: dict[str, list[Note]] = {}
        for note in loaded.notes:
            notes.setdefault(note.key.partition(".")[0], []).append(note)
        made: dict[str, _Written] = {}
        for topic in loaded.deck.topics:
            keys = (*topic.items, *topic.notes)
            states = [self._state(note, lock) for key in keys for note in notes[key]]
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
            "title": _plain(topic.title),
            "items": [
                self._item(name, item.level, _plain(item.question), notes[name], state, spans)
                for name, item in topic.items.items()
            ]
            + [
                self._item(name, "", {"": _first_words(notes[name][0])}, notes[name], state, spans)
                for name in topic.notes
            ],
        }

    def _item(
        self,
        name: str,
        level: str,
        title: Mapping[str, str],
        notes: list[Note],
        state: Iterator[str],
        spans: Mapping[str, Span],
    ) -> dict[str, object]:
        fields = [note.fields for note in notes]
        shared = set(fields[0].items()).intersection(*(other.items() for other in fields[1:]))
        common = dict(pair for pair in fields[0].items() if pair in shared)
        return {
            "id": name,
            "level": level,
            "title": title,
            "common": common,
            "notes": [
                {
                    "key": note.key,
                    "kind": note.kind,
                    "numbers": note.numbers,
                    "tags": note.tags,
                    "state": next(state),
                    **({"deck": note.deck} if note.deck else {}),
                    **self._place(spans.get(note.key)),
                    "fields": {f: text for f, text in own.items() if f not in common},
                }
                for note, own in zip(notes, fields, strict=True)
            ],
        }

    def _place(self, span: Span | None) -> dict[str, object]:
        if span is None or not self.live:
            return {}
        return {"place": [span.path, span.line, span.column]}


def _template(name: str, front: str, back: str) -> dict[str, str]:
    return {"name": name, "front": front, "back": back}


def _plain(texts: Mapping[str, str]) -> dict[str, str]:
    return {
        language: " ".join(markup.plain(markup.parse(text)).split())
        for language, text in texts.items()
    }


_TAG = re.compile(r"<[^>]*>|\{\{c[0-9,]+::|\}\}")
#: Characters of an imported note that stand for it in the list.
_TITLE = 80


def _first_words(note: Note) -> str:
    """What an imported note begins with: it has no question to call it by."""
    texts = (" ".join(html.unescape(_TAG.sub(" ", text)).split()) for text in note.fields.values())
    return next(filter(None, texts), note.key)[:_TITLE]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
