"""The lock after a build, and what learners would suffer from its changes."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from builder.clock import EARLIEST, LATEST
from builder.diagnostics import Diagnostic, Span, did_you_mean
from builder.lock.records import RESTORE, SPARE, Lock, NoteEntry, NoteTypeEntry, Part


def update(
    old: Lock,
    new: Lock,
    retired: Collection[str],
    now: int,
    span_of: Callable[[str], Span | None],
    *,
    variants: int = 1,
) -> tuple[Lock, list[Diagnostic]]:
    """The lock after this build, and everything that learners would have to suffer from.

    Args:
        old: The lock as it was.
        new: What the content asks for: entries without times, or those of `old` that still hold.
        retired: Ids of `retired.yaml`; that of an item stands for its facts too.
        now: Unix time in seconds, for what is new or changed.
        span_of: Note key -> where it stands in the content.
        variants: How many seconds a note type's times must lie apart: one for each choice of
            languages, which all share the time in the lock (see `targets.anki`).

    Returns:
        The new lock, to be used only if there are no errors, and the problems.

    Raises:
        ValueError: `now` is no time of this century.
    """
    if not EARLIEST <= now <= LATEST:
        raise ValueError(f"{now} is no time of this century: the clock is wrong")
    problems = [*_deck_problems(old, new)]
    if any(problem.code == "deck-id-changed" for problem in problems):
        return old, problems  # all else follows from it
    problems += _note_type_problems(old, new)
    notes: dict[str, NoteEntry] = {}
    for key, note in new.notes.items():
        if _is_retired(key, retired):
            problems.append(
                Diagnostic(
                    "retired-id",
                    f"the id '{key}' was retired: learners still have the old note under it, and "
                    "its history would go to the new one",
                    span_of(key),
                    "choose a new id; to bring the same note back, delete it from retired.yaml",
                )
            )
        known = old.notes.get(key)
        if known is None:
            notes[key] = replace(note, first_seen=now, changed_at=now)
            continue
        if known is note:
            notes[key] = known
            continue
        problems.extend(_note_problems(known, note, span_of(key)))
        changed = known.content != note.content
        notes[key] = replace(
            note,
            first_seen=known.first_seen,
            changed_at=max(now, known.changed_at + 1) if changed else known.changed_at,
            place=known.place,
        )
    for key, known in old.notes.items():
        if key in new.notes:
            continue
        notes[key] = replace(known, retired=True)
        item = key.partition(".")[0]
        gone_with_item = item != key and item in old.notes and item not in new.notes
        if not _is_retired(key, retired) and not gone_with_item:
            problems.append(_vanished(known, old, new, now, span_of))
    note_types = {
        kind: _dated(old.note_types.get(kind), entry, now, variants)
        for kind, entry in new.note_types.items()
    }
    return Lock(new.deck, note_types, notes), problems


def _is_retired(key: str, retired: Collection[str]) -> bool:
    return key in retired or key.partition(".")[0] in retired


def _dated(
    known: NoteTypeEntry | None, entry: NoteTypeEntry, now: int, variants: int
) -> NoteTypeEntry:
    if known is None:
        return replace(entry, changed_at=now)
    changed = replace(entry, changed_at=known.changed_at) != known
    at = max(now, known.changed_at + variants) if changed else known.changed_at
    return replace(entry, changed_at=at, place=known.place)


def _vanished(
    known: NoteEntry, old: Lock, new: Lock, now: int, span_of: Callable[[str], Span | None]
) -> Diagnostic:
    item, _, fact = known.key.partition(".")
    facts = "" if fact else _with_facts(item, old)
    hint = did_you_mean(known.key, [key for key in new.notes if key not in old.notes])
    month = datetime.fromtimestamp(now, UTC).strftime("%Y-%m")
    return Diagnostic(
        "vanished-id",
        f"the note '{known.key}'{facts} was published and is gone: learners keep its cards, and "
        "no correction reaches them any more",
        span_of(item) or known.place,
        f"{hint.replace('did you mean', 'was it renamed to') + ' ' if hint else ''}restore the id, "
        f"or list it in content/retired.yaml: `{known.key}: {{reason: …, on: {month}}}`",
    )


def _with_facts(item: str, old: Lock) -> str:
    count = sum(key.startswith(f"{item}.") and not old.notes[key].retired for key in old.notes)
    return "" if not count else f" with its {count} facts" if count > 1 else " with its fact"


def _note_problems(known: NoteEntry, note: NoteEntry, span: Span | None) -> Iterator[Diagnostic]:
    if known.guid != note.guid:
        yield Diagnostic(
            "bad-lock",
            f"the guid of '{note.key}' should be {note.guid}: with another one learners would get "
            "the note a second time",
            known.place,
            RESTORE,
        )
    if known.retired and known.content != note.content:
        yield Diagnostic(
            "retired-id",
            f"the id '{note.key}' is that of a retired note with other content: learners' "
            "history of the old question would go to the new one",
            span,
            "choose a new id",
        )
    if known.kind != note.kind:
        yield Diagnostic(
            "kind-changed",
            f"'{note.key}' was a {known.kind} note and is now {note.kind}: Anki refuses the update",
            span,
            "restore it, or give the new one a new id and list the old one in retired.yaml",
        )
    elif gone := [number for number in known.numbers if number not in note.numbers]:
        listed = ", ".join(f"c{number}" for number in gone)
        yield Diagnostic(
            "cloze-removed",
            f"'{note.key}' had {listed}: its card stays with learners, empty, with its history",
            span,
            f"keep the number, and number a new cloze c{max(known.numbers) + 1}; or retire the "
            "fact and write it under a new id",
        )


def _deck_problems(old: Lock, new: Lock) -> Iterator[Diagnostic]:
    if old.deck is None or new.deck is None:
        return
    if (old.deck.id, old.deck.number) != (new.deck.id, new.deck.number):
        yield Diagnostic(
            "deck-id-changed",
            f"the deck's id was '{old.deck.id}' and is now '{new.deck.id}': every learner would "
            "get every note a second time",
            old.deck.place,
            "restore the id in deck.yaml; for a new deck `git rm content/deck.lock` and "
            "commit that",
        )
    elif old.deck.name != new.deck.name:
        yield Diagnostic(
            "deck-renamed",
            f"the deck was named '{old.deck.name}' and is now '{new.deck.name}': Anki finds decks "
            "by name, so learners would get a second deck and new notes only there",
            old.deck.place,
            "restore the title in the first language of deck.yaml, and the order of languages",
        )


def _note_type_problems(old: Lock, new: Lock) -> Iterator[Diagnostic]:
    for kind, known in old.note_types.items():
        entry = new.note_types.get(kind)
        if entry is None:
            yield Diagnostic(
                "note-type-changed",
                f"note type '{known.name}' is gone from deck.yaml: learners keep its notes, and no "
                "correction reaches them any more",
                known.place,
                f"restore `{kind}` under `note_types` in deck.yaml",
            )
            continue
        if known.id != entry.id:
            yield _note_type_problem(known, "note-type-changed", "its id changed")
        for what, before, after in (
            ("field", known.fields, entry.fields),
            ("template", known.templates, entry.templates),
        ):
            change = _parts_change(what, before, after)
            if change:
                yield _note_type_problem(known, f"{what}s-changed", change)


def _note_type_problem(known: NoteTypeEntry, code: str, change: str) -> Diagnostic:
    return Diagnostic(
        code,
        f"note type '{known.name}': {change}, so Anki would refuse all updates of its notes",
        known.place,
        f"take one of the fields named '{SPARE} …' instead, and restore content/deck.lock",
    )


def _parts_change(what: str, before: Sequence[Part], after: Sequence[Part]) -> str:
    """What happened to fields or templates, or an empty string if Anki can follow it."""
    names = [part.name for part in after]
    ids = {part.id for part in after}
    known = {part.id for part in before}
    for part in before:
        if part.id not in ids:
            return f"the {what} '{part.name}' was removed"
    for part in after:
        if part.id not in known:
            return f"the {what} '{part.name}' was added"
    if [part.id for part in before] != [part.id for part in after]:
        return f"the {what}s were reordered"
    for place, part in enumerate(before):
        if part.name != names[place] and not part.name.startswith(SPARE):
            return f"the {what} '{part.name}' was renamed to '{names[place]}'"
    return ""
