"""Text files as Anki imports and exports them: rows of fields below `#key:value` lines.

The header lines are those of Anki's manual (Importing / Text Files). A file without any is read as
spreadsheets write it: the delimiter is found out, and a first row that names columns is taken for
names.
"""

import csv
import html
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

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

MAX_BYTES = 256 << 20
_MAX_COLUMNS = 200
#: Characters between two separators. More than a field may have: one that is too long is left out
#: alone, but behind a quotation mark that nothing closes lies half the file.
_MAX_CELL = 2 * MAX_FIELD

_SEPARATORS = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "space": " ",
    "pipe": "|",
    "colon": ":",
}


@dataclass(slots=True)
class _Head:
    """What the header lines say; columns count from 1, 0 is none."""

    separator: str = ""
    html: bool | None = None
    tags: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    notetype: str = ""
    deck: str = ""
    places: dict[str, int] = field(default_factory=dict)


def read(file: Path) -> Source:
    """Read a text file.

    Raises:
        UnreadableError: It is no text, or no rows of fields.
    """
    if file.stat().st_size > MAX_BYTES:
        raise UnreadableError(f"it has more than {MAX_BYTES >> 20} MiB")
    text = _decoded(file.read_bytes())
    head, body = _header(text)
    above = text[: len(text) - len(body)].count("\n")
    rows = _rows(body, head.separator or _guess(body), above)
    if not head.columns and not head.places and rows:
        _take_names(head, rows)
    if not rows:
        raise UnreadableError("it has no rows")
    return _source(head, rows)


def _decoded(data: bytes) -> str:
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16")
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableError("it is no text in UTF-8; save it again as UTF-8") from None
    if "\0" in text:
        raise UnreadableError("it is no text")
    return text


def _header(text: str) -> tuple[_Head, str]:
    """The header lines, and the text below them."""
    head = _Head()
    at = 0
    while text.startswith("#", at):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end + 1
        line = text[at + 1 : end].rstrip("\r\n")
        name, _, value = line.partition(":")
        _take(head, name.strip().lower(), value if name == "columns" else value.strip())
        at = end
    if head.separator and head.columns:
        try:
            columns = next(csv.reader([head.columns[0]], delimiter=head.separator))
        except csv.Error as error:
            raise UnreadableError(f"its line of columns cannot be read ({error})") from None
        head.columns = tuple(column.strip() for column in columns)
    return head, text[at:]


def _take(head: _Head, name: str, value: str) -> None:
    match name:
        case "separator":
            head.separator = _SEPARATORS.get(value.lower(), value[:1].strip('"\r'))
        case "html":
            head.html = value.lower() == "true"
        case "tags":
            head.tags = tuple(value.split())
        case "columns":
            head.columns = (value,) if value.strip() else ()
        case "notetype":
            head.notetype = value
        case "deck":
            head.deck = value
        case "guid column" | "tags column" | "deck column" | "notetype column":
            if value.isdecimal() and len(value) < 10 and 0 < int(value) <= _MAX_COLUMNS:
                head.places[name.removesuffix(" column")] = int(value)
        case _:
            pass  # a comment


def _guess(body: str) -> str:
    """The delimiter that the first lines have most of; a comma if they have none."""
    lines = [line for line in body[:20_000].splitlines()[:20] if line.strip()]
    for delimiter in ("\t", ";", ",", "|"):
        having = sum(delimiter in line for line in lines)
        if having and having >= 0.8 * len(lines):
            return delimiter
    return ","


def _rows(body: str, delimiter: str, above: int) -> list[list[str]]:
    """The rows of fields.

    Args:
        body: The text below the header lines.
        delimiter: What parts fields.
        above: How many lines the header has.

    Raises:
        UnreadableError: There are too many, or a quotation mark is not closed where its row ends.
            Anki takes the rows that follow for a part of the field, and says nothing.
    """
    rows: list[list[str]] = []
    raw: list[str] = []
    last: list[str] = []
    number = above

    def lines() -> Iterator[str]:
        nonlocal number
        for line in io.StringIO(body, newline=""):
            number += 1
            # Within quotation marks a sharp is text.
            if not raw and line.startswith("#"):
                continue
            raw.append(line)
            yield line

    usual = csv.field_size_limit(_MAX_CELL)
    try:
        for row in csv.reader(lines(), delimiter=delimiter):
            if len(raw) > 1:
                _check_quotes(raw, delimiter, number - len(raw) + 1)
            last = raw.copy()
            raw.clear()
            if any(cell.strip() for cell in row):
                rows.append(row)
            if len(rows) > MAX_NOTES:
                raise UnreadableError(f"it has more than {MAX_NOTES:,} rows")
            if len(row) > _MAX_COLUMNS:
                raise UnreadableError(f"it has more than {_MAX_COLUMNS} columns")
        _check_quotes(last, delimiter, number - len(last) + 1)
    except csv.Error as error:
        raise UnreadableError(
            f"the row that begins in line {number - len(raw) + 1} cannot be read ({error}): "
            "is a quotation mark open?"
        ) from None
    finally:
        csv.field_size_limit(usual)
    return rows


def _check_quotes(lines: Sequence[str], delimiter: str, first: int) -> None:
    """Refuse a row that ends, or goes on, only because a quotation mark is not closed.

    Args:
        lines: The row as it stands in the file.
        delimiter: What parts fields.
        first: The number of its first line.
    """
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        closed = list(csv.reader([*lines, "\n", "end"], delimiter=delimiter))[-1:] == [["end"]]
        if not closed or len(lines) > 1:
            raise UnreadableError(
                f"the row that begins in line {first} opens a quotation mark and does not close "
                "it, so that the rows below would be taken for text; close it, or, if it is text, "
                'write the field as "…" with every quotation mark in it doubled'
            ) from None


