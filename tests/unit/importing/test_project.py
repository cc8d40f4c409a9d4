"""From a file to a project that builds; from a bad file to a reason."""

import io
import json
import os
import random
import sqlite3
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from builder import cli
from builder import lock as locks
from builder.build import build
from builder.cache import Cache
from builder.importing import modern, package
from builder.importing.project import Choices, create
from builder.importing.records import UnreadableError
from builder.importing.report import Report
from builder.kept import references
from builder.load import load
from builder.lock import Part
from builder.project import Project
from builder.scaffold import NotEmptyError
from builder.targets.apkg import CardTemplate, NoteType, PackedDeck, PackedNote
from builder.targets.apkg import package as packed
from tests.unit.damage import damaged

NOW = 1_900_000_000
TYPE = NoteType(
    id=1_600_000_000_000,
    name="Basic",
    cloze=False,
    fields=(Part(-5, "Front"), Part(0, "Back"), Part(7, "More: or less")),
    templates=(
        CardTemplate(Part(3, "Card 1"), "{{Front}}", "{{FrontSide}}{{Back}}{{More: or less}}"),
        CardTemplate(Part(0, "Card 2"), "{{#Back}}{{Back}}{{/Back}}", "{{Front}}"),
    ),
    css=".card {}",
    sort_field=0,
    changed_at=1_700_000_000,
    frozen=False,
    latex=("\\mine", "\\end"),
    right_to_left=("Back",),
)
TIME = 1_650_000_000


def note(number: int, *fields: str, guid: str = "", deck: str = "", cards: int = 2) -> PackedNote:
    return PackedNote(
        id=TIME * 1000 + number,
        guid=guid or f"g {number}%",
        note_type=TYPE,
        fields="\x1f".join((*fields, "", "", "")[:3]).encode(),
        tags=("a::b",),
        cards={n: TIME * 1000 + number * 10 + n for n in range(cards)},
        due=number,
        changed_at=TIME + number,
        deck=deck,
    )


NOTES = (
    note(1, "Question?", "<b>yes</b>"),
    note(2, "More?", "a", "<u>b</u>", deck="Top::Part"),
    note(3, "One card", deck="Top::Part", cards=1),
    note(4, "中文？", "是", deck="Other"),
)


@pytest.fixture
def deck(tmp_path: Path) -> Path:
    file = tmp_path / "deck.apkg"
    file.write_bytes(packed(PackedDeck(1, "Top", "About **it**.", TIME), [TYPE], NOTES, {}).data)
    return file


def imported(file: Path, folder: Path, cache: Cache, **choices: str) -> Report:
    return create(file, folder, Choices("mine", **choices), cache, NOW)


def test_the_lock_says_what_learners_have(deck: Path, tmp_path: Path, cache: Cache) -> None:
    report = imported(deck, tmp_path / "p", cache)
    assert (report.notes, report.cards, report.items) == (4, 7, 2)
    assert report.types == {"Basic": (2, 2)}
    lock = locks.read(tmp_path / "p" / "content" / "deck.lock", "deck.lock")
    kept = lock.note_types["anki-basic"]
    assert (kept.id, kept.name, kept.changed_at) == (TYPE.id, "Basic", TYPE.changed_at)
    assert kept.fields == TYPE.fields
    assert kept.templates == tuple(template.part for template in TYPE.templates)
    entries = {entry.guid: entry for entry in lock.notes.values()}
    assert {guid: e.numbers for guid, e in entries.items()} == {
        "g 1%": (1, 2),
        "g 2%": (1, 2),
        "g 3%": (1,),
        "g 4%": (1, 2),
    }
    for source in NOTES:
        entry = entries[source.guid]
        assert (entry.first_seen, entry.changed_at) == (TIME, source.changed_at)
    assert locks.parse(lock.text, "deck.lock") == lock


