"""What an update does to a learner: two packages compared, note by note.

Both sides are packages, since a package is what learners import: what Anki will do follows from
guids, times, fields, cards and note types alone (ankitects/anki, `import_export/package`), whoever
made the files.
"""

import json
import re
import sqlite3
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import unescape
from io import BytesIO
from typing import Any, Literal

from builder.archive import DAMAGES, MAX_DATABASE
from builder.model import RetiredNote

Verdict = Literal["safe", "needs an option", "loses progress"]

#: Kinds of change in the order they are told.
KINDS = (
    "new",
    "question reworded",
    "answer changed",
    "cloze text changed",
    "details changed",
    "cloze added",
    "cloze removed",
    "tags changed",
    "sent again",
    "retired",
)


@dataclass(frozen=True, slots=True)
class NoteView:
    """A note as Anki sees it.

    Attributes:
        key: The note's id in the source, or its guid in a package of another origin.
        kind: Name of its note type.
        fields: Field name -> HTML.
        tags: Its tags, sorted.
        cards: Card numbers, from 1 (of a cloze note: the cloze numbers).
        changed_at: Unix time in seconds.
    """

    key: str
    kind: str
    fields: Mapping[str, str]
    tags: tuple[str, ...]
    cards: tuple[int, ...]
    changed_at: int


@dataclass(frozen=True, slots=True)
class NoteTypeView:
    """A note type as Anki compares it: by id, then field by field and template by template.

    Attributes:
        ids: Those of the fields and then of the templates, by which Anki knows them since 23.12;
            empty if one has none.
    """

    name: str
    fields: tuple[str, ...]
    templates: tuple[str, ...]
    style: tuple[str, ...]
    changed_at: int
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a package would bring."""

    notes: Mapping[str, NoteView]
    note_types: Mapping[str, NoteTypeView]
    decks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one note.

    Attributes:
        kind: One of `KINDS`.
        key: The note.
        languages: The languages whose text changed; empty where that means nothing.
        before: Plain text before, or empty.
        after: Plain text after, or empty; why a note was retired.
    """

    kind: str
    key: str
    languages: tuple[str, ...] = ()
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What an update does.

    Attributes:
        verdict: `safe` with Anki's default options, `needs an option`, or `loses progress`.
        reasons: Why the verdict is not `safe`, and what only old versions of Anki refuse.
        changes: Every change, by kind and then in the order of the deck.
        style: Whether templates or styling changed.
        kept: Notes that the update does not touch.
        search: Finds the retired notes in Anki's Browser; empty if there are none.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    changes: tuple[Change, ...]
    style: bool
    kept: int
    search: str = ""


_NO_PACKAGE: tuple[type[Exception], ...] = (*DAMAGES, KeyError)
#: What a database makes ours raise that no Anki wrote.
_NO_COLLECTION = (
    *(sqlite3.Error, ValueError, LookupError, TypeError, AttributeError),
    *(OverflowError, RecursionError),
)


def snapshot(package: bytes) -> Snapshot:
    """Read an `.apkg` of the format that every Anki reads (`collection.anki2`, schema 11).

    Raises:
        ValueError: The file is no such package; newer ones can be exported again with
            "Support older Anki versions".
    """
    try:
        with zipfile.ZipFile(BytesIO(package)) as archive:
            names = set(archive.namelist())
            newest = "collection.anki21b" in names
            member = "collection.anki21" if "collection.anki21" in names else "collection.anki2"
            large = not newest and archive.getinfo(member).file_size > MAX_DATABASE
            database = b"" if newest or large else archive.read(member)
    except _NO_PACKAGE:
        raise ValueError("the file is no Anki package") from None
    if newest:
        raise ValueError(
            "the package is of Anki's newest format; export it from Anki again with "
            '"Support older Anki versions" ticked'
        )
    if large:
        raise ValueError("the package's database is too large")
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(database)
        return _read(connection)
    except _NO_COLLECTION:
        raise ValueError("the package's database is damaged") from None
    finally:
        connection.close()


