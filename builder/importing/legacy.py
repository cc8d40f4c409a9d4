"""Packages that every Anki reads: a SQLite database of schema 11, and media listed as JSON.

Nothing of the file is trusted: the database is opened read-only, only its own tables are read, and
a query that takes too long is stopped.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from builder.importing.records import (
    MAX_FIELD,
    MAX_NOTES,
    Source,
    SourceNote,
    SourceTemplate,
    SourceType,
    UnreadableError,
)
from builder.lock import Part

#: Of SQLite's virtual machine, between two calls; and how many calls a file may take.
_STEPS, _MAX_CALLS = 1_000_000, 20_000

#: Bytes of one value or row: a generated column could ask for a gigabyte per note.
_MAX_VALUE = 64 << 20

_TABLES = ("cards", "col", "notes")


def read(database: Path, media: Mapping[str, Path]) -> Source:
    """Read the collection of a package.

    Args:
        database: The file `collection.anki2` or `collection.anki21` of the package.
        media: The package's media.

    Raises:
        UnreadableError: It is damaged or no collection.
    """
    calls = iter(range(_MAX_CALLS))
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            db.text_factory = lambda raw: raw.decode("utf-8", "replace")
            db.execute("pragma trusted_schema = off")
            db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
            db.set_progress_handler(lambda: next(calls, None) is None, _STEPS)
            _check_tables(db)
            return _read(db, media)
    except (sqlite3.Error, OverflowError) as error:
        raise UnreadableError(f"its database is damaged ({error})") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise UnreadableError("its database is not what Anki writes") from None


def _check_tables(db: sqlite3.Connection) -> None:
    """Views could compute without end."""
    found = {name for (name,) in db.execute("select name from sqlite_master where type = 'table'")}
    missing = [name for name in _TABLES if name not in found]
    if missing:
        raise UnreadableError(f"its database has no table '{missing[0]}'")


def _read(db: sqlite3.Connection, media: Mapping[str, Path]) -> Source:
    row = db.execute("select models, decks from col").fetchone()
    if row is None:
        raise UnreadableError("its database is empty")
    models, decks = json.loads(row[0]), json.loads(row[1])
    types = {int(key): _type(model) for key, model in models.items()}
    names = {int(key): deck_name(str(deck["name"])) for key, deck in decks.items()}
    cards: dict[int, dict[int, str]] = {}
    due: dict[int, int] = {}
    query = "select nid, ord, case odid when 0 then did else odid end, due, type from cards"
    for note, ordinal, deck, place, kind in db.execute(f"{query} order by nid, ord"):
        cards.setdefault(note, {})[int(ordinal)] = names.get(deck, "")
        if kind == 0:
            due[note] = min(int(place), due.get(note, 1 << 31))
    losses: Counter[str] = Counter()
    notes = sorted(_notes(db, types, cards, losses), key=lambda each: (due.get(each[0], 0), each))
    used = {note.type for _, note in notes}
    return Source(
        tuple(note for _, note in notes),
        {key: kind for key, kind in types.items() if key in used},
        media,
        losses,
        {names[int(key)]: str(deck.get("desc") or "") for key, deck in decks.items()},
    )


def deck_name(name: str) -> str:
    """A deck's full name with parents parted by `::`, as people write it."""
    return name.replace("\x1f", "::")


def _notes(
    db: sqlite3.Connection,
    types: Mapping[int, SourceType],
    cards: Mapping[int, Mapping[int, str]],
    losses: Counter[str],
) -> Iterator[tuple[int, SourceNote]]:
    query = "select id, guid, mid, mod, tags, flds from notes order by id"
    for number, (note, guid, model, mod, tags, joined) in enumerate(db.execute(query)):
        if number >= MAX_NOTES:
            raise UnreadableError(f"it has more than {MAX_NOTES:,} notes")
        fields = str(joined).split("\x1f")
        kind = types.get(model)
        if kind is None:
            losses["notes without a note type"] += 1
        elif any(len(text) > MAX_FIELD for text in fields):
            losses[f"notes with a field of more than {MAX_FIELD:,} characters"] += 1
        else:
            wanted = len(kind.fields)
            yield (
                int(note),
                SourceNote(
                    guid=str(guid),
                    type=model,
                    fields=tuple([*fields, *[""] * wanted][:wanted]),
                    tags=tuple(str(tags).split()),
                    decks=cards.get(note, {}),
                    created=int(note) // 1000,
                    changed=int(mod),
                ),
            )


def _type(model: Mapping[str, Any]) -> SourceType:
    fields = sorted(model["flds"], key=lambda part: int(part["ord"]))
    templates = sorted(model["tmpls"], key=lambda part: int(part["ord"]))
    return SourceType(
        id=int(model["id"]),
        name=str(model["name"]),
        cloze=model.get("type") == 1,
        fields=tuple(_part(part) for part in fields),
        templates=tuple(
            SourceTemplate(_part(part), str(part["qfmt"]), str(part["afmt"])) for part in templates
        ),
        css=str(model.get("css", "")),
        sort=int(model.get("sortf", 0)),
        changed_at=int(model.get("mod", 0)),
        right_to_left=tuple(str(part["name"]) for part in fields if part.get("rtl")),
        latex=_latex(model),
    )


def _part(part: Mapping[str, Any]) -> Part:
    number = part.get("id")
    if not isinstance(number, int) or abs(number) >= 1 << 63:
        number = 0
    return Part(number, str(part["name"]))


#: Anki's own, in its versions and in those of genanki: not worth a file.
_USUAL = "\\pagestyle{empty}\\setlength{\\parindent}{0in}\\begin{document}"


def _latex(model: Mapping[str, Any]) -> tuple[str, str] | None:
    head, foot = str(model.get("latexPre") or ""), str(model.get("latexPost") or "")
    usual = "".join(head.split()).endswith(_USUAL) and head.count("\\usepackage") <= 2
    return None if not head or (usual and foot.strip() == "\\end{document}") else (head, foot)
