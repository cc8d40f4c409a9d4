"""What Anki makes of a package, as text that a person can read in a diff.

A temporary collection imports the package; everything that a learner could see is written as
YAML: decks, note types, notes, every card's two sides, and what Anki's own checks say. Ids that
Anki draws and times of the import are left out, so the text is the same on every machine.
"""

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from anki.collection import Collection
from anki.decks import DEFAULT_DECK_ID, DeckId
from anki.models import NotetypeDict
from anki.notes import Note

from tests.anki.harness import import_package, new_collection

#: Before these tags a line break makes the HTML readable; none of them is inline.
_BLOCKS = (
    "address|article|aside|blockquote|dd|details|div|dl|dt|figcaption|figure|footer|h[1-6]|header|"
    "hr|li|main|nav|ol|p|pre|section|summary|svg|table|tbody|td|tfoot|th|thead|tr|ul"
)
_BREAK = re.compile(rf"(?<=[^\n])(?=<(?:{_BLOCKS})\b)|(?<=>)(?=</(?:{_BLOCKS})>)")
_PRE = re.compile(r"(<pre\b.*?</pre>)", re.DOTALL)


def dump(apkg: bytes) -> str:
    """The imported package as YAML text."""
    with new_collection() as collection:
        log = import_package(collection, apkg)
        result = {
            "decks": _decks(collection),
            "note types": _note_types(collection),
            "notes": _notes(collection),
            "media": sorted(_media(collection)),
            "checks": {
                "import": log.counts(),
                "empty cards": len(collection.get_empty_cards().notes),
                "missing media": list(collection.media.check().missing),
                "unused media": list(collection.media.check().unused),
                "database": "clean" if collection.fix_integrity()[1] else "mended",
                "second import": import_package(collection, apkg).counts(),
            },
        }
    return yaml.dump(
        result, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10**9, indent=2
    )


def _decks(collection: Collection) -> dict[str, Any]:
    """Decks by full name; Anki's own, which it cannot be without, only if it is used."""
    return {
        entry.name: _deck(collection, DeckId(entry.id))
        for entry in sorted(collection.decks.all_names_and_ids(), key=lambda deck: deck.name)
        if entry.id != 1 or collection.decks.card_count(DEFAULT_DECK_ID, include_subdecks=False)
    }


def _deck(collection: Collection, deck_id: DeckId) -> dict[str, Any]:
    deck = collection.decks.get(deck_id)
    assert deck is not None, deck_id
    return {"description": deck["desc"]}


def _note_types(collection: Collection) -> dict[str, Any]:
    used = [n for n in collection.models.all() if collection.models.use_count(n)]
    return {
        n["name"]: {
            "id": n["id"],
            "kind": "cloze" if n["type"] else "basic",
            "changed": _iso(n["mod"]),
            "fields": [f"{field['name']} {field['id']}" for field in n["flds"]],
            "templates": [f"{template['name']} {template['id']}" for template in n["tmpls"]],
            "style": _style(n),
        }
        for n in sorted(used, key=lambda n: str(n["name"]))
    }


def _style(note_type: NotetypeDict) -> str:
    """A hash: the text itself stands in templates/anki, and the cards show what it makes."""
    faces = [face for t in note_type["tmpls"] for face in (t["qfmt"], t["afmt"])]
    return hashlib.sha256("\0".join([note_type["css"], *faces]).encode()).hexdigest()[:12]


def _notes(collection: Collection) -> dict[str, Any]:
    notes = [collection.get_note(note_id) for note_id in collection.find_notes("")]
    first_due = {note.guid: min(card.due for card in note.cards()) for note in notes}
    return {
        note.guid: _note(collection, note)
        for note in sorted(notes, key=lambda note: (first_due[note.guid], note.guid))
    }


def _note(collection: Collection, note: Note) -> dict[str, Any]:
    note_type = note.note_type()
    assert note_type is not None, note.guid
    return {
        "note type": note_type["name"],
        "changed": _iso(note.mod),
        "tags": list(note.tags),
        "fields": {name: readable(value) for name, value in note.items() if value},
        "cards": {
            f"card {card.ord + 1}": {
                "deck": collection.decks.name(card.did),
                "due": card.due,
                "question": readable(card.render_output().question_text),
                "answer": readable(card.render_output().answer_text),
            }
            for card in note.cards()
        },
    }


def _media(collection: Collection) -> list[str]:
    return [
        f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"
        for file in Path(collection.media.dir()).iterdir()
    ]


def readable(html: str) -> str:
    """HTML with a line for each block, so that a diff shows the block that changed."""
    parts = _PRE.split(html.replace("\r\n", "\n"))
    parts[::2] = [_BREAK.sub("\n", part) for part in parts[::2]]
    return "\n".join(line.rstrip() for line in "".join(parts).split("\n")).strip("\n")


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as literal blocks."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