def _ids(model: Mapping[str, Any]) -> tuple[int, ...]:
    parts = [part for kind in ("flds", "tmpls") for part in sorted(model[kind], key=_place)]
    ids = tuple(part.get("id") for part in parts)
    return ids if all(isinstance(part, int) for part in ids) else ()


def _place(part: Mapping[str, Any]) -> int:
    return int(part["ord"])


def _read(connection: sqlite3.Connection) -> Snapshot:
    (models_json, decks_json) = connection.execute("select models, decks from col").fetchone()
    models: dict[str, Any] = json.loads(models_json)
    note_types = {
        model_id: NoteTypeView(
            name=model["name"],
            fields=tuple(f["name"] for f in sorted(model["flds"], key=_place)),
            templates=tuple(t["name"] for t in sorted(model["tmpls"], key=_place)),
            style=(
                model["css"],
                *(side for t in model["tmpls"] for side in (t["qfmt"], t["afmt"])),
            ),
            changed_at=int(model["mod"]),
            ids=_ids(model),
        )
        for model_id, model in models.items()
    }
    cards: dict[int, list[int]] = {}
    for note_id, ordinal in connection.execute("select nid, ord from cards order by nid, ord"):
        cards.setdefault(note_id, []).append(ordinal + 1)
    used_decks = {row[0] for row in connection.execute("select distinct did from cards")}
    decks = sorted(
        deck["name"] for key, deck in json.loads(decks_json).items() if int(key) in used_decks
    )
    notes: dict[str, NoteView] = {}
    query = "select id, guid, mid, mod, tags, flds from notes order by id"
    for note_id, guid, model_id, mod, tags, fields in connection.execute(query):
        note_type = note_types[str(model_id)]
        values = dict(zip(note_type.fields, fields.split("\x1f"), strict=False))
        notes[guid] = NoteView(
            key=values.get("Key") or guid,
            kind=note_type.name,
            fields=values,
            tags=tuple(sorted(tags.split())),
            cards=tuple(cards.get(note_id, ())),
            changed_at=mod,
        )
    return Snapshot(notes, note_types, tuple(decks))


def compare(
    before: Snapshot, after: Snapshot, retired: Mapping[str, RetiredNote] | None = None
) -> Report:
    """What importing `after` does to somebody who has `before`, with Anki's default options.

    Args:
        before: The learner's package.
        after: The new one.
        retired: Notes withdrawn on purpose, by key; an item's stands for its facts too.
    """
    changes: list[Change] = []
    loses: list[str] = []
    option: list[str] = []
    remarks: list[str] = []
    kept = again = 0
    for guid, new in after.notes.items():
        old = before.notes.get(guid)
        if old is None:
            changes.append(Change("new", new.key, after=_headline(new)))
            continue
        found = _note_changes(old, new)
        if new.changed_at <= old.changed_at and all(_same_words(change) for change in found):
            found = []
        if not found and new.changed_at > old.changed_at and old.kind == new.kind:
            found = [Change("sent again", new.key, after=_headline(new))]
            again += 1
        changes += found
        kept += not found
        if old.kind != new.kind and not _same_type(before, after, old, new):
            loses.append(f"{new.key}: changes its note type, so Anki refuses the update")
        if found and new.changed_at <= old.changed_at:
            option.append(f"{new.key}: has changed but not its time, so Anki skips it")
        if set(old.cards) - set(new.cards):
            numbers = ", ".join(f"c{n}" for n in sorted(set(old.cards) - set(new.cards)))
            loses.append(f"{new.key}: card {numbers} stays behind empty, with its history")
    for guid, old in before.notes.items():
        if guid not in after.notes:
            reason = _reason(old.key, retired or {})
            changes.append(Change("retired", old.key, before=_headline(old), after=reason))
            if not reason:
                loses.append(f"{old.key}: vanished without standing in retired.yaml")
    for type_id, new_type in after.note_types.items():
        old_type = before.note_types.get(type_id)
        if old_type is None:
            continue
        if (old_type.fields, old_type.templates) == (new_type.fields, new_type.templates):
            continue
        if old_type.ids and old_type.ids == new_type.ids:
            old_names = (*old_type.fields, *old_type.templates)
            new_names = (*new_type.fields, *new_type.templates)
            pairs = zip(old_names, new_names, strict=True)
            names = ", ".join(f"{old} → {new}" for old, new in pairs if old != new)
            remarks.append(
                f"note type '{new_type.name}': renamed {names}; Anki 23.12 and later follow, "
                "older versions refuse its updates"
            )
        else:
            option.append(
                f"note type '{new_type.name}': fields or templates changed, so Anki refuses all "
                "its updates unless 'Merge note types' is chosen"
            )
    if again:
        what = "1 note is newer though nothing in it" if again == 1 else ""
        what = what or f"{again} notes are newer though nothing in them"
        remarks.append(
            f"{what} changed, as after an edit that was undone: learners' own edits there are "
            "overwritten; to spare them, bring back the release's content/deck.lock and build again"
        )
    gone = set(before.note_types) - set(after.note_types)
    if gone and before.notes:
        names = ", ".join(before.note_types[g].name for g in sorted(gone))
        loses.append(
            f"note type ids changed ({names}), so Anki refuses every update of their notes"
        )
    lost_decks = set(before.decks) - set(after.decks)
    if lost_decks:
        option.append(f"deck renamed or gone: {', '.join(sorted(lost_decks))}; cards stay there")
    verdict: Verdict = "loses progress" if loses else "needs an option" if option else "safe"
    order = {kind: index for index, kind in enumerate(KINDS)}
    changes.sort(key=lambda change: order[change.kind])
    style = any(
        after.note_types[i].style != before.note_types[i].style
        for i in after.note_types.keys() & before.note_types.keys()
    )
    search = _search(change.key for change in changes if change.kind == "retired")
    if search:
        types = sorted(_term("note", kind.name) for kind in before.note_types.values())
        search = f"({' or '.join(types)}) {search}"
    return Report(verdict, (*loses, *option, *remarks), tuple(changes), style, kept, search)


