"""What the page gets: every field of every note, and only changed topics anew."""

import json
from pathlib import Path
from typing import Any

import pytest

from builder import lock as locks
from builder.build import make
from builder.cache import Cache
from builder.load import load
from builder.preview.view import View, Viewer
from builder.preview.watch import snapshot
from builder.project import Project
from tests.browser.previewing import edit, new_project

NOW = 1_795_000_000


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(new_project(tmp_path / "averages"))


def lock_of(project: Project) -> locks.Lock:
    return locks.read(project.content / "deck.lock", "content/deck.lock")


def items(view: View, topic: str = "averages") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(view.topics[topic])["items"]
    return found


def test_fields_shared_by_an_items_notes_are_sent_once(project: Project, cache: Cache) -> None:
    loaded = load(project, cache)
    view = Viewer(project).view(loaded, lock_of(project))
    sent = {
        note["key"]: {**item["common"], **note["fields"]}
        for item in items(view)
        for note in item["notes"]
    }
    assert sent == {note.key: dict(note.fields) for note in loaded.notes}
    for item in items(view):
        assert item["common"].keys() >= {"Question en", "Question zh", "Level"}
        assert all("Question en" not in note["fields"] for note in item["notes"])


def test_notes_know_their_place_and_what_became_of_them(project: Project, cache: Cache) -> None:
    (project.content / "deck.lock").write_text(
        make(project, cache, now=NOW, names=["averages.apkg"]).lock or "", "utf-8"
    )
    edit(project.root, "topics/averages.yaml", "A single outlier", "One single outlier")
    edit(
        project.root,
        "topics/averages.yaml",
        "      outlier:",
        "      fresh:\n        en: A {{c1::new}} one.\n        zh: {zh}\n      outlier:".replace(
            "{zh}", "'{{c1::新}}的。'"
        ),
    )
    view = Viewer(project).view(load(project, cache), lock_of(project))
    notes = {note["key"]: note for item in items(view) for note in item["notes"]}
    assert {key: note["state"] for key, note in notes.items() if note["state"]} == {
        "mean-definition.fresh": "new",
        "mean-definition.outlier": "changed",
    }
    path, line, column = notes["mean-definition.outlier"]["place"]
    text = (project.root / path).read_text("utf-8").split("\n")[line - 1]
    assert text[column - 1 :] == "outlier:"


def test_only_a_changed_topic_is_written_again(project: Project, cache: Cache) -> None:
    topics = project.content / "topics"
    text = (topics / "averages.yaml").read_text("utf-8")
    for old in ("mean-definition", "median-definition"):
        text = text.replace(old, f"other-{old}")
    (topics / "others.yaml").write_text(text, "utf-8")
    edit(project.root, "deck.yaml", "topics:", "topics: [averages, others]\nold_topics:")
    deck = project.content / "deck.yaml"
    lines = deck.read_text("utf-8").split("\n")
    at = next(n for n, line in enumerate(lines) if line.startswith("old_topics:"))
    del lines[at]
    while lines[at].startswith("  - "):
        del lines[at]
    deck.write_text("\n".join(lines), "utf-8")
    viewer = Viewer(project)
    load(project, cache)
    before = viewer.view(load(project, cache), lock_of(project))
    edit(project.root, "topics/others.yaml", "Add all values", "Sum up all values")
    after = viewer.view(load(project, cache), lock_of(project))
    assert after.topics["averages"] is before.topics["averages"]
    assert after.topics["others"] != before.topics["others"]
    hashes = [{t["id"]: t["hash"] for t in json.loads(v.deck)["topics"]} for v in (before, after)]
    assert hashes[0]["averages"] == hashes[1]["averages"]
    assert hashes[0]["others"] != hashes[1]["others"]


def test_variants_are_what_the_packages_show(project: Project, cache: Cache) -> None:
    view = Viewer(project).view(load(project, cache), lock_of(project))
    variants = json.loads(view.deck)["variants"]
    assert [each["languages"] for each in variants] == [["en", "zh"], ["en"], ["zh"]]
    assert len({each["css"] for each in variants}) == 3


def test_programs_of_imported_decks_are_not_served(project: Project, cache: Cache) -> None:
    """A card cannot run them itself, but a frame in it could."""
    edit(
        project.root,
        "deck.yaml",
        "outputs:",
        "note_types:\n  word: {name: Word, fields: [Word], cards: [Recall]}\noutputs:",
    )
    looks = project.root / "templates/anki/word"
    looks.mkdir(parents=True)
    (looks / "front-1.html").write_text("<script src=_look.js></script>{{Word}}", "utf-8")
    (looks / "back-1.html").write_text("{{FrontSide}}", "utf-8")
    (looks / "style.css").write_text("@import '_look.css'", "utf-8")
    media = project.content / "media"
    media.mkdir()
    names = ["_look.css", "_look.js", "_LOOK.JS", "_look.mjs", "_look.html", "_look.woff2", "_look"]
    for name in names:
        (media / name).write_bytes(b"")
    served = Viewer(project).view(load(project, cache), lock_of(project)).media
    assert {name for name in served if name in names} == {"_look.css", "_look.woff2"}


def test_saves_are_seen_and_leftovers_are_not(project: Project) -> None:
    before = snapshot(project)
    topic = project.content / "topics/averages.yaml"
    assert str(topic) in before
    (topic.parent / ".averages.yaml.swp").write_text("x", "utf-8")
    (topic.parent / "averages.yaml~").write_text("x", "utf-8")
    (project.content / "checks/__pycache__").mkdir()
    (project.content / "checks/__pycache__/averages.pyc").write_bytes(b"x")
    (project.root / "dist").mkdir(exist_ok=True)
    (project.root / "dist/averages.apkg").write_bytes(b"x")
    assert snapshot(project) == before
    topic.write_text(topic.read_text("utf-8") + "\n", "utf-8")
    assert {path for path, state in snapshot(project).items() if before.get(path) != state} == {
        str(topic)
    }
    style = project.root / "templates/anki/style.css"
    style.parent.mkdir(parents=True)
    style.write_text("", "utf-8")
    assert str(style) in snapshot(project)
    topic.unlink()
    assert str(topic) not in snapshot(project)
