"""A build that would change nothing does nothing, and no change goes unseen."""

import shutil
from pathlib import Path

import pytest

from bench import generate
from builder import build as builds
from builder.build import build
from builder.cache import Cache
from builder.diagnostics import ContentError
from builder.project import Project
from tests.unit.around import around

NOW = 1_790_000_000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unchanged")
    generate.write(folder / "project", 12)
    (folder / "project" / "templates" / "anki").mkdir(parents=True)
    deck = folder / "project" / "content" / "deck.yaml"
    text = deck.read_text("utf-8").replace("unused-figure: 'off'", "unused-figure: warning")
    deck.write_text(text, "utf-8")
    build(Project(folder / "project"), Cache(folder / "cache"), now=NOW)
    return folder


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Project:
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return Project(tmp_path / "project")


@pytest.fixture
def cache(project: Project) -> Cache:
    return Cache(project.root.parent / "cache")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with every build that did not find all there."""
    calls: list[int] = []
    counted = around(builds.make, before=lambda: calls.append(1))
    monkeypatch.setattr(builds, "make", counted)
    return calls


def test_nothing_changed(project: Project, cache: Cache, made: list[int]) -> None:
    told: list[str] = []
    again = build(project, cache, now=NOW, progress=told.append)
    assert made == []
    assert told == ["deck.apkg"]
    fresh = build(project, Cache(None), now=NOW)
    assert made == [1]
    assert fresh == again
    assert any(warning.code == "unused-figure" for warning in again.warnings)


@pytest.mark.parametrize(
    "name",
    [
        "content/deck.yaml",
        "content/topics/topic-0000.yaml",
        "content/symbols.yaml",
        "content/figures/figure-3.svg",
        "content/deck.lock",
        "content/glossary.yaml",
        "templates/anki/description.md",
        "dist/deck.apkg",
        "dist/SHA256SUMS",
    ],
)
def test_every_change_is_seen(project: Project, cache: Cache, made: list[int], name: str) -> None:
    file = project.root / name
    with file.open("ab") as opened:
        opened.write(b"[]\n" if name == "content/glossary.yaml" else b"\n")
    try:
        build(project, cache, now=NOW)
    except ContentError:
        assert name == "content/deck.lock"
    assert made == [1]


def test_a_file_that_went_away_is_made_again(
    project: Project, cache: Cache, made: list[int]
) -> None:
    package = project.dist / "deck.apkg"
    whole = package.read_bytes()
    package.unlink()
    build(project, cache, now=NOW)
    assert (made, package.read_bytes()) == ([1], whole)


def test_the_month_and_the_names_count(project: Project, cache: Cache, made: list[int]) -> None:
    build(project, cache, now=NOW, names=["deck.apkg"])
    build(project, cache, now=NOW + 40 * 86_400)
    assert made == [1, 1]


def test_an_edit_while_building_is_not_taken_for_its_result(
    project: Project, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = project.content / "topics" / "topic-0000.yaml"
    original = topic.read_text("utf-8")
    edited = original.replace("Chapter 0", "Chapter nought")
    topic.write_text(edited, "utf-8")

    def undo() -> None:
        topic.write_text(original, "utf-8")

    def redo() -> None:
        topic.write_text(edited, "utf-8")
        topic.write_text(edited + "# later\n", "utf-8")

    with monkeypatch.context() as author:
        author.setattr(builds, "make", around(builds.make, before=undo, after=redo))
        stale = build(project, cache, now=NOW).artifacts
    topic.write_text(edited, "utf-8")
    assert build(project, cache, now=NOW).artifacts != stale
