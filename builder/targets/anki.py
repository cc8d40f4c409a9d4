"""The Anki deck: the lock's view of its notes, the package and the text update."""

import csv
import hashlib
from collections.abc import Callable, Iterable, Mapping
from io import StringIO
from typing import TYPE_CHECKING

from builder import clock, figures
from builder import kept as keeping
from builder import lock as locks
from builder.cache import Cache, code_version, key
from builder.diagnostics import Diagnostic, Span
from builder.lock import SPARE, DeckEntry, Kind, Lock, NoteEntry
from builder.model import Deck
from builder.project import Project
from builder.targets import Artifact, Context, faces
from builder.targets.notes import Note

if TYPE_CHECKING:
    from builder.targets import apkg


def deck_name(deck: Deck) -> str:
    """The deck's name in Anki: its title in the primary language."""
    return " ".join(deck.file.title[deck.languages[0]].split())


def next_lock(
    deck: Deck,
    notes: Iterable[Note],
    project: Project,
    old: Lock,
    now: int,
    span_of: Callable[[str], Span | None],
    cache: Cache | None = None,
) -> tuple[Lock, list[Diagnostic]]:
    """The lock that this content gives, and what learners would suffer from.

    Args:
        deck: The deck.
        notes: Its notes.
        project: Where templates are.
        old: The lock as it is.
        now: Unix time in seconds, for what is new or changed.
        span_of: Note key -> its place in the source.
        cache: Keeps filled templates.

    Raises:
        ContentError: A card template has an error.
        ValueError: `now` is before 2001.
    """
    identity = deck.file.id
    made = faces.faces(deck, project, old, cache or Cache(None))
    foreign = faces.kept_entries(deck.file, keeping.read(project, deck.file), old)
    notes = tuple(notes)
    guids = locks.guids(identity, (note.key for note in notes))
    wanted = Lock(
        DeckEntry(identity, locks.stable_id(identity, "deck", bits=40), deck_name(deck)),
        {kind: face.entry for kind, face in made.items()} | foreign,
        {note.key: _entry(note, guids[note.key], old.notes.get(note.key)) for note in notes},
    )
    return locks.update(old, wanted, deck.retired, now, span_of, variants=faces.VARIANTS)


def _entry(note: Note, guid: str, known: NoteEntry | None) -> NoteEntry:
    """What the lock is to say of a note, without times; its very entry if that says it already.

    Args:
        note: The note.
        guid: The guid that a note of ours has; that of an imported one is what it came with.
        known: What the lock says of it now.
    """
    if known is not None and note.kind not in locks.KINDS and known.kind == note.kind:
        guid = known.guid
    if (
        known is not None
        and (known.content, known.guid, known.kind) == (note.content, guid, note.kind)
        and known.numbers == note.numbers
        and not known.retired
    ):
        return known
    return NoteEntry(note.key, note.kind, guid, note.numbers, note.content)


def render(deck: Deck, context: Context) -> list[Artifact]:
    """The package for the output's languages.

    Variants by language are the same notes, note types and cards: a learner can switch and keep all
    history. Only the style sheet differs, and the note types' time by some seconds, since Anki
    takes no styling of an equal time.

    Raises:
        ContentError: A card template has an error.
    """
    from builder.targets import apkg

    project, lock = context.project, context.lock
    shown = context.output.languages or deck.languages
    about = description(deck, project, shown, context.cache)
    later = faces.variant(deck, shown)
    css = faces.css(deck, project, shown, context.cache)
    types: dict[Kind, apkg.NoteType] = {}
    used = {note.kind for note in context.notes}
    for kind, face in faces.faces(deck, project, lock, context.cache).items():
        kept = lock.note_types[kind]
        if deck.file.note_types and kind not in used:
            continue  # of no use to who has the imported deck
        types[kind] = apkg.NoteType(
            id=kept.id,
            name=kept.name,
            cloze=kind == "cloze",
            fields=kept.fields,
            templates=(apkg.CardTemplate(kept.templates[0], face.front, face.back),),
            css=css,
            sort_field=faces.SORT_FIELD,
            changed_at=kept.changed_at + later,
        )
    types |= _foreign_types(deck, project, lock)
    # The lock has a hash of each note's content, pictures included; the order is that of study.
    order = " ".join(note.key for note in context.notes)
    code = code_version("genanki", "deflate")
    name = key(
        code,
        hashlib.blake2b(lock.text.encode()).hexdigest(),
        order,
        [note.deck for note in context.notes],
        about,
        repr(list(types.values())),
        repr(keeping.media(project) if deck.file.note_types else ()),
    )
    data = context.cache.get("apkg", name)
    if data is None:
        latest = key(code, deck.file.id, context.name)
        made = _package(context, types, about, _earlier(context.cache, latest))
        data = made.data
        context.cache.put("apkg", name, data)
        context.cache.put("latest", latest, b"".join((name.encode(), *made.digests)))
    return [Artifact(context.name, data)]


def _earlier(cache: Cache, latest: str) -> "apkg.Package | None":
    """The package that was made last under this name.

    Whatever it is, no more than time depends on it: it says itself which notes it holds.
    """
    from builder.targets import apkg

    entry = cache.get("latest", latest) or b""
    end = len(latest)  # of the name of the package: they are equally long
    data = cache.get("apkg", entry[:end].decode("ascii", "replace"))
    starts = range(end, len(entry), apkg.DIGEST)
    digests = tuple(entry[at : at + apkg.DIGEST] for at in starts)
    return None if data is None else apkg.Package(data, digests)