#: What people call columns -> what they are.
_KNOWN = {
    "deck": "deck",
    "guid": "guid",
    "note type": "notetype",
    "notetype": "notetype",
    "tag": "tags",
    "tags": "tags",
}
_FIELDS = {"front", "back", "question", "answer", "text", "extra", "back extra", "term"}
_FIELDS |= {"definition", "word", "meaning", "prompt", "response", "hint", "example", "notes"}


def _take_names(head: _Head, rows: list[list[str]]) -> None:
    """Take a first row of names for what it is; Anki itself has no such rows."""
    names = [cell.strip().lower() for cell in rows[0]]
    known = all(name in _FIELDS or name in _KNOWN for name in names)
    if known and len(set(names)) == len(names) and not _FIELDS.isdisjoint(names):
        head.columns = tuple(cell.strip() for cell in rows.pop(0))
        for place, name in enumerate(names, start=1):
            if name in _KNOWN:
                head.places[_KNOWN[name]] = place


def _source(head: _Head, rows: Sequence[Sequence[str]]) -> Source:
    escaped = not (_looks_like_html(rows) if head.html is None else head.html)
    special = {place - 1: name for name, place in head.places.items()}
    width = max(len(row) for row in rows)
    width = max(width, len(head.columns))
    places = [place for place in range(width) if place not in special]
    if not places:
        raise UnreadableError("its rows have no fields")
    losses: Counter[str] = Counter()
    kinds: dict[str, list[SourceNote]] = {}
    names: dict[str, int] = {}
    notes: list[SourceNote] = []
    for row in rows:
        cells = {special[place]: cell for place, cell in enumerate(row) if place in special}
        fields = tuple(row[place] if place < len(row) else "" for place in places)
        if any(len(text) > MAX_FIELD for text in fields):
            losses[f"rows with a field of more than {MAX_FIELD:,} characters"] += 1
            continue
        kind = cells.get("notetype", "").strip() or head.notetype
        deck = cells.get("deck", "").strip() or head.deck
        note = SourceNote(
            guid=cells.get("guid", "").strip(),
            type=names.setdefault(kind, len(names)),
            fields=tuple(map(_escaped, fields)) if escaped else fields,
            tags=(*head.tags, *cells.get("tags", "").split()),
            decks={0: deck} if deck else {},
        )
        kinds.setdefault(kind, []).append(note)
        notes.append(note)
    types = {
        number: _type(kind, kinds[kind], _names(head, places), "guid" in head.places)
        for kind, number in names.items()
    }
    widths = {number: len(kind.fields) for number, kind in types.items()}
    return Source(tuple(_fitted(note, widths) for note in notes), types, {}, losses)


def _looks_like_html(rows: Sequence[Sequence[str]]) -> bool:
    cells = (cell for row in rows[:200] for cell in row)
    return any(re.search(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|&[a-z]+;", cell) for cell in cells)


def _escaped(text: str) -> str:
    return html.escape(text, quote=False).replace("\r\n", "\n").replace("\n", "<br>")


def _names(head: _Head, places: Sequence[int]) -> dict[int, str]:
    """Position among the fields -> name, as far as the file says."""
    return {
        position: head.columns[place]
        for position, place in enumerate(places)
        if place < len(head.columns) and head.columns[place]
    }


def _field_name(name: str) -> str:
    """A name without what would mean something in a template, as Anki itself takes it out."""
    return re.sub(r'[:{}"]', "", name).lstrip("#/^ ").rstrip()


def _type(
    name: str, notes: Sequence[SourceNote], named: Mapping[int, str], identified: bool
) -> SourceType:
    """A note type that a text file only names: as many fields as its rows fill."""
    used = [place for note in notes for place, text in enumerate(note.fields) if text.strip()]
    count = max(max(used, default=0) + 1, 2, max(named, default=-1) + 1)
    cloze = "cloze" in name.lower() or (
        not name and all("{{c" in note.fields[0] and "::" in note.fields[0] for note in notes)
    )
    usual = ("Text", "Back Extra") if cloze else ("Front", "Back")
    fields: list[str] = []
    for place in range(count):
        wanted = _field_name(named.get(place, ""))
        wanted = wanted or (usual[place] if place < 2 else f"Field {place + 1}")
        free, number = wanted, place + 1
        while free in fields:
            free, number = f"{wanted} {number}", number + 1
        fields.append(free)
    others = "\n<br>\n".join(f"{{{{{name}}}}}" for name in fields[1:])
    front = f"{{{{cloze:{fields[0]}}}}}" if cloze else f"{{{{{fields[0]}}}}}"
    back = (
        f"{front}\n<br>\n{others}" if cloze else f"{{{{FrontSide}}}}\n\n<hr id=answer>\n\n{others}"
    )
    return SourceType(
        id=0,
        name=name or ("Cloze" if cloze else "Basic"),
        cloze=cloze,
        fields=tuple(Part(0, each) for each in fields),
        templates=(SourceTemplate(Part(0, "Cloze" if cloze else "Card 1"), front, back),),
        css=_CSS,
        own=not identified,
    )


def _fitted(note: SourceNote, widths: Mapping[int, int]) -> SourceNote:
    width = widths[note.type]
    return replace(note, fields=tuple([*note.fields, *[""] * width][:width]))


_CSS = """.card {
  font-family: sans-serif;
  font-size: 20px;
  line-height: 1.5;
  text-align: center;
}
.cloze {
  font-weight: bold;
  color: #1d4ed8;
}
.nightMode .cloze {
  color: #93c5fd;
}
"""