def test_the_project_builds_and_nothing_changes(deck: Path, tmp_path: Path, cache: Cache) -> None:
    imported(deck, tmp_path / "p", cache)
    project = Project(tmp_path / "p")
    loaded = load(project, cache)
    assert [topic.deck for topic in loaded.deck.topics] == [None, "Top::Part", "Other"]
    assert sum(1 for _ in loaded.deck.items()) == 2
    assert loaded.deck.file.description == {"en": "About **it**."}
    built = build(project, cache, now=NOW + 9, names=("mine.apkg",), locked=True)
    (tmp_path / "again.apkg").write_bytes(built.artifacts[0].data)
    work = tmp_path / "work"
    work.mkdir()
    before = package.read(deck, work)
    (work / "again").mkdir()
    after = package.read(tmp_path / "again.apkg", work / "again")
    assert {n.guid: (n.fields, n.tags, n.decks, n.changed) for n in after.notes} == {
        n.guid: (
            tuple(
                text.replace("<b>", "<strong>").replace("</b>", "</strong>") for text in n.fields
            ),
            n.tags,
            n.decks,
            n.changed,
        )
        for n in before.notes
    }
    assert list(after.types.values()) == list(before.types.values())


def test_a_deck_or_a_file_that_changed_makes_another_package(
    deck: Path, tmp_path: Path, cache: Cache
) -> None:
    imported(deck, tmp_path / "p", cache)
    project = Project(tmp_path / "p")

    def made() -> bytes:
        return build(project, cache, now=NOW, names=("mine.apkg",)).artifacts[0].data

    first = made()
    (project.content / "media").mkdir()
    (project.content / "media" / "_font.ttf").write_bytes(b"one")
    second = made()
    (project.content / "media" / "_font.ttf").write_bytes(b"two")
    third = made()
    topic = project.content / "topics" / "other.yaml"
    topic.write_text(topic.read_text("utf-8").replace("deck: Other", "deck: Others"), "utf-8")
    assert len({first, second, third, made()}) == 4


def test_items_of_an_imported_type_can_say_more(deck: Path, tmp_path: Path, cache: Cache) -> None:
    imported(deck, tmp_path / "p", cache)
    topic = tmp_path / "p" / "content" / "topics" / "top.yaml"
    text = topic.read_text("utf-8")
    topic.write_text(
        text.replace("answer: '**yes**'", "answer: '**yes**'\n    formula: a^2"), "utf-8"
    )
    assert topic.read_text("utf-8") != text
    [first, *_] = load(Project(tmp_path / "p"), cache).notes
    assert first.fields["Back"] == r"<div><strong>yes</strong></div><div>\[a^2\]</div>"


def test_a_new_note_of_an_imported_type(deck: Path, tmp_path: Path, cache: Cache) -> None:
    imported(deck, tmp_path / "p", cache)
    topic = tmp_path / "p" / "content" / "topics" / "top.yaml"
    added = "notes:\n  new: {type: anki-basic, fields: {Front: new}}\n"
    topic.write_text(topic.read_text("utf-8") + added, "utf-8")
    project = Project(tmp_path / "p")
    build(project, cache, now=NOW + 9, names=("mine.apkg",))
    lock = locks.read(project.content / "deck.lock", "deck.lock")
    assert lock.notes["new"].guid == locks.guid("mine", "new")
    assert lock.notes["new"].numbers == (1,)


def test_titles_and_folders(deck: Path, tmp_path: Path, cache: Cache) -> None:
    report = imported(deck, tmp_path / "p", cache, title="Mine", language="zh")
    assert report.title == "Mine"
    loaded = load(Project(tmp_path / "p"), cache)
    assert loaded.deck.languages == ("zh",)
    assert {note.deck for note in loaded.notes} == {"Top", "Top::Part", "Other"}
    with pytest.raises(NotEmptyError):
        imported(deck, tmp_path / "p", cache)
    empty = tmp_path / "empty"
    empty.mkdir()
    imported(deck, empty, cache)
    assert (empty / "content" / "deck.yaml").is_file()


@pytest.mark.parametrize(
    "name", ["a $x$ b_c_", "<b> & {{c1::x}}", "1. #", "`", "中文 📚", "a  b", "::", "x::"]
)
def test_any_deck_name(tmp_path: Path, cache: Cache, name: str) -> None:
    file = tmp_path / "deck.apkg"
    notes = [note(1, "q?", "a", deck=name), note(2, "r?", "b", deck=f"{name}::{name}")]
    file.write_bytes(packed(PackedDeck(1, "Unused", f"{name} $y$", TIME), [TYPE], notes, {}).data)
    imported(file, tmp_path / "p", cache)
    project = Project(tmp_path / "p")
    built = build(project, cache, now=NOW, names=("mine.apkg",), locked=True)
    file.write_bytes(built.artifacts[0].data)
    (tmp_path / "work").mkdir()
    again = package.read(file, tmp_path / "work")
    assert {n.guid: n.decks[0] for n in again.notes} == {
        "g 1%": name,
        "g 2%": f"{name}::{name}",
    }