def _reason(key: str, retired: Mapping[str, RetiredNote]) -> str:
    """Why a note was withdrawn, for learners; empty if nobody withdrew it."""
    note = retired.get(key) or retired.get(key.partition(".")[0])
    if note is None:
        return ""
    return f"{note.reason} See {note.replaced_by}." if note.replaced_by else note.reason


def _search(keys: Iterable[str]) -> str:
    terms = " or ".join(_term("Key", key) for key in keys)
    return f"({terms})" if terms else ""


def _term(field: str, value: str) -> str:
    """One exact condition of Anki's search language; `*`, `_` and others would be wildcards."""
    return f'"{field}:' + re.sub(r'([\\"*_:])', r"\\\1", value) + '"'


def _same_type(before: Snapshot, after: Snapshot, old: NoteView, new: NoteView) -> bool:
    """Whether the two names are one note type that was renamed; Anki matches by id."""
    ids = {i for i, t in before.note_types.items() if t.name == old.kind}
    return any(after.note_types[i].name == new.kind for i in ids if i in after.note_types)


def _same_words(change: Change) -> bool:
    """Whether it is one of markup alone."""
    return change.kind not in _OF_CARDS and change.before == change.after


def _note_changes(old: NoteView, new: NoteView) -> list[Change]:
    found: list[Change] = []
    by_kind: dict[str, list[str]] = {}
    for name in {**old.fields, **new.fields}:
        if old.fields.get(name, "") != new.fields.get(name, ""):
            by_kind.setdefault(_field_kind(name), []).append(name)
    for kind, names in by_kind.items():
        languages = tuple(name.rpartition(" ")[2] for name in names if _language_field(name))
        found.append(
            Change(
                kind,
                new.key,
                languages,
                plain(old.fields.get(names[0], "")),
                plain(new.fields.get(names[0], "")),
            )
        )
    for kind, numbers in (
        ("cloze added", set(new.cards) - set(old.cards)),
        ("cloze removed", set(old.cards) - set(new.cards)),
    ):
        if numbers:
            found.append(Change(kind, new.key, after=", ".join(f"c{n}" for n in sorted(numbers))))
    if old.tags != new.tags:
        found.append(Change("tags changed", new.key, (), " ".join(old.tags), " ".join(new.tags)))
    return found


