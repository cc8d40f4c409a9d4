"""The files of an imported project."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

import yaml

from builder.importing.convert import Imported, ImportedNote, ImportedType
from builder.importing.markdown import to_markdown
from builder.importing.names import Names, words
from builder.importing.printable import one_line
from builder.targets.notes import field_style

#: Notes of a topic's file; a deck with more becomes several topics.
MAX_TOPIC = 2_000
#: Bytes of a topic's file before a new one begins, far below what is read.
_MAX_BYTES = 4 << 20


class _Dumper(yaml.SafeDumper):
    """Writes texts as people would: several lines as a block."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    tidy = "\n" in value and not any(line != line.rstrip() for line in value.split("\n"))
    # PyYAML quotes what YAML would take for something else; in single quotes only where it must.
    style = "|" if tidy else "'" if _quoted(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _quoted(value: str) -> bool:
    """Whether a plain text would be hard to read or to edit: a brace, a colon, a sharp."""
    return "{{" in value or ": " in value or " #" in value or "\\" in value


_Dumper.add_representer(str, _text)


def dump(data: object) -> str:
    """YAML text as this project reads it."""
    return yaml.dump(
        data,
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        width=100,
        default_flow_style=False,
    )


def text_files(
    made: Imported,
    *,
    identity: str,
    title: str,
    language: str,
    description: str,
    rules: Mapping[str, str],
    prints: bool,
) -> dict[str, str]:
    """Path -> text of each file of the content and of the note types' templates.

    Args:
        made: The deck.
        identity: The project's id.
        title: The name of the deck in Anki.
        language: The language of its texts.
        description: What it says of itself, Markdown.
        rules: Code of an authoring rule -> how to take it.
        prints: Whether the fonts can print it.
    """
    topics = dict(_topics(made.notes, title))
    files = {f"content/topics/{name}.yaml": text for name, text in topics.items()}
    used = {note.type.id for note in made.notes if not note.is_plain}
    types = [kind for kind in made.types if kind.id in used]
    for kind in types:
        files |= _templates(kind)
    outputs: dict[str, Any] = {f"{identity}.apkg": {"target": "anki"}}
    if prints and any(note.item for note in made.notes):
        outputs["sheet.pdf"] = {"target": "sheet", "paper": "A4 landscape", "columns": 3}
        outputs["handout.pdf"] = {"target": "handout", "paper": "A4"}
    deck = {
        "id": identity,
        "title": title,
        "languages": [language],
        "licence": "That of the deck it was imported from; ask its author before you publish it",
        "description": description,
        "topics": list(topics),
        "outputs": outputs,
    }
    if types:
        deck["note_types"] = {kind.id: _note_type(kind) for kind in types}
    if rules:
        deck["lint"] = {"rules": dict(rules)}
    files["content/deck.yaml"] = dump(deck)
    files[".gitignore"] = "dist/\n.cache/\n"
    return files


def _note_type(kind: ImportedType) -> dict[str, Any]:
    source = kind.source
    fields = [one_line(part.name) for part in source.fields]
    made: dict[str, Any] = {
        "name": one_line(source.name),
        "fields": fields,
        "cards": [one_line(template.part.name) for template in source.templates],
    }
    if source.cloze:
        made["cloze"] = True
    if 0 < source.sort < len(fields):
        made["sort"] = fields[source.sort]
    if source.right_to_left:
        made["right_to_left"] = list(source.right_to_left)
    if kind.roles:
        made["question"] = fields[kind.roles.question]
        made["answer"] = fields[kind.roles.answer]
    return made


def _templates(kind: ImportedType) -> dict[str, str]:
    folder = f"templates/anki/{kind.id}"
    made = {f"{folder}/style.css": kind.source.css}
    for number, template in enumerate(kind.source.templates, start=1):
        made[f"{folder}/front-{number}.html"] = template.front
        made[f"{folder}/back-{number}.html"] = template.back
    if kind.source.latex:
        made[f"{folder}/head.tex"], made[f"{folder}/foot.tex"] = kind.source.latex
    return made


def _topics(notes: Sequence[ImportedNote], title: str) -> Iterator[tuple[str, str]]:
    """A topic per deck; its name is the deck's last part."""
    decks: dict[str, list[ImportedNote]] = {}
    for note in notes:
        decks.setdefault(note.deck, []).append(note)
    names = Names()
    for deck, members in decks.items():
        below = deck.removeprefix(f"{title}::") if deck != title else deck
        for part in _parts(members):
            name = names.free(words(below) or "deck")
            head: dict[str, Any] = {"title": _title(deck.rpartition("::")[2])}
            if deck != title:
                head["deck"] = deck
            items = {note.key: _item(note) for note in part if note.item}
            kept = {note.key: _kept(note) for note in part if not note.item}
            yield name, dump(head | {"items": items} | ({"notes": kept} if kept else {}))


def _title(name: str) -> str:
    """A deck's name as Markdown."""
    return to_markdown(escape(one_line(name), quote=False), field_style(cloze=False)) or "Notes"


def _parts(notes: Iterable[ImportedNote]) -> Iterator[list[ImportedNote]]:
    part: list[ImportedNote] = []
    size = 0
    for note in notes:
        length = sum(len(text.encode()) for text in note.source.fields)
        if part and (len(part) >= MAX_TOPIC or size + length > _MAX_BYTES):
            yield part
            part, size = [], 0
        part.append(note)
        size += length
    if part:
        yield part


def _item(note: ImportedNote) -> dict[str, Any]:
    question, answer = note.item or ("", "")
    kind = {} if note.is_plain else {"type": note.type.id}
    made = {"level": "common", **kind, "question": question, "answer": answer}
    return made | ({"tags": list(note.tags)} if note.tags else {})


def _kept(note: ImportedNote) -> dict[str, Any]:
    parts: Mapping[str, Any] = {
        "fields": note.fields,
        "html": note.html,
        "tags": list(note.tags),
    }
    return {"type": note.type.id} | {name: part for name, part in parts.items() if part}
