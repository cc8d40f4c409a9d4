"""What the update report says, for updates whose effect in Anki is known."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from builder import diff
from builder.archive import zipped
from builder.diff import (
    NoteTypeView,
    NoteView,
    Snapshot,
    as_json,
    as_markdown,
    as_text,
    compare,
    plain,
    snapshot,
)
from builder.model import RetiredNote

QA = NoteTypeView("t · Q&A", ("Key", "Question zh", "Question en"), ("Card",), ("css", "q", "a"), 1)
CLOZE = NoteTypeView("t · Cloze", ("Key", "Text zh", "Text en"), ("Cloze",), ("css", "q", "a"), 1)
ONE = NoteView(
    "one", QA.name, {"Key": "one", "Question zh": "一？", "Question en": "One?"}, ("a",), (1,), 100
)
TWO = NoteView(
    "two.x",
    CLOZE.name,
    {"Key": "two.x", "Text zh": "{{c1::二}}", "Text en": "{{c1::two}}"},
    ("a",),
    (1,),
    100,
)
BEFORE = Snapshot({"g1": ONE, "g2": TWO}, {"1": QA, "2": CLOZE}, ("T",))


def changed(note: NoteView, at: int = 200, **fields: str) -> NoteView:
    named = {name.replace("_", " "): value for name, value in fields.items()}
    return replace(note, fields={**note.fields, **named}, changed_at=at)


def with_notes(**notes: NoteView) -> Snapshot:
    return replace(BEFORE, notes={**BEFORE.notes, **notes})


def test_nothing_changed() -> None:
    report = compare(BEFORE, BEFORE)
    assert (report.verdict, report.changes, report.kept, report.style) == ("safe", (), 2, False)


def test_a_reworded_question_names_its_language() -> None:
    report = compare(BEFORE, with_notes(g1=changed(ONE, Question_en="What is one?")))
    assert report.verdict == "safe"
    (change,) = report.changes
    assert (change.kind, change.key, change.languages) == ("question reworded", "one", ("en",))
    assert (change.before, change.after) == ("One?", "What is one?")
    assert report.kept == 1


def test_a_change_without_a_newer_time_never_arrives() -> None:
    report = compare(BEFORE, with_notes(g1=changed(ONE, at=100, Question_en="What is one?")))
    assert report.verdict == "needs an option"
    assert "its time" in report.reasons[0]


def test_new_notes_are_safe() -> None:
    report = compare(BEFORE, with_notes(g3=replace(ONE, key="three")))
    assert report.verdict == "safe"
    assert [(c.kind, c.key) for c in report.changes] == [("new", "three")]


def test_a_vanished_note_needs_an_announcement() -> None:
    after = replace(BEFORE, notes={"g1": ONE})
    assert compare(BEFORE, after).verdict == "loses progress"
    assert (
        compare(BEFORE, after, {"two.x": RetiredNote(reason="r", on="2026-11")}).verdict == "safe"
    )


def test_added_cloze_is_safe_and_a_removed_one_is_not() -> None:
    more = replace(changed(TWO, Text_en="{{c1::two}} {{c2::x}}"), cards=(1, 2))
    added = compare(BEFORE, with_notes(g2=more))
    assert added.verdict == "safe"
    assert [c.kind for c in added.changes] == ["cloze text changed", "cloze added"]
    removed = compare(with_notes(g2=more), BEFORE)
    assert removed.verdict == "loses progress"


@pytest.mark.parametrize(
    "grown",
    [
        replace(QA, fields=(*QA.fields, "More")),
        replace(QA, templates=(*QA.templates, "More")),
    ],
    ids=["fields", "templates"],
)
def test_a_changed_schema_needs_an_option(grown: NoteTypeView) -> None:
    report = compare(BEFORE, replace(BEFORE, note_types={"1": grown, "2": CLOZE}))
    assert report.verdict == "needs an option"


def test_renamed_parts_are_told_and_need_nothing() -> None:
    known = replace(QA, ids=(1, 2, 3, 4))
    renamed = replace(known, fields=("Key", "Question zh", "Question fr"))
    report = compare(
        replace(BEFORE, note_types={"1": known, "2": CLOZE}),
        replace(BEFORE, note_types={"1": renamed, "2": CLOZE}),
    )
    assert report.verdict == "safe"
    (reason,) = report.reasons
    assert "Question en → Question fr" in reason
    swapped = replace(renamed, ids=(1, 3, 2, 4))
    report = compare(
        replace(BEFORE, note_types={"1": known, "2": CLOZE}),
        replace(BEFORE, note_types={"1": swapped, "2": CLOZE}),
    )
    assert report.verdict == "needs an option"


def test_a_new_note_type_id_loses_progress() -> None:
    report = compare(BEFORE, replace(BEFORE, note_types={"9": QA, "2": CLOZE}))
    assert report.verdict == "loses progress"


def test_a_note_that_changes_its_type_loses_progress_and_a_renamed_type_does_not() -> None:
    moved = replace(ONE, kind=CLOZE.name, changed_at=200)
    assert compare(BEFORE, with_notes(g1=moved)).verdict == "loses progress"
    renamed = replace(QA, name="new name")
    after = Snapshot(
        {"g1": replace(ONE, kind="new name"), "g2": TWO}, {"1": renamed, "2": CLOZE}, ("T",)
    )
    assert compare(BEFORE, after).verdict == "safe"


def test_a_renamed_deck_needs_an_option() -> None:
    assert compare(BEFORE, replace(BEFORE, decks=("U",))).verdict == "needs an option"


def test_style_is_told() -> None:
    styled = replace(QA, style=("other", "q", "a"), changed_at=2)
    report = compare(BEFORE, replace(BEFORE, note_types={"1": styled, "2": CLOZE}))
    assert report.style
    assert report.verdict == "safe"


def test_formats_tell_the_same() -> None:
    after = replace(BEFORE, notes={"g1": changed(ONE, Question_zh="一是*什么*？")})
    report = compare(BEFORE, after, {"two.x": RetiredNote(reason="r", on="2026-11")})
    text, markdown, data = as_text(report), as_markdown(report), as_json(report)
    for key in ("one", "two.x"):
        assert key in text
        assert f"`{key}`" in markdown
    assert "一是\\*什么\\*？" in markdown
    search = '("note:t · Cloze" or "note:t · Q&A") ("Key:two.x")'
    assert f"    {search}\n" in markdown
    assert search in text
    assert data["search"] == search
    assert [c["kind"] for c in data["changes"]] == ["question reworded", "retired"]


def test_plain() -> None:
    html = '<p lang="zh">a&lt;b {{c1::x::hint}}<!-- c --> y {{c2::std:<!-- -->:vector}}</p>'
    assert plain(html) == "a<b x y std::vector"


def test_the_same_words_in_other_tags_need_not_arrive() -> None:
    """As after an import, which writes `<strong>` for `<b>` and leaves the learner's time."""
    bold = changed(ONE, at=100, Question_en="<b>One</b>?&nbsp;")
    strong = changed(ONE, at=100, Question_en="<strong>One</strong>?")
    report = compare(with_notes(g1=bold), with_notes(g1=strong))
    assert (report.verdict, report.changes, report.kept) == ("safe", (), 2)
    later = compare(with_notes(g1=bold), with_notes(g1=replace(strong, changed_at=101)))
    assert [change.kind for change in later.changes] == ["question reworded"]
    other = compare(with_notes(g1=bold), with_notes(g1=replace(strong, tags=("b",))))
    assert other.verdict == "needs an option"