_OF_CARDS = ("cloze added", "cloze removed", "tags changed")
_FIELD_KINDS = {
    "Question": "question reworded",
    "Answer": "answer changed",
    "Text": "cloze text changed",
}


def _field_kind(name: str) -> str:
    return _FIELD_KINDS.get(name.partition(" ")[0], "details changed")


def _language_field(name: str) -> bool:
    return bool(re.fullmatch(r"[A-Z]\w+ [a-z]{2,3}(-\w+)*", name))


def _headline(note: NoteView) -> str:
    for name, value in note.fields.items():
        if name.partition(" ")[0] in ("Question", "Text", "Front") and value:
            return plain(value)
    return ""


def plain(html: str) -> str:
    """Field HTML as one readable line: no tags, cloze answers in place, no hints."""
    text = re.sub(r"\{\{c\d+::", "", html)
    # A literal `::` is written with a comment inside, so what is left before `}}` is a hint.
    text = re.sub(r"::(?:(?!::)[^{}])*\}\}", "", text).replace("}}", "")
    text = re.sub(r"<!--.*?-->", "", text)
    text = re.sub(r"<[^>]*>", " ", text)
    return re.sub(r"\s+", " ", unescape(text)).strip()


def as_text(report: Report) -> str:
    """For a terminal."""
    lines = [f"verdict: {report.verdict}"]
    lines += [f"  - {reason}" for reason in report.reasons]
    for kind in KINDS:
        group = [change for change in report.changes if change.kind == kind]
        if group:
            lines.append(f"{kind}: {len(group)}")
            for change in group:
                languages = f" [{', '.join(change.languages)}]" if change.languages else ""
                lines.append(f"  {change.key}{languages}")
                if change.before and change.kind != "retired":
                    lines.append(f"    - {change.before}")
                shown = change.before if change.kind == "retired" else change.after
                if shown:
                    lines.append(f"    {'-' if change.kind == 'retired' else '+'} {shown}")
                if change.kind == "retired" and change.after:
                    lines.append(f"    {change.after}")
    if report.style:
        lines.append("card style: changed")
    if report.search:
        lines.append(f"search for the retired notes in Anki: {report.search}")
    lines.append(f"untouched notes: {report.kept}")
    return "\n".join(lines) + "\n"


def as_markdown(report: Report) -> str:
    """For release notes: what a learner wants to know, without the old texts."""
    icon = {"safe": "✅", "needs an option": "⚠️", "loses progress": "❌"}[report.verdict]
    lines = [f"{icon} **Your progress: {report.verdict}.**", ""]
    if report.reasons:
        lines += [*(f"- {reason}" for reason in report.reasons), ""]
    for kind in KINDS:
        group = [change for change in report.changes if change.kind == kind]
        if group:
            lines += [f"### {kind[0].upper()}{kind[1:]} ({len(group)})", ""]
            lines += [_markdown_line(change) for change in group]
            lines.append("")
    if report.style:
        lines += ["The card style changed.", ""]
    if report.search:
        lines += [
            "Anki cannot delete notes on import. To find the retired ones, paste into *Browse*:",
            "",
            f"    {report.search}",
            "",
        ]
    lines.append(f"{report.kept} notes are untouched.")
    return "\n".join(lines) + "\n"


def _markdown_line(change: Change) -> str:
    languages = f" ({', '.join(change.languages)})" if change.languages else ""
    text = change.before if change.kind == "retired" else change.after
    if change.kind == "retired" and change.after:
        text = f"{text} ({change.after})"
    text = re.sub(r"([\\`*_\[\]<>])", r"\\\1", text)
    return f"- `{change.key}`{languages}{': ' if text else ''}{text}"


def as_json(report: Report) -> dict[str, Any]:
    """For tools; all keys are always there."""
    return {
        "verdict": report.verdict,
        "reasons": list(report.reasons),
        "style": report.style,
        "kept": report.kept,
        "search": report.search,
        "changes": [
            {
                "kind": change.kind,
                "key": change.key,
                "languages": list(change.languages),
                "before": change.before,
                "after": change.after,
            }
            for change in report.changes
        ],
    }
