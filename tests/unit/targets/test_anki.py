"""Notes from items, card faces, packages: what does not need Anki itself."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from builder import lock as locks
from builder import templating
from builder.cache import Cache
from builder.diagnostics import ContentError
from builder.lock import Lock, Part
from builder.model import Deck, DeckFile, Item, Output, Topic
from builder.project import Project
from builder.targets import Context, anki, apkg, faces
from builder.targets.notes import notes, source_link

NOW = 1_790_000_000
LANGUAGES = ("zh", "en")

FULL: dict[str, Any] = {
    "level": "core",
    "question": {"zh": "为什么除以 $\\sqrt{d_k}$？", "en": "Why divide by $\\sqrt{d_k}$?"},
    "answer": {"zh": "防止饱和", "en": "To keep a < b"},
    "formula": "a<b_{x_{y}}\n",
    "figure": "sub/My dot.svg",
    "code": {"language": "python", "source": "x = '{{c9::no cloze}}'\n"},
    "detail": {"zh": "写作 `{{c8::}}`。", "en": "Written `{{c8::}}`."},
    "facts": {
        "one": {"zh": "是{{c1::甲}}和{{c2::乙}}", "en": "{{c1::A}} and {{c2::B}}"},
        "two": {"zh": "是{{c1::丙}}", "en": "is {{c1::C}}"},
    },
    "pitfall": {"zh": "误", "en": "Wrong"},
    "where": {"m": {"zh": "位置", "en": "position"}},
    "refs": ["arXiv:2104.09864 §3.2", "Knuth & Co"],
    "check": "proof",
    "as_of": "2026-11",
}
SIMPLE: dict[str, Any] = {
    "level": "deep",
    "question": {"zh": "问", "en": "Q"},
    "answer": {"zh": "答", "en": "A"},
}


def nowhere(_key: str) -> None:
    """No place in a source: these decks have none."""


def make_deck(items: dict[str, dict[str, Any]], languages: tuple[str, ...] = LANGUAGES) -> Deck:
    context = {"languages": languages}

    def texts(zh: str, en: str) -> dict[str, str]:
        return {
            code: text
            for code, text in (("zh", zh), ("en", en), ("ja", en), ("ar", en))
            if code in languages
        }

    file = DeckFile.model_validate(
        {
            "id": "demo",
            "title": texts("演示", "Demo"),
            "languages": list(languages),
            "licence": "CC0",
            "description": texts("说明 *a*", "About a<b"),
            "homepage": "https://example.org/",
            "topics": ["first"],
            "outputs": {
                "demo.apkg": {"target": "anki"},
                "demo-en.apkg": {"target": "anki", "languages": ["en"]},
                "demo-zh.apkg": {"target": "anki", "languages": ["zh"]},
            },
        },
        context=context,
    )
    models = {key: Item.model_validate(item, context=context) for key, item in items.items()}
    topic = Topic(id="first", title=texts("其一", "First"), items=models)
    return Deck(file=file, unpack=lambda: (topic,), symbols={}, retired={})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    figures = tmp_path / "content" / "figures" / "sub"
    figures.mkdir(parents=True)
    (figures / "My dot.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    return Project(tmp_path)


def lock_of(deck: Deck, project: Project, old: Lock | None = None, now: int = NOW) -> Lock:
    lock, problems = anki.next_lock(
        deck, notes(deck, project), project, old or Lock(), now, nowhere
    )
    assert problems == []
    return lock


def render(
    deck: Deck, project: Project, lock: Lock, *languages: str, cache: Cache | None = None
) -> bytes:
    output = Output(target="anki", languages=languages or None)
    [made] = anki.render(
        deck,
        Context(project, "demo.apkg", output, lock, cache or Cache(None), notes(deck, project)),
    )
    assert made.name == "demo.apkg"
    return made.data


def database(data: bytes) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.deserialize(zipfile.ZipFile(BytesIO(data)).read("collection.anki2"))
    return connection


def query(data: bytes, sql: str) -> list[tuple[Any, ...]]:
    with closing(database(data)) as connection:
        return connection.execute(sql).fetchall()


def models(data: bytes) -> list[dict[str, Any]]:
    [(text,)] = query(data, "select models from col")
    return sorted(json.loads(text).values(), key=lambda model: model["name"])


# Notes


def test_an_item_is_a_question_and_a_note_per_fact(project: Project) -> None:
    made = notes(make_deck({"full": FULL, "simple": SIMPLE}), project)
    assert [(n.key, n.kind, n.numbers) for n in made] == [
        ("full", "basic", (1,)),
        ("full.one", "cloze", (1, 2)),
        ("full.two", "cloze", (1,)),
        ("simple", "basic", (1,)),
    ]


def test_the_fields_of_a_question(project: Project) -> None:
    note = notes(make_deck({"full": FULL}), project)[0]
    picture = next(iter(note.media))
    assert re.fullmatch(r"demo-My-dot-[0-9a-f]{12}\.svg", picture)
    assert note.media == {picture: "figures/sub/My dot.svg"}
    fields = dict(note.fields)
    assert "{{c9::no cloze}}" in re.sub("<[^>]*>", "", fields.pop("Code"))
    assert fields == {
        "Key": "full",
        "Question zh": r"为什么除以 \(\sqrt{d_k}\)？",
        "Question en": r"Why divide by \(\sqrt{d_k}\)?",
        "Answer zh": "防止饱和",
        "Answer en": "To keep a &lt; b",
        "Formula": r"\[a&lt;b_{x_{y} }\]",
        "Figure": f'<img src="{picture}" alt="">',
        "Symbols zh": r'<ul><li><span class="symbol">\(m\)</span> 位置</li></ul>',
        "Symbols en": r'<ul><li><span class="symbol">\(m\)</span> position</li></ul>',
        "Detail zh": "写作 <code>{{c8::}}</code>。",
        "Detail en": "Written <code>{{c8::}}</code>.",
        "Pitfall zh": "误",
        "Pitfall en": "Wrong",
        "Topic zh": "其一",
        "Topic en": "First",
        "Level": "core",
        "As of": "2026-11",
        "Sources": '<a href="https://arxiv.org/abs/2104.09864">arXiv:2104.09864</a> §3.2'
        " · Knuth &amp; Co",
    }
    assert note.tags == ("demo::level::core", "demo::topic::first", "demo::verified")


def test_a_fact_has_its_context_and_no_foreign_cloze(project: Project) -> None:
    note = notes(make_deck({"full": FULL}), project)[1]
    assert note.fields["Text zh"] == "是{{c1::甲}}和{{c2::乙}}"
    assert note.fields["Question en"].startswith("Why divide")
    assert note.fields["Detail zh"] == "写作 <code>{&#123;c8::}}</code>。"
    assert "Answer zh" not in note.fields


def test_a_table_of_all_languages_is_there_once(project: Project) -> None:
    table = "| a | b |\n|---|---|\n| 1 | 2 |"
    one = make_deck({"a": SIMPLE | {"table": table}})
    two = make_deck({"a": SIMPLE | {"table": {"zh": table, "en": table.replace("a", "x")}}})
    fields = [set(notes(deck, project)[0].fields) for deck in (one, two)]
    assert [{f for f in names if f.startswith("Table")} for names in fields] == [
        {"Table"},
        {"Table zh", "Table en"},
    ]


@pytest.mark.parametrize(
    ("reference", "made"),
    [
        (
            "doi:10.1000/x<y §1",
            '<a href="https://doi.org/10.1000/x&lt;y">doi:10.1000/x&lt;y</a> §1',
        ),
        ("https://a.org/b/?c=1&d", '<a href="https://a.org/b/?c=1&amp;d">a.org/b/?c=1&amp;d</a>'),
        ("arXiv:cs/0112017", '<a href="https://arxiv.org/abs/cs/0112017">arXiv:cs/0112017</a>'),
        ("javascript:alert(1) <b>", "javascript:alert(1) &lt;b&gt;"),
        (
            'https://a.org/"onclick="x',
            '<a href="https://a.org/&quot;onclick=&quot;x">a.org/"onclick="x</a>',
        ),
    ],
)
def test_references_become_links(reference: str, made: str) -> None:
    assert source_link(reference) == made


def test_a_figure_with_words_comes_once_a_language(project: Project) -> None:
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg'><title lang='en'>A &quot;dot&quot;</title>"
        "<text lang='zh'>点</text><text lang='en'>dot</text></svg>"
    )
    (project.content / "figures" / "dot.svg").write_text(svg, "utf-8")
    deck = make_deck({"full": FULL | {"figure": "dot.svg"}})
    note = notes(deck, project)[0]
    chinese, english = note.media
    assert note.fields["Figure"] == (
        f'<img src="{chinese}" alt="" lang="zh-Hans">'
        f'<img src="{english}" alt="A &quot;dot&quot;" lang="en-US">'
    )
    assert list(note.media.values()) == ["figures/dot.svg?lang=zh", "figures/dot.svg?lang=en"]
    assert chinese != english
    assert chinese.endswith(".svg")


def test_a_picture_in_a_text_has_the_words_of_its_language(project: Project) -> None:
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg'><text lang='zh'>点</text><text lang='en'>a</text>"
    )
    (project.content / "figures" / "dot.svg").write_text(svg + "</svg>", "utf-8")
    detail = {"zh": "见 ![点](dot.svg)", "en": "See ![dot](dot.svg)"}
    note = notes(make_deck({"full": FULL | {"detail": detail}}), project)[0]
    shown = {name: path for name, path in note.media.items() if path.startswith("figures/dot")}
    chinese, english = shown
    assert list(shown.values()) == ["figures/dot.svg?lang=zh", "figures/dot.svg?lang=en"]
    assert note.fields["Detail zh"] == f'见 <img src="{chinese}" alt="点">'
    assert note.fields["Detail en"] == f'See <img src="{english}" alt="dot">'


def content_of(project: Project, **changes: Any) -> str:
    return notes(make_deck({"a": FULL | changes}), project)[0].content


def test_the_content_hash_sees_what_learners_get(project: Project) -> None:
    same = content_of(project)
    assert content_of(project) == same
    assert content_of(project, answer={"zh": "x", "en": "y"}) != same
    assert content_of(project, level="deep") != same
    assert content_of(project, check=[]) != same
    file = project.content / "figures" / "sub" / "My dot.svg"
    file.write_text("<svg xmlns='http://www.w3.org/2000/svg'><g/></svg>")
    assert content_of(project) != same
    assert content_of(project, covers=["other"]) == content_of(project)


# Note types


def test_every_choice_of_languages_has_its_own_second() -> None:
    deck = make_deck({"a": SIMPLE})
    assert [faces.variant(deck, shown) for shown in (("zh", "en"), ("en",), ("zh",))] == [0, 1, 2]


def test_a_new_language_takes_spare_fields(project: Project) -> None:
    before = lock_of(make_deck({"a": SIMPLE}), project)
    item = {
        key: value if isinstance(value, str) else value | {"ja": "日"}
        for key, value in SIMPLE.items()
    }
    deck = make_deck({"a": item}, ("zh", "en", "ja"))
    after = lock_of(deck, project, before, NOW + 50)
    old, new = before.note_types["basic"], after.note_types["basic"]
    assert [f.id for f in old.fields] == [f.id for f in new.fields]
    renamed = {o.name: n.name for o, n in zip(old.fields, new.fields, strict=True) if o != n}
    assert renamed["Reserved 1"] == "Question ja"
    assert len(renamed) == 7
    row = query(render(deck, project, after), "select flds from notes")[0][0].split("\x1f")
    assert row[[f.name for f in new.fields].index("Question ja")] == "日"


def test_too_many_languages_are_refused(project: Project) -> None:
    deck = make_deck({"a": SIMPLE})
    before = lock_of(deck, project)
    full = replace(
        before.note_types["basic"],
        fields=tuple(
            Part(f.id, f.name.replace("Reserved", "Taken"))
            for f in before.note_types["basic"].fields
        ),
    )
    before = replace(before, note_types={**before.note_types, "basic": full})
    item = {
        key: value if isinstance(value, str) else value | {"ja": "日"}
        for key, value in SIMPLE.items()
    }
    wider = make_deck({"a": item}, ("zh", "en", "ja"))
    made = notes(wider, project)
    _, problems = anki.next_lock(wider, made, project, before, NOW, nowhere)
    assert [p.code for p in problems] == ["fields-changed"]


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("a\n{{Question [[ languages[0] ]]}}{{Formla}}", 2, 32, "no field 'Formla'"),
        ("x {{[[ languages[0] ]]}}", 1, 3, "no field 'zh'"),
        ("{{#Formula}}", 1, 1, "does not end"),
        ("x {{}}", 1, 3, "no field ''"),
        ("x {{ }}", 1, 3, "no field ''"),
        ("{{#Formula}}{{/Figure}}{{/Formula}}", 1, 13, "closes nothing"),
        ("a\n[[ nothing ]]", 2, 1, "'nothing' is undefined"),
        ("a\n\n[% if %]", 3, 1, "Expected an expression"),
    ],
)
def test_a_bad_template_is_reported_with_its_place(
    project: Project, text: str, line: int, column: int, said: str
) -> None:
    folder = project.root / "templates" / "anki"
    folder.mkdir(parents=True)
    (folder / "basic-front.html").write_text(text)
    with pytest.raises(ContentError) as caught:
        lock_of(make_deck({"a": SIMPLE}), project)
    first = caught.value.diagnostics[0]
    assert str(first.span) == f"templates/anki/basic-front.html:{line}:{column}"
    assert said in first.message


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("basic-front.html", "", "shows no field"),
        ("basic-front.html", "<p>{{#Formula}}x{{/Formula}}{{FrontSide}}", "shows no field"),
        ("cloze-front.html", "{{Question en}}", "no `{{cloze:…}}`"),
        ("cloze-back.html", "{{FrontSide}}", "no `{{cloze:…}}`"),
    ],
)
def test_a_template_of_blank_cards_is_refused(
    project: Project, file: str, text: str, said: str
) -> None:
    """Anki would refuse it in its editor, and show learners that the front is blank."""
    folder = project.root / "templates" / "anki"
    folder.mkdir(parents=True)
    (folder / file).write_text(text)
    with pytest.raises(ContentError) as caught:
        lock_of(make_deck({"a": SIMPLE}), project)
    (problem,) = caught.value.diagnostics
    assert str(problem.span) == f"templates/anki/{file}:1:1"
    assert said in problem.message


def test_what_is_written_from_right_to_left_is_shown_so(project: Project) -> None:
    said = {"ar": "لماذا؟", "en": "Why?"}
    item = {key: said if isinstance(value, dict) else value for key, value in SIMPLE.items()}
    deck = make_deck({"a": item}, ("ar", "en"))
    for face in faces.faces(deck, project, Lock()).values():
        assert '<div class="text" lang="ar" dir="rtl">' in face.back
        assert '<span lang="ar" dir="rtl">{{Topic ar}}</span>' in face.front
        assert '<div class="text" lang="en-US">' in face.back
        assert "dir=" not in face.back.replace(' lang="ar" dir="rtl"', "")


def test_faces_keep_the_rules_of_anki(project: Project) -> None:
    deck = make_deck({"a": FULL})
    for face in faces.faces(deck, project, Lock()).values():
        for side in (face.front, face.back):
            assert "[[" not in side
            assert "style=" not in side
            assert "<script" not in side
            assert 'lang="zh-Hans"' in side
            assert 'lang="en-US"' in side
    css = faces.css(deck, project, LANGUAGES)
    rules = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    assert ":lang(" not in rules
    assert "url(" not in rules
    assert "&" not in rules


def test_filled_templates_are_kept_until_one_of_them_changes(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path / "cache")
    deck = make_deck({"full": FULL})
    made = faces.faces(deck, project, Lock(), cache)
    assert made == faces.faces(deck, project, Lock())
    filled: list[str] = []
    fill = templating.fill

    def record(environment: Any, kind: str, name: str, values: Any) -> str:
        filled.append(name)
        return fill(environment, kind, name, values)

    monkeypatch.setattr(templating, "fill", record)
    assert faces.faces(deck, project, Lock(), cache) == made
    assert filled == []
    about = anki.description(deck, project, ["zh"], cache)
    narrow = make_deck({}, ("zh",))
    assert faces.faces(narrow, project, Lock(), cache) == faces.faces(narrow, project, Lock())
    folder = project.root / "templates" / "anki"
    folder.mkdir(parents=True)
    packaged = project.template_folders("anki")[1] / "parts.html"
    text = packaged.read_text("utf-8")
    (folder / "parts.html").write_text(text.replace('<div class="', '<div class="own '), "utf-8")
    other = faces.faces(deck, project, Lock(), cache)
    assert other != made
    assert other == faces.faces(deck, project, Lock())
    file = deck.file.model_copy(update={"description": {"zh": "新", "en": "New"}})
    assert anki.description(replace(deck, file=file), project, ["zh"], cache) != about


def test_a_filled_template_is_not_kept_when_one_in_a_folder_below_changes(
    project: Project, tmp_path: Path
) -> None:
    cache = Cache(tmp_path / "cache")
    folder = project.root / "templates" / "anki"
    (folder / "own").mkdir(parents=True)
    (folder / "description.md").write_text('[% include "own/about.md" %]', "utf-8")
    deck = make_deck({})
    for said in ("first", "second"):
        (folder / "own" / "about.md").write_text(said, "utf-8")
        assert said in anki.description(deck, project, ["zh"], cache)


def test_variants_differ_in_the_style_sheet_only(project: Project) -> None:
    deck = make_deck({"full": FULL})
    lock = lock_of(deck, project)
    both, english = render(deck, project, lock), render(deck, project, lock, "en")
    for rows in ("select * from notes", "select * from cards"):
        assert query(both, rows) == query(english, rows)
    for one, other in zip(models(both), models(english), strict=True):
        assert one["css"] != other["css"]
        assert other["mod"] - one["mod"] == 1
        assert {k: v for k, v in one.items() if k not in ("css", "mod")} == {
            k: v for k, v in other.items() if k not in ("css", "mod")
        }
    assert '[lang="zh-Hans"] { display: none; }' in models(english)[0]["css"]
    assert "display: none" not in models(both)[0]["css"]


# Packages


def test_times_ids_and_order_come_from_the_lock(project: Project) -> None:
    old = lock_of(make_deck({"a": SIMPLE, "b": SIMPLE}), project)
    changed = SIMPLE | {"answer": {"zh": "改", "en": "B"}}
    deck = make_deck({"new": SIMPLE, "a": SIMPLE, "b": changed})
    lock = lock_of(deck, project, old, NOW + 5000)
    rows = query(
        render(deck, project, lock),
        "select substr(flds, 1, instr(flds, char(31)) - 1), n.mod, due, n.id / 1000, c.mod, guid"
        " from notes n join cards c on nid = n.id order by due",
    )
    assert [row[:3] for row in rows] == [
        ("new", NOW + 5000, 1),
        ("a", NOW, 2),
        ("b", NOW + 5000, 3),
    ]
    assert [row[4] for row in rows] == [row[1] for row in rows]
    assert all(0 <= row[3] - lock.notes[row[0]].first_seen < 3600 for row in rows)
    assert [row[5] for row in rows] == [locks.guid("demo", key) for key in ("new", "a", "b")]
    assert {model["mod"] for model in models(render(deck, project, lock))} == {NOW}


def test_new_notes_leave_the_ids_of_others(project: Project) -> None:
    few = {f"n{n}": SIMPLE for n in range(30)}
    many = {f"m{n}": SIMPLE for n in range(30)} | few
    sql = "select n.guid, n.id, c.id from notes n join cards c on nid = n.id"
    before = lock_of(make_deck(few), project)
    rows = query(render(make_deck(few), project, before), sql)
    after = lock_of(make_deck(many), project, before, NOW + 1)
    assert set(rows) < set(query(render(make_deck(many), project, after), sql))


def test_the_deck_and_the_note_types_as_anki_wants_them(project: Project) -> None:
    deck = make_deck({"full": FULL})
    data = render(deck, project, lock_of(deck, project))
    [(text,)] = query(data, "select decks from col")
    made = next(d for d in json.loads(text).values() if d["id"] != 1)
    assert made["name"] == "演示"
    assert made["md"] is True
    for part in ("说明 *a*", "About a<b", "0.0.0", "CC0", "<https://example.org/>"):
        assert part in made["desc"]
    basic, cloze = models(data)[1], models(data)[0]
    assert (basic["name"], cloze["name"]) == ("demo · Q&A", "demo · Cloze")
    assert (basic["type"], cloze["type"]) == (0, 1)
    for model in (basic, cloze):
        assert model["did"] is None
        assert all(part["id"] > 0 for part in (*model["flds"], *model["tmpls"]))
        assert [f["collapsed"] for f in model["flds"]][-faces.SPARES :] == [True] * faces.SPARES


def test_the_archive_is_plain_and_small(project: Project) -> None:
    deck = make_deck({f"n{n}": FULL for n in range(100)})
    data = render(deck, project, lock_of(deck, project))
    archive = zipfile.ZipFile(BytesIO(data))
    assert archive.namelist() == ["collection.anki2", "media", "0"]
    assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.external_attr for info in archive.infolist()} == {0o100644 << 16}
    [name] = json.loads(archive.read("media")).values()
    assert name.startswith("demo-My-dot-")
    assert archive.getinfo("collection.anki2").compress_size * 4 < len(
        archive.read("collection.anki2")
    )
    assert query(data, "select count(*) from sqlite_master where type = 'index'") == [(0,)]


def test_the_database_is_whole(project: Project) -> None:
    long = {"zh": "长" * 3000, "en": "long " * 2000}
    deck = make_deck({f"n{n}": SIMPLE | ({} if n % 3 else {"answer": long}) for n in range(700)})
    data = render(deck, project, lock_of(deck, project))
    assert query(data, "pragma integrity_check") == [("ok",)]
    assert query(data, "select count(*), max(length(flds)) > 10000 from notes") == [(700, 1)]


def test_nothing_is_left_on_disk(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project.root / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    deck = make_deck({"full": FULL})
    render(deck, project, lock_of(deck, project))
    assert list(folder.iterdir()) == []


SCRIPT = """
import hashlib, sys
from pathlib import Path
from builder.project import Project
from tests.unit.targets.test_anki import FULL, SIMPLE, lock_of, make_deck, render
project = Project(Path(sys.argv[1]))
deck = make_deck({"full": FULL, **{f"n{n}": SIMPLE for n in range(50)}})
print(hashlib.sha256(render(deck, project, lock_of(deck, project))).hexdigest())
"""


def test_the_bytes_depend_on_content_and_lock_only(project: Project) -> None:
    root = Path(__file__).parents[3]
    sums = set()
    for seed, zone in (("1", "UTC"), ("2", "Asia/Shanghai")):
        environment = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(root)}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(project.root)],
            env=environment,
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        )
        sums.add(done.stdout)
    assert len(sums) == 1


def test_the_package_of_the_last_build_saves_work_and_changes_nothing(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path / "cache")
    items = {f"n{n}": SIMPLE for n in range(200)}
    deck = make_deck(items)
    lock = lock_of(deck, project)
    render(deck, project, lock, cache=cache)
    after = make_deck(items | {"n150": SIMPLE | {"answer": {"zh": "新", "en": "New"}}})
    lock = lock_of(after, project, lock, NOW + 1)
    written: list[str] = []
    row = apkg._note_row

    def record(note: apkg.PackedNote) -> tuple[Any, ...]:
        written.append(note.guid)
        return row(note)

    monkeypatch.setattr(apkg, "_note_row", record)
    made = render(after, project, lock, cache=cache)
    assert lock.notes["n150"].guid in written
    assert len(written) < 100
    (latest,) = (tmp_path / "cache" / "latest").rglob("*/*")
    for damage in (b"", b"x" * 30, b"\xff" * 100):
        cache.put("latest", latest.name, damage)
        for package in (tmp_path / "cache" / "apkg").rglob("*/*"):
            package.unlink()
        assert render(after, project, lock, cache=cache) == made
    assert render(after, project, lock) == made


NOTE_TYPE = apkg.NoteType(
    5, "t", False, (Part(1, "A"),), (apkg.CardTemplate(Part(2, "C"), "{{A}}", "{{A}}"),), "", 0, NOW
)
NOTE = apkg.PackedNote(NOW, "g", NOTE_TYPE, b"x", (), {0: NOW}, 1, NOW)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (NOTE._replace(id=1, cards={0: 1}), "share a guid"),
        (NOTE._replace(guid="h", cards={0: 1}), "share a guid"),
        (NOTE._replace(guid="h", id=1), "share a guid"),
        (NOTE._replace(guid="h", id=1, cards={}), "no card"),
        (NOTE._replace(guid="h", id=1, cards={0: 1}, fields=b"x\x1fy"), "wrong number"),
    ],
)
def test_what_anki_cannot_take_is_refused(bad: apkg.PackedNote, said: str) -> None:
    deck = apkg.PackedDeck(1 << 40, "d", "", NOW)
    with pytest.raises(ValueError, match=said):
        apkg.package(deck, [NOTE_TYPE], [NOTE, bad], {})


# Text update


def test_the_update_lists_what_changed_and_no_tags(project: Project) -> None:
    since = lock_of(make_deck({"a": SIMPLE, "b": SIMPLE}), project)
    changed = SIMPLE | {"answer": {"zh": '引"号', "en": "tab\there"}}
    deck = make_deck({"a": SIMPLE, "b": changed, "c": FULL})
    lock = lock_of(deck, project, since, NOW + 9)
    text = anki.update_text(deck, notes(deck, project), lock, since)
    head, rows = text.split("\n", 5)[:5], text.split("\n", 5)[5]
    assert head == [
        "#separator:tab",
        "#html:true",
        "#guid column:1",
        "#notetype column:2",
        "#deck column:3",
    ]
    for key in ("b", "c", "c.one", "c.two"):
        assert f'"{locks.guid("demo", key)}"\t"demo · ' in rows
    assert locks.guid("demo", "a") not in rows
    assert '"引""号"' in rows
    assert "demo::" not in text
    assert anki.update_text(deck, notes(deck, project), lock, lock) == ""
