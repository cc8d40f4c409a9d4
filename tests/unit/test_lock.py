"""The lock: strict reading, gentle updating."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder import lock as locks
from builder.diagnostics import ContentError, Diagnostic, Span
from builder.lock import DeckEntry, Kind, Lock, NoteEntry, NoteTypeEntry, Part

NOW = 1_790_000_000
NAME = "content/deck.lock"


def note(
    key: str, content: str = "a", numbers: tuple[int, ...] = (1,), kind: Kind = "basic"
) -> NoteEntry:
    hashed = hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()
    return NoteEntry(key, kind, locks.guid("deck", key), numbers, hashed)


def note_type(
    kind: Kind, *, style: str = "0" * 32, names: tuple[str, ...] = ("Key", "Text", "Reserved 1")
) -> NoteTypeEntry:
    return NoteTypeEntry(
        kind,
        locks.stable_id("deck", kind, bits=40),
        f"deck · {kind}",
        tuple(Part(locks.stable_id("deck", kind, str(n)), name) for n, name in enumerate(names)),
        (Part(locks.stable_id("deck", kind, "template"), "Card"),),
        style,
    )


def deck_entry(name: str) -> DeckEntry:
    return DeckEntry("deck", locks.stable_id("deck", bits=40), name)


def wanted(*notes: NoteEntry, **types: NoteTypeEntry) -> Lock:
    basic = types.get("basic", note_type("basic"))
    cloze = types.get("cloze", note_type("cloze"))
    return Lock(
        deck_entry("甲 deck"),
        {**types, "basic": basic, "cloze": cloze},
        {n.key: n for n in notes},
    )


def nowhere(key: str) -> Span | None:
    return None


def first(*notes: NoteEntry, **types: NoteTypeEntry) -> Lock:
    lock, problems = locks.update(Lock(), wanted(*notes, **types), (), NOW, nowhere)
    assert problems == []
    return lock


def codes(problems: list[Diagnostic]) -> list[str]:
    return [problem.code for problem in problems]


def errors(text: str) -> list[tuple[str, str]]:
    with pytest.raises(ContentError) as caught:
        locks.parse(text, NAME)
    return [(str(d.span), d.message) for d in caught.value.diagnostics]


# Times


def test_new_notes_are_dated_now_and_keep_that_date() -> None:
    lock = first(note("a"), note("b"))
    assert {(n.first_seen, n.changed_at) for n in lock.notes.values()} == {(NOW, NOW)}
    later, problems = locks.update(lock, wanted(note("a"), note("b")), (), NOW + 99, nowhere)
    assert problems == []
    assert later.text == lock.text


def test_only_what_changed_is_dated_anew() -> None:
    lock = first(note("a"), note("b"))
    later, _ = locks.update(lock, wanted(note("a"), note("b", "new")), (), NOW + 99, nowhere)
    assert later.notes["a"] == lock.notes["a"]
    assert (later.notes["b"].first_seen, later.notes["b"].changed_at) == (NOW, NOW + 99)


@pytest.mark.parametrize("now", [NOW - 10_000_000, NOW])
def test_time_grows_even_if_the_clock_does_not(now: int) -> None:
    lock = first(note("a"))
    later, _ = locks.update(lock, wanted(note("a", "new")), (), now, nowhere)
    assert later.notes["a"].changed_at == NOW + 1


def test_a_clock_never_set_is_refused() -> None:
    with pytest.raises(ValueError, match="no time of this century"):
        locks.update(Lock(), wanted(note("a")), (), 0, nowhere)


def test_a_new_style_leaves_room_for_the_variants() -> None:
    lock = first(note("a"))
    styled = wanted(note("a"), basic=note_type("basic", style="1" * 32))
    later, problems = locks.update(lock, styled, (), NOW, nowhere, variants=4)
    assert problems == []
    assert later.note_types["basic"].changed_at == NOW + 4
    assert later.note_types["cloze"] == lock.note_types["cloze"]


# Refusals


def test_a_vanished_id_is_refused_until_it_is_retired() -> None:
    lock = first(note("a"), note("b"))
    _, problems = locks.update(lock, wanted(note("a")), (), NOW, nowhere)
    assert codes(problems) == ["vanished-id"]
    assert "retired.yaml" in problems[0].help
    later, problems = locks.update(lock, wanted(note("a")), {"b"}, NOW, nowhere)
    assert problems == []
    assert later.notes["b"].retired
    assert "\nretired b basic " in later.text


def test_a_vanished_fact_is_reported_at_its_item() -> None:
    lock = first(note("a"), note("a.fact", kind="cloze"))
    span = Span("content/topics/t.yaml", 3, 5, 3, 6)
    _, problems = locks.update(lock, wanted(note("a")), (), NOW, {"a": span}.get)
    assert [problem.span for problem in problems] == [span]


def test_a_vanished_item_is_reported_at_its_line_of_the_lock() -> None:
    lock = locks.parse(first(note("a"), note("b")).text, NAME)
    _, problems = locks.update(lock, wanted(note("a")), (), NOW, nowhere)
    assert problems[0].span == lock.notes["b"].place
    assert problems[0].span is not None


def test_a_vanished_item_is_one_problem_and_its_new_name_is_found() -> None:
    lock = first(note("rope-idea"), note("rope-idea.x", kind="cloze"), note("rope-ideas"))
    renamed = wanted(note("rope-idea-2"), note("rope-idea-2.x", kind="cloze"), note("rope-ideas"))
    _, problems = locks.update(lock, renamed, (), NOW, nowhere)
    assert codes(problems) == ["vanished-id"]
    assert "with its fact" in problems[0].message
    assert "was it renamed to 'rope-idea-2'?" in problems[0].help
    assert "`rope-idea: {reason: …, on: 2026-09}`" in problems[0].help


def test_retiring_an_item_retires_its_facts() -> None:
    lock = first(note("a"), note("a.fact", kind="cloze"), note("b"))
    later, problems = locks.update(lock, wanted(note("b")), {"a"}, NOW, nowhere)
    assert problems == []
    assert [n.key for n in later.notes.values() if n.retired] == ["a", "a.fact"]


def test_a_retired_id_is_never_used_again() -> None:
    lock, _ = locks.update(first(note("a"), note("b")), wanted(note("a")), {"b"}, NOW, nowhere)
    for retired in ({"b"}, set[str]()):
        _, problems = locks.update(
            lock, wanted(note("a"), note("b", "other")), retired, NOW, nowhere
        )
        assert "retired-id" in codes(problems)


def test_the_same_note_may_come_back() -> None:
    lock, _ = locks.update(first(note("a"), note("b")), wanted(note("a")), {"b"}, NOW, nowhere)
    later, problems = locks.update(lock, wanted(note("a"), note("b")), (), NOW + 5, nowhere)
    assert problems == []
    assert not later.notes["b"].retired
    assert later.notes["b"].changed_at == NOW


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (note("a", "x", (1, 2), "basic"), "kind-changed"),
        (note("a", "x", (1, 3), "cloze"), "cloze-removed"),
        (note("a", "x", (1,), "cloze"), "cloze-removed"),
    ],
)
def test_changes_that_break_cards_are_refused(changed: NoteEntry, code: str) -> None:
    lock = first(note("a", "x", (1, 2), "cloze"))
    _, problems = locks.update(lock, wanted(changed), (), NOW, nowhere)
    assert codes(problems) == [code]
    assert problems[0].help


def test_a_new_cloze_number_is_fine() -> None:
    lock = first(note("a", "x", (1, 2), "cloze"))
    later, problems = locks.update(
        lock, wanted(note("a", "y", (1, 2, 3), "cloze")), (), NOW, nowhere
    )
    assert problems == []
    assert later.notes["a"].numbers == (1, 2, 3)


def test_a_renamed_deck_is_refused() -> None:
    _, problems = locks.update(
        first(), replace(wanted(), deck=deck_entry("other")), (), NOW, nowhere
    )
    assert codes(problems) == ["deck-renamed"]


def test_another_deck_id_is_refused() -> None:
    other = replace(wanted(), deck=DeckEntry("other", 5, "甲 deck"))
    _, problems = locks.update(first(), other, (), NOW, nowhere)
    assert codes(problems) == ["deck-id-changed"]


FIELDS = note_type("basic").fields


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ((*FIELDS, Part(9, "New")), "'New' was added"),
        (FIELDS[:2], "'Reserved 1' was removed"),
        ((FIELDS[1], FIELDS[0], FIELDS[2]), "reordered"),
        ((FIELDS[0], Part(FIELDS[1].id, "Other"), FIELDS[2]), "'Text' was renamed to 'Other'"),
    ],
)
def test_fields_are_frozen(fields: tuple[Part, ...], said: str) -> None:
    changed = replace(note_type("basic"), fields=fields)
    _, problems = locks.update(first(), wanted(basic=changed), (), NOW, nowhere)
    assert codes(problems) == ["fields-changed"]
    assert said in problems[0].message
    assert "refuse all updates" in problems[0].message


def test_a_spare_field_may_be_taken_over() -> None:
    taken = note_type("basic", names=("Key", "Text", "Text ja"))
    later, problems = locks.update(first(), wanted(basic=taken), (), NOW + 9, nowhere)
    assert problems == []
    assert later.note_types["basic"].changed_at == NOW + 9


def test_templates_and_note_type_ids_are_frozen() -> None:
    known = note_type("cloze")
    changed = replace(known, id=known.id + 1, templates=(*known.templates, Part(7, "Second")))
    _, problems = locks.update(first(), wanted(cloze=changed), (), NOW, nowhere)
    assert codes(problems) == ["note-type-changed", "templates-changed"]


def test_a_guid_edited_by_hand_is_refused() -> None:
    text = first(note("a")).text
    edited = text.replace(locks.guid("deck", "a"), locks.guid("deck", "b"))
    lock = locks.parse(edited, NAME)
    _, problems = locks.update(lock, wanted(note("a")), (), NOW, nowhere)
    assert codes(problems) == ["bad-lock"]
    assert problems[0].span == lock.notes["a"].place


# Reading


def test_identity_is_of_the_ids_alone() -> None:
    assert locks.guid("deck", "a") == locks.guid("deck", "a")
    assert len({locks.guid("deck", "a"), locks.guid("deck", "b"), locks.guid("other", "a")}) == 3
    assert 1 << 40 <= locks.stable_id("deck", bits=40) < 1 << 41


keys = st.from_regex(r"[a-z0-9]{1,4}(-[a-z0-9]{1,3})?(\.[a-z]{1,3})?", fullmatch=True)


@given(st.lists(keys, unique=True), st.text("甲a ·:", min_size=1).map(str.strip).filter(bool))
def test_what_is_written_is_read_back(names: list[str], deck: str) -> None:
    deck = " ".join(deck.split())
    notes = wanted(*(note(k, k, (1, 20), "cloze") for k in names))
    lock, _ = locks.update(Lock(), replace(notes, deck=deck_entry(deck)), (), NOW, nowhere)
    text = lock.text
    assert locks.parse(text, NAME) == lock
    assert locks.parse(text.replace("\n", "\r\n"), NAME) == lock
    lines = [line.split(" ")[1] for line in text.splitlines() if line.startswith("note ")]
    assert lines == sorted(names)


def test_no_file_is_an_empty_lock_but_an_empty_file_is_not(tmp_path: Path) -> None:
    assert locks.read(tmp_path / "deck.lock", NAME) == Lock()
    (tmp_path / "deck.lock").write_text("\n")
    with pytest.raises(ContentError, match="the lock is empty"):
        locks.read(tmp_path / "deck.lock", NAME)
    (tmp_path / "deck.lock").write_bytes(b"\xff")
    with pytest.raises(ContentError, match="not UTF-8"):
        locks.read(tmp_path / "deck.lock", NAME)


TEXT = first(note("a"), note("b.c", "x", (1, 2), "cloze")).text


def line_of(word: str) -> int:
    return next(n for n, line in enumerate(TEXT.split("\n"), 1) if line.startswith(word))


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("version 1", "version 2", (2, 9), "another version"),
        ("note a basic", "note A basic", (line_of("note a"), 6), "'A' is not a note's id"),
        ("note a basic", "note a plain", (line_of("note a"), 8), "neither `basic` nor `cloze`"),
        ("note a basic", "nite a basic", (line_of("note a"), 1), "starts no line"),
        (" 1,2 ", " 2,1 ", (line_of("note b"), 33), "in order"),
        (" 1,2 ", " 1,x ", (line_of("note b"), 33), "list of card numbers"),
        (" 1,2 ", "  ", (line_of("note b"), 1), "not of the form"),
        ("note a ", "<<<<<<< HEAD\nnote a ", (line_of("note a"), 1), "merge conflict"),
        ("field basic 02 ", "field basic 03 ", (line_of("field basic 02"), 13), "field 02 should"),
        ("deck deck ", "deck deck x", (3, 11), "is not an id"),
    ],
)
def test_a_damaged_lock_is_refused_with_its_place(
    old: str, new: str, at: tuple[int, int], message: str
) -> None:
    (place, said), *rest = errors(TEXT.replace(old, new, 1))
    assert place == f"{NAME}:{at[0]}:{at[1]}"
    assert message in said
    assert not [said for _, said in rest if "not whole" in said]


def test_of_a_merge_conflict_only_the_way_out_of_it_is_said() -> None:
    """What else is wrong comes from both sides standing there; git cannot restore the file."""
    note = next(line for line in TEXT.split("\n") if line.startswith("note a"))
    both = f"<<<<<<< HEAD\n{note}\n=======\n{note}\n>>>>>>> b"
    with pytest.raises(ContentError) as raised:
        locks.parse(TEXT.replace(note, both, 1), NAME)
    assert [problem.message for problem in raised.value.diagnostics] == [
        "a merge conflict was left here"
    ] * 3
    assert not [p for p in raised.value.diagnostics if "git checkout" in (p.help or "")]


@pytest.mark.parametrize(
    ("word", "bad"),
    [
        (6, "2026-13-01T00:00:00Z"),
        (6, "yesterday"),
        (6, "2001-01-01T00:00:00Z"),
        (3, "short"),
        (7, "xyz"),
    ],
)
def test_every_word_of_a_note_is_checked(word: int, bad: str) -> None:
    number = line_of("note a")
    lines = TEXT.split("\n")
    words = lines[number - 1].split(" ")
    column = sum(len(w) + 1 for w in words[:word]) + 1
    words[word] = bad
    lines[number - 1] = " ".join(words)
    assert errors("\n".join(lines))[0][0] == f"{NAME}:{number}:{column}"


def test_two_lines_for_one_note_are_refused() -> None:
    line = next(line for line in TEXT.split("\n") if line.startswith("note a "))
    assert "stands twice" in errors(TEXT + line + "\n")[0][1]
    other = line.replace("note a ", "note z ")
    assert "the guid is that of 'a'" in errors(TEXT + other + "\n")[0][1]


@pytest.mark.parametrize("word", ["version", "deck", "note-type cloze", "field basic", "template"])
def test_a_lock_cut_short_is_refused(word: str) -> None:
    lines = [line for line in TEXT.split("\n") if not line.startswith(word)]
    assert (
        "not whole" in errors("\n".join(lines))[0][1] or "twice" in errors("\n".join(lines))[0][1]
    )


def test_the_first_note_type_that_lacks_its_fields_is_named() -> None:
    """And not any, as the order of a set would have it."""
    line = next(line for line in foreign().text.split("\n") if line.startswith("note-type anki"))
    types = [line.replace("anki-basic 7", f"anki-{number} {number}") for number in range(10, 20)]
    assert errors(TEXT + "\n".join([*types, ""]))[0][1].endswith(
        "the lock is not whole: it lacks the lines `field anki-10 …`"
    )


def test_all_problems_are_reported_at_once() -> None:
    text = TEXT.replace("note a basic", "note a plain").replace(" 1,2 ", " 2,1 ")
    assert len(errors(text)) == 2


def test_notes_of_two_branches_merge_by_line() -> None:
    base = first(note("a"), note("m"), note("z"))
    ours, _ = locks.update(base, wanted(*map(note, "amzb")), (), NOW + 1, nowhere)
    theirs, _ = locks.update(base, wanted(*map(note, "amzn")), (), NOW + 2, nowhere)
    lines = set(ours.text.split("\n")) | set(theirs.text.split("\n"))
    text = ours.text.split("\n")
    merged = [*text[:-1], *(lines - set(text)), ""]
    assert set(locks.parse("\n".join(merged), NAME).notes) == set("abmnz")


def foreign() -> Lock:
    """A lock with a note type of an imported deck, and a note with a guid of its own."""
    kept = NoteTypeEntry(
        "anki-basic",
        7,
        "Basic (and more)",
        (Part(-5, "Front: a"), Part(0, "Back")),
        (Part(0, "Card 1"), Part(9, "Card 2")),
        "0" * 32,
    )
    note = NoteEntry("a", "anki-basic", "k8+u) 2%{\n中", (1, 2), "0" * 32)
    lock, problems = locks.update(Lock(), wanted(note, **{"anki-basic": kept}), (), NOW, nowhere)
    assert problems == []
    return lock


def test_imported_note_types_and_guids_come_back() -> None:
    lock = foreign()
    assert locks.parse(lock.text, NAME) == lock


@given(st.text(min_size=1))
def test_any_guid_comes_back(guid: str) -> None:
    lock = foreign()
    try:
        guid.encode()
    except UnicodeEncodeError:
        return
    notes = {"a": replace(lock.notes["a"], guid=guid)}
    lock = replace(lock, notes=notes)
    assert locks.parse(lock.text, NAME) == lock


def test_an_imported_note_type_cannot_go() -> None:
    lock = foreign()
    _, problems = locks.update(lock, wanted(), ("a",), NOW, nowhere)
    assert codes(problems) == ["note-type-changed"]


def test_a_note_of_a_note_type_that_is_not_there() -> None:
    text = foreign().text
    lines = [line for line in text.split("\n") if "-basic" not in line or line.startswith("note ")]
    with pytest.raises(ContentError, match="nor a note type of this lock"):
        locks.parse("\n".join(lines), NAME)