def _foreign_types(deck: Deck, project: Project, lock: Lock) -> "dict[Kind, apkg.NoteType]":
    """The imported note types, as learners have them."""
    from builder.targets import apkg

    designs = keeping.read(project, deck.file).designs
    made: dict[Kind, apkg.NoteType] = {}
    for kind, source in deck.file.note_types.items():
        entry, design = lock.note_types[kind], designs[kind]
        made[kind] = apkg.NoteType(
            id=entry.id,
            name=entry.name,
            cloze=source.cloze,
            fields=entry.fields,
            templates=tuple(
                apkg.CardTemplate(part, front, back)
                for part, (front, back) in zip(entry.templates, design.sides, strict=True)
            ),
            css=design.css,
            sort_field=source.fields.index(source.sort) if source.sort in source.fields else 0,
            # Anki's own note types say 0 until somebody changes them. Anything later would replace
            # the learner's, and take from them what only Anki's have.
            changed_at=entry.changed_at if entry.changed_at > clock.EARLIEST else 0,
            frozen=False,
            latex=design.latex,
            right_to_left=source.right_to_left,
        )
    return made


def _package(
    context: Context,
    types: "Mapping[Kind, apkg.NoteType]",
    about: str,
    earlier: "apkg.Package | None",
) -> "apkg.Package":
    from builder.targets import apkg

    project, lock = context.project, context.lock
    ids, card_ids = _ids(lock.notes.values())
    media: dict[str, str] = {}
    packed = []
    names = {kind: tuple(part.name for part in made.fields) for kind, made in types.items()}
    for place, note in enumerate(context.notes, start=1):
        entry = lock.notes[note.key]
        note_type = types[note.kind]
        packed.append(
            apkg.PackedNote(
                id=ids[note.key],
                guid=entry.guid,
                note_type=note_type,
                fields=note.arranged(names[note.kind]),
                tags=note.tags,
                cards={number - 1: card_ids[note.key, number] for number in note.numbers},
                due=place,
                changed_at=entry.changed_at,
                deck=note.deck,
            )
        )
        media |= note.media
    if any(kind not in locks.KINDS for kind in types):
        # Anki imports these whether a note refers to them or not: templates do.
        media |= {n: f"media/{n}" for n in keeping.media(project) if n.startswith("_")}
    assert lock.deck is not None  # noqa: S101 - next_lock gives no other
    changed_at = max((note.changed_at for note in packed), default=clock.EARLIEST)
    deck = apkg.PackedDeck(lock.deck.number, lock.deck.name, about, changed_at)
    return apkg.package(
        deck,
        list(types.values()),
        packed,
        {name: figures.read(project.content / path) for name, path in media.items()},
        earlier,
        context.meanwhile,
    )


#: Notes first seen in the same build get ids within this time after it, in milliseconds.
_WINDOW = 3_600_000
#: An item's notes get ids within so many of each other. They share texts, and the closer they stand
#: in the database, the smaller the package: by a half (measured on the flagship deck).
_ROOM = 64


def _ids(entries: Iterable[NoteEntry]) -> tuple[dict[str, int], dict[tuple[str, int], int]]:
    """Ids of notes and of cards: the time when the note was first seen, plus an offset of its own.

    An offset already taken moves on by one; the older note has the first choice, so that new notes
    never move an old one's ids.
    """
    note_ids: dict[str, int] = {}
    card_ids: dict[tuple[str, int], int] = {}
    taken_notes: set[int] = set()
    taken_cards: set[int] = set()
    known, place = "", 0
    for entry in sorted(entries, key=lambda entry: (entry.first_seen, entry.key)):
        start = entry.first_seen * 1000
        item = entry.key.partition(".")[0]
        if item != known:
            known, place = item, _offset(_WINDOW // _ROOM, item) * _ROOM
        note_ids[entry.key] = _free(start + place + _offset(_ROOM, entry.guid), taken_notes)
        for number in entry.numbers:
            offset = _offset(_WINDOW, entry.guid, str(number))
            card_ids[entry.key, number] = _free(start + offset, taken_cards)
    return note_ids, card_ids


def _offset(below: int, *name: str) -> int:
    return locks.stable_id(*name) % below


def _free(number: int, taken: set[int]) -> int:
    while number in taken:
        number += 1
    taken.add(number)
    return number


def description(deck: Deck, project: Project, shown: Iterable[str], cache: Cache) -> str:
    """The deck's description in Anki, Markdown."""
    return faces.render_text(
        project, "description.md", cache, deck=deck.file, languages=list(shown)
    ).strip()


def update_text(deck: Deck, notes: Iterable[Note], lock: Lock, since: Lock) -> str:
    """A text file that brings only what changed: the gentlest update there is.

    Anki's text import finds notes by guid and replaces just the fields listed: tags, fields that
    the learner added, history and the cards' decks stay. It overwrites the learner's edits of the
    listed fields, so only notes that changed stand in it.

    Args:
        deck: The deck.
        notes: Its notes.
        lock: The lock of this build.
        since: The lock of the release that learners have.

    Returns:
        The file's text; empty if nothing changed.
    """
    buffer = StringIO()
    # Quoted throughout: Anki takes a line that begins with `#`, as an imported guid may, for a
    # comment.
    rows = csv.writer(buffer, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_ALL)
    for note in notes:
        before = since.notes.get(note.key)
        if before is not None and before.content == lock.notes[note.key].content:
            continue
        note_type = lock.note_types[note.kind]
        names = [part.name for part in note_type.fields if not part.name.startswith(SPARE)]
        fields = note.fields
        rows.writerow(
            [
                lock.notes[note.key].guid,
                note_type.name,
                note.deck or deck_name(deck),
                *(fields.get(name, "") for name in names),
            ]
        )
    if not buffer.getvalue():
        return ""
    header = "#separator:tab\n#html:true\n#guid column:1\n#notetype column:2\n#deck column:3\n"
    return header + buffer.getvalue()
