"""A topic prepared alone, in another process or long ago is the same topic."""

import pickle
from pathlib import Path

import pytest

from bench import generate
from builder import topics
from builder.build import build
from builder.cache import Cache
from builder.diagnostics import ContentError
from builder.load import Loaded, load
from builder.project import Project

MONTH = "2026-11"
NOW = 1_790_000_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("topics") / "project"
    generate.write(folder, 240, topic=40)
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    for file in made.rglob("*"):
        if file.is_file():
            copy = folder / file.relative_to(made)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    return Project(folder)


def entries(cache: Cache) -> list[Path]:
    assert cache.folder is not None
    return sorted(file for file in (cache.folder / "topic").rglob("*") if file.is_file())


def test_processes_and_cache_change_nothing(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "_WORTH_A_PROCESS", 10_000)
    cache = Cache(tmp_path / "cache")
    alone = load(project, Cache(None), MONTH)
    assert len(alone.notes) == 240
    assert load(project, Cache(None), MONTH, workers=3) == alone
    made = load(project, cache, MONTH, workers=3)
    assert made == alone
    assert made.pending.get() == alone.pending.get()
    assert made.deck.topics == alone.deck.topics
    assert len(entries(cache)) == 4
    kept = load(project, cache, MONTH)
    assert kept == alone
    assert kept.pending.get() == alone.pending.get()
    assert kept.deck.topics == alone.deck.topics


def test_what_is_done_meanwhile_is_done_once(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "_WORTH_A_PROCESS", 10_000)
    done: list[str] = []
    load(project, Cache(None), MONTH, workers=3, meanwhile=lambda: done.append("once"))
    assert done == ["once"]


def test_a_bad_lock_is_told_of_however_many_processes_there_are(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.content / "deck.lock").write_text("version 9\n", "utf-8")
    told: list[str] = []
    for least in (10_000, 10**9):
        monkeypatch.setattr(topics, "_WORTH_A_PROCESS", least)
        with pytest.raises(ContentError) as caught:
            build(project, Cache(None), now=NOW)
        assert "bad-lock" in [problem.code for problem in caught.value.diagnostics]
        told.append(str(caught.value))
    assert told[0] == told[1]


def test_an_edit_makes_one_topic_again(project: Project, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    before = load(project, cache, MONTH)
    file = project.content / "topics" / "topic-0002.yaml"
    file.write_text(file.read_text("utf-8").replace("Chapter 2", "Chapter two"), "utf-8")
    after = load(project, cache, MONTH)
    assert len(entries(cache)) == 5
    changed = [
        t.id for t, old in zip(after.deck.topics, before.deck.topics, strict=True) if t != old
    ]
    assert changed == ["topic-0002"]
    assert load(project, Cache(None), MONTH) == after


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("deck.yaml", "unused-figure: 'off'", "unused-figure: 'off', no-reference: 'off'"),
        ("symbols.yaml", "x: {zh: 输入, en: the input}\n", "z: {zh: 输入, en: the input}\n"),
        ("figures/figure-3.svg", "M0 0", "M0 1"),
        ("glossary.yaml", "", "- {en: kernel trick, zh: 核技巧}\n"),
    ],
)
def test_what_a_topic_depends_on(
    project: Project, tmp_path: Path, file: str, old: str, new: str
) -> None:
    cache = Cache(tmp_path / "cache")
    load(project, cache, MONTH)
    path = project.content / file
    text = path.read_text("utf-8") if path.exists() else ""
    assert old in text
    path.write_text(text.replace(old, new, 1) if old else new, "utf-8")

    def outcome(cache: Cache) -> Loaded | tuple[object, ...]:
        try:
            return load(project, cache, MONTH)
        except ContentError as error:
            return error.diagnostics

    assert outcome(cache) == outcome(Cache(None))
    assert len(entries(cache)) == 8


def test_the_month_counts(project: Project, tmp_path: Path) -> None:
    file = project.content / "topics" / "topic-0000.yaml"
    text = file.read_text("utf-8").replace("level: core", "level: core\n    as_of: 2026-11", 1)
    file.write_text(text, "utf-8")
    cache = Cache(tmp_path / "cache")
    assert not load(project, cache, MONTH).warnings
    (warning,) = load(project, cache, "2026-10").warnings
    assert warning.code == "date-in-future"


def test_a_damaged_or_foreign_entry_is_made_again(project: Project, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    right = load(project, cache, MONTH)
    one, two, three, *_ = entries(cache)
    whole = one.read_bytes()
    one.write_bytes(whole[: len(whole) // 2])
    two.write_bytes(b"")
    # Whole, but not what belongs there.
    cache.put("topic", three.name, pickle.dumps(right.deck.file.outputs["deck.apkg"].target))
    again = load(project, cache, MONTH)
    assert again == right
    assert again.pending.get() == right.pending.get()


class _Evil:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.file,)


def test_no_entry_runs_code(project: Project, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    right = load(project, cache, MONTH)
    for entry in entries(cache):
        cache.put("topic", entry.name, pickle.dumps(_Evil(tmp_path / "ran")))
    again = load(project, cache, MONTH)
    assert again == right
    assert again.pending.get() == right.pending.get()
    assert not (tmp_path / "ran").exists()


def test_another_engine_for_formulas_judges_anew(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A topic's problems hold those of its formulas, and these depend on what typesets them."""
    cache = Cache(tmp_path / "cache")
    load(project, cache, MONTH)
    before = set(entries(cache))
    monkeypatch.setattr(topics, "engine_version", lambda: "another")
    load(project, cache, MONTH)
    assert len(entries(cache)) == 2 * len(before)


def test_problems_are_the_same_from_the_cache(project: Project, tmp_path: Path) -> None:
    file = project.content / "topics" / "topic-0001.yaml"
    text = file.read_text("utf-8")
    file.write_text(
        text.replace("{{c1::", "{{c1:", 1).replace("level: deep", "level: dep", 1), "utf-8"
    )
    found = []
    cache = Cache(tmp_path / "cache")
    for each in (Cache(None), cache, cache):
        with pytest.raises(ContentError) as caught:
            load(project, each, MONTH)
        found.append(caught.value.diagnostics)
    assert found[0] == found[1] == found[2]
    assert {problem.code for problem in found[0]} >= {"bad-value"}


def test_a_build_gives_the_same_bytes_with_any_cache(project: Project, tmp_path: Path) -> None:
    packages = {
        build(project, cache, now=NOW).artifacts[0].data
        for cache in (Cache(None), Cache(tmp_path / "a"), Cache(tmp_path / "a"))
    }
    assert len(packages) == 1


def test_topics_that_lack_their_items_share_no_ids(project: Project) -> None:
    """What stands in their place is not taken for items."""
    for name in ("topic-0000", "topic-0001"):
        file = project.content / "topics" / f"{name}.yaml"
        file.write_text(file.read_text("utf-8").replace("items:", "itmes:", 1), "utf-8")
    with pytest.raises(ContentError) as caught:
        load(project, Cache(None), MONTH)
    assert {problem.code for problem in caught.value.diagnostics} == {"unknown-key"}