def test_a_note_that_is_sent_again_for_nothing_is_told() -> None:
    """Its time is newer, as after an edit that was undone: Anki overwrites the learner's own."""
    report = compare(BEFORE, with_notes(g1=replace(ONE, changed_at=200)))
    assert (report.verdict, report.kept) == ("safe", 1)
    assert [(change.kind, change.key) for change in report.changes] == [("sent again", "one")]
    assert "1 note is newer though nothing in it changed" in report.reasons[0]
    assert "content/deck.lock" in report.reasons[0]
    two = with_notes(g1=replace(ONE, changed_at=200), g2=replace(TWO, changed_at=200))
    assert "2 notes are newer though nothing in them changed" in compare(BEFORE, two).reasons[0]


def test_a_retired_item_takes_its_facts_along_and_says_why() -> None:
    gone = RetiredNote(reason="It was wrong.", on="2026-11", replaced_by="one")
    report = compare(BEFORE, replace(BEFORE, notes={"g1": ONE}), {"two": gone})
    assert report.verdict == "safe"
    (change,) = report.changes
    assert (change.before, change.after) == ("二", "It was wrong. See one.")
    assert "  two.x\n    - 二\n    It was wrong. See one.\n" in as_text(report)
    assert "- `two.x`: 二 (It was wrong. See one.)" in as_markdown(report)


def package_of(models: str) -> bytes:
    """A package with nothing in it but note types."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table col (models, decks)")
        database.execute("insert into col values (?, '{}')", (models,))
        database.commit()
        return zipped({"collection.anki2": database.serialize()})


@pytest.mark.parametrize(
    "models",
    [
        "[" * 200_000,
        '{"1": {"name": "", "flds": [], "tmpls": [], "css": "", "mod": Infinity}}',
    ],
    ids=["without end", "a time without end"],
)
def test_json_that_no_anki_wrote_is_damage(models: str) -> None:
    with pytest.raises(ValueError, match="the package's database is damaged"):
        snapshot(package_of(models))


def test_a_database_beyond_all_decks_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diff, "MAX_DATABASE", 1 << 12)
    with pytest.raises(ValueError, match="the package's database is too large"):
        snapshot(package_of(" " * (1 << 12)))
