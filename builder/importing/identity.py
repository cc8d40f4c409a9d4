"""The lock of an imported project: what learners of the deck have."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from builder import clock
from builder import kept as keeping
from builder import lock as locks
from builder.importing.convert import Imported
from builder.load import Loaded
from builder.lock import Lock, NoteEntry, NoteTypeEntry, Part
from builder.project import Project
from builder.targets import anki, faces


def learners_lock(project: Project, loaded: Loaded, made: Imported, now: int) -> Lock:
    """What learners of the deck have, as if all of it had been built here before.

    Args:
        project: The project as it was written.
        loaded: Its content: the lock holds hashes of what its own loader makes of it.
        made: Guids, ids and times.
        now: Unix time in seconds: no note changed after it.
    """
    notes = {note.key: note for note in made.notes}
    entries: dict[str, NoteEntry] = {}
    for note in loaded.notes:
        if notes[note.key].is_plain:
            continue
        known = notes[note.key].source
        changed = _within(known.changed or now, now)
        entries[note.key] = NoteEntry(
            key=note.key,
            kind=note.kind,
            guid=known.guid or locks.guid(loaded.deck.file.id, note.key),
            numbers=note.numbers,
            content=note.content,
            first_seen=min(_within(known.created or now, now), changed),
            changed_at=changed,
        )
    seed = Lock(None, _types(project, loaded, made, now), entries)
    lock, _ = anki.next_lock(loaded.deck, loaded.notes, project, seed, now, loaded.spans.get)
    return lock


def _types(
    project: Project, loaded: Loaded, made: Imported, now: int
) -> Mapping[str, NoteTypeEntry]:
    kept = keeping.read(project, loaded.deck.file)
    entries = faces.kept_entries(loaded.deck.file, kept, Lock())
    known: dict[str, NoteTypeEntry] = {}
    for kind in made.types:
        if kind.id not in entries:
            continue  # all its notes are plain items
        entry, source = entries[kind.id], kind.source
        if not source.id:
            known[kind.id] = replace(entry, changed_at=now)
            continue
        known[kind.id] = replace(
            entry,
            id=source.id,
            fields=_with_ids(entry.fields, source.fields),
            templates=_with_ids(entry.templates, [each.part for each in source.templates]),
            changed_at=_within(source.changed_at, now),
        )
    return known


def _with_ids(made: tuple[Part, ...], known: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(Part(other.id, part.name) for part, other in zip(made, known, strict=True))


def _within(seconds: int, now: int) -> int:
    """A time that the lock can hold."""
    return min(max(seconds, clock.EARLIEST), now)