# What can be wrong


def changed(file: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """The package with other members."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    file.write_bytes(buffer.getvalue())
    return file


def edited(file: Path, sql: str) -> Path:
    """The package with a changed database."""

    def change(members: dict[str, bytes]) -> None:
        database = sqlite3.connect(":memory:")
        database.deserialize(members["collection.anki2"])
        database.executescript(sql)
        database.commit()
        members["collection.anki2"] = database.serialize()
        database.close()

    return changed(file, change)


@pytest.mark.parametrize(
    ("member", "data", "message"),
    [
        ("media", b"[1", "list of media"),
        ("media", b"[1]", "list of media"),
        ("media", b"[" * 200_000, "list of media"),
        ("collection.anki2", b"", "no table"),
        ("collection.anki2", os.urandom(4096), "damaged"),
    ],
)
def test_damaged_members(
    deck: Path, tmp_path: Path, cache: Cache, member: str, data: bytes, message: str
) -> None:
    changed(deck, lambda members: members.update({member: data}))
    with pytest.raises(UnreadableError, match=message):
        imported(deck, tmp_path / "p", cache)
    assert not (tmp_path / "p").exists()
    assert list(tmp_path.iterdir()) == [deck]


def test_what_anki_cannot_read(deck: Path, tmp_path: Path, cache: Cache) -> None:
    newest = {"meta": b"\x08\x03", "collection.anki21b": b"x"}
    changed(deck, lambda members: members.update(newest))
    with pytest.raises(UnreadableError, match="Anki cannot read it"):
        imported(deck, tmp_path / "p", cache)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("update col set models = 'x'", "not what Anki writes"),
        ("update col set models = '[]'", "not what Anki writes"),
        ("""update col set models = '{"1": {"id": 1}}'""", "not what Anki writes"),
        ("update col set models = '{}'", "no notes"),
        ("delete from col", "empty"),
        ("delete from notes", "no notes"),
        ("update notes set mod = 'abc'", "not what Anki writes"),
        (
            """alter table notes rename to n2; create view notes as with recursive r(id) as
            (select 1 union all select id + 1 from r) select * from r""",
            "no table 'notes'",
        ),
        (
            """create table n2 as select * from notes; drop table notes;
            create table notes (id, guid, mid, mod, tags, flds as (hex(zeroblob(200000000))));
            insert into notes select id, guid, mid, mod, tags from n2""",
            "too big",
        ),
    ],
)
def test_damaged_databases(
    deck: Path, tmp_path: Path, cache: Cache, sql: str, message: str
) -> None:
    with pytest.raises(UnreadableError, match=message):
        imported(edited(deck, sql), tmp_path / "p", cache)


@pytest.mark.parametrize(
    "sql",
    [
        "update notes set mod = 1e300",
        "update notes set mod = -5, tags = char(1) || ' a' || char(10)",
        "update notes set flds = replace(hex(zeroblob(3000)), '00', '<div class=a>') || 'x'",
        "update notes set flds = replace(hex(zeroblob(3000)), '00', '*_[](') || 'x'",
        "update notes set flds = 'a' || char(9, 8232, 65279, 133, 1) || '<pre>' || char(9)",
        "delete from cards",
        "update notes set guid = char(10) || '?' || id",
    ],
)
def test_odd_content_becomes_a_project(deck: Path, tmp_path: Path, cache: Cache, sql: str) -> None:
    imported(edited(deck, sql), tmp_path / "p", cache)
    build(Project(tmp_path / "p"), cache, now=NOW, names=("mine.apkg",), locked=True)


def test_media_cannot_leave_their_folder(deck: Path, tmp_path: Path, cache: Cache) -> None:
    names = ["../../../evil.png", "/etc/passwd", "C:\\x.png", "con", "a\0b", "..", "x/../../y.png"]

    def change(members: dict[str, bytes]) -> None:
        listing = {str(number): name for number, name in enumerate(names)}
        members["media"] = json.dumps(listing).encode()
        members.update(dict.fromkeys(listing, b"x"))

    edited(deck, """update notes set flds = '<img src="../../../evil.png">' || char(31) || 'x'""")
    report = imported(changed(deck, change), tmp_path / "p", cache)
    assert report.media == len(names)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    written = [file for file in files if file.read_bytes() == b"x"]
    folder = tmp_path / "p" / "content"
    assert written
    assert {file.parent.parent for file in written} == {folder}
    build(Project(tmp_path / "p"), cache, now=NOW, names=("mine.apkg",), locked=True)


def test_a_bomb_is_not_unpacked(
    deck: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Cache
) -> None:
    monkeypatch.setattr(package, "MAX_DATABASE", 1 << 20)
    changed(deck, lambda members: members.update({"collection.anki2": bytes(2 << 20)}))
    with pytest.raises(UnreadableError, match="too large"):
        imported(deck, tmp_path / "p", cache)
    monkeypatch.setattr(package, "MAX_TOTAL", 1 << 20)
    with pytest.raises(UnreadableError, match="unpack"):
        imported(deck, tmp_path / "p", cache)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_a_damaged_member(tmp_path: Path, cache: Cache, method: int) -> None:
    file = tmp_path / "deck.apkg"
    file.write_bytes(damaged(method))
    with pytest.raises(UnreadableError, match="it is damaged"):
        imported(file, tmp_path / "p", cache)


@pytest.mark.parametrize(
    ("found", "put"),
    [
        ("é".encode(), b"\xff\xfe"),  # a name that is no UTF-8
        # It begins before the file does.
        (b"PK\x05\x06", b"PK\x05\x06\0\0\0\0\2\0\2\0\xff\xff\xff\x00"),
    ],
)
def test_a_directory_that_leads_nowhere(
    deck: Path, tmp_path: Path, cache: Cache, found: bytes, put: bytes
) -> None:
    data = changed(deck, lambda members: members.update({"é": b"x"})).read_bytes()
    at = data.rindex(found)
    deck.write_bytes(data[:at] + put + data[at + len(put) :])
    with pytest.raises(UnreadableError, match="it is damaged"):
        imported(deck, tmp_path / "p", cache)


def test_only_names_of_media_are_replaced(deck: Path, tmp_path: Path, cache: Cache) -> None:
    """`A.png` must give way to `a.png`, for there are systems where they are one file."""
    names = ["a.png", "A.png", "BA.png"]

    def change(members: dict[str, bytes]) -> None:
        members["media"] = json.dumps({str(at): name for at, name in enumerate(names)}).encode()
        members.update({str(at): name.encode() for at, name in enumerate(names)})

    edited(
        deck,
        """update notes set flds = 'Not A.png. <img src=A.png> <img src="BA.png"><img src="a.png">'
        || ' [sound:A.png]' || char(31) || 'x'""",
    )
    imported(changed(deck, change), tmp_path / "p", cache)
    [media] = [folder for folder in (tmp_path / "p").rglob("media") if folder.is_dir()]
    files = {file.read_text(): file.name for file in media.iterdir()}
    assert sorted(files) == sorted(names)
    built = build(Project(tmp_path / "p"), cache, now=NOW, names=("mine.apkg",), locked=True)
    deck.write_bytes(built.artifacts[0].data)
    (tmp_path / "work").mkdir()
    text = package.read(deck, tmp_path / "work").notes[0].fields[0]
    assert text.startswith("Not A.png.")
    pictures = [files[name] for name in ("A.png", "BA.png", "a.png", "A.png")]
    assert list(references(text)) == pictures


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import time; time.sleep(60)", "too long"),
        ("import time; open('big', 'wb').write(b'x' * 2000); time.sleep(60)", "too large"),
    ],
)
def test_a_package_that_anki_would_read_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, reason: str
) -> None:
    """A program plays Anki: how fast the real one fails is up to the machine."""
    monkeypatch.setattr(modern, "_TIMEOUT", 10.0 if reason == "too large" else 0.3)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnreadableError, match=reason):
        modern._watched([sys.executable, "-c", program], tmp_path, 1000)


def test_templates_that_run_something_are_told(deck: Path, tmp_path: Path, cache: Cache) -> None:
    edited(deck, "update col set models = replace(models, '{{Front}}', '<b onclick=x()>{{Front}}')")
    report = imported(deck, tmp_path / "p", cache)
    assert any("templates hold scripts" in notice for notice in report.notices)


def test_flipped_bytes_end_in_a_project_or_a_reason(
    deck: Path, tmp_path: Path, cache: Cache
) -> None:
    whole = deck.read_bytes()
    chance = random.Random(7)  # noqa: S311 - no secret
    for number in range(40):
        data = bytearray(whole[: chance.choice([len(whole), chance.randrange(len(whole))])])
        for _ in range(3):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        deck.write_bytes(data)
        with suppress(UnreadableError):
            imported(deck, tmp_path / str(number), cache)
            assert (tmp_path / str(number) / "content" / "deck.lock").is_file()


# The command


def test_the_command(deck: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    folder = str(tmp_path / "p")
    result = runner.invoke(cli.main, ["import", str(deck), folder])
    assert result.exit_code == 0
    assert "4 notes, 7 cards" in result.stderr
    assert "note type 'Basic': 2 to items, 2 kept field by field" in result.stderr
    again = runner.invoke(cli.main, ["import", str(deck), folder])
    assert again.exit_code == 2
    assert "is not empty" in again.stderr
    deck.write_bytes(b"nothing")
    bad = runner.invoke(cli.main, ["import", str(deck), str(tmp_path / "q")])
    assert bad.exit_code == 1
    assert "cannot import" in bad.stderr
    tag = runner.invoke(cli.main, ["import", str(deck), str(tmp_path / "q"), "--language", "!"])
    assert tag.exit_code == 2


def test_without_anki_the_newest_format_says_what_to_install(
    deck: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(modern, "find_spec", lambda _: None)
    changed(deck, lambda members: members.update({"collection.anki21b": b"x"}))
    result = CliRunner().invoke(cli.main, ["import", str(deck), str(tmp_path / "p")])
    assert result.exit_code == 3
    assert 'pip install "deckwright[anki]"' in result.stderr


def test_tags_that_anki_would_change_are_lost_and_told(tmp_path: Path, cache: Cache) -> None:
    strange = NOTES[0]._replace(tags=("a::b", "A::B", "one::", ":", 'x"y', "fine:"))
    file = tmp_path / "deck.apkg"
    file.write_bytes(packed(PackedDeck(1, "Top", "", TIME), [TYPE], [strange], {}).data)
    report = imported(file, tmp_path / "p", cache)
    assert report.losses == {"tags with spaces, quotation marks or an empty part": 3}
    [topic] = (tmp_path / "p" / "content" / "topics").iterdir()
    assert yaml.safe_load(topic.read_text("utf-8"))["items"]["question"]["tags"] == [
        "A::B",
        "fine:",
    ]


def test_a_cloze_type_is_written_as_its_schema_has_it(tmp_path: Path, cache: Cache) -> None:
    cloze = replace(TYPE, cloze=True, templates=TYPE.templates[:1])
    texts = note(1, "{{c1::x}}", cards=1)._replace(note_type=cloze)
    file = tmp_path / "deck.apkg"
    file.write_bytes(packed(PackedDeck(1, "Top", "", TIME), [cloze], [texts], {}).data)
    imported(file, tmp_path / "p", cache)
    deck = (tmp_path / "p" / "content" / "deck.yaml").read_text("utf-8")
    [kind] = yaml.safe_load(deck)["note_types"].values()
    assert kind["cloze"] is True


@pytest.mark.parametrize("name", ["notes.md", "NOTES.Markdown"])
def test_markdown_is_no_text_file_of_anki(tmp_path: Path, cache: Cache, name: str) -> None:
    file = tmp_path / name
    file.write_text("# Capitals\n\nWhat is the capital of France?, Paris\n", "utf-8")
    with pytest.raises(UnreadableError, match="it is Markdown"):
        imported(file, tmp_path / "p", cache)
    assert not (tmp_path / "p").exists()
