"""All or nothing: what a build writes, and what it leaves alone when it fails or dies."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest

from builder import documents
from builder.build import build, package, package_at
from builder.cache import Cache
from builder.diagnostics import ContentError, EnvironmentProblem
from builder.lock import read
from builder.project import Project
from builder.targets import PrintJob

ROOT = Path(__file__).parents[2]
BASE = ROOT / "tests/golden/errors/_base"
NOW = 1_790_000_000


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "deck"
    shutil.copytree(BASE, root)
    return Project(root)


def edit(project: Project, before: str, after: str) -> None:
    topic = project.content / "topics/first.yaml"
    text = topic.read_text("utf-8")
    assert before in text
    topic.write_text(text.replace(before, after), "utf-8")


def state(project: Project) -> dict[str, bytes]:
    files = [project.content / "deck.lock", *sorted(project.dist.glob("[!.]*"))]
    return {file.name: file.read_bytes() for file in files if file.is_file()}


def codes(caught: pytest.ExceptionInfo[ContentError]) -> list[str]:
    return [problem.code for problem in caught.value.diagnostics]


def test_build_writes_outputs_lock_and_sums(project: Project, cache: Cache) -> None:
    built = build(project, cache, now=NOW)
    assert built.lock_changed
    assert set(state(project)) == {"deck.lock", "sample.apkg", "SHA256SUMS"}
    digest = hashlib.sha256(built.artifacts[0].data).hexdigest()
    assert (project.dist / "SHA256SUMS").read_text() == f"{digest}  sample.apkg\n"
    assert (project.dist / "sample.apkg").stat().st_mode & 0o777 == 0o644


def test_unchanged_content_a_month_later_is_the_same_file(project: Project, cache: Cache) -> None:
    build(project, cache, now=NOW)
    before = state(project)
    built = build(project, cache, now=NOW + 30 * 86400)
    assert not built.lock_changed
    assert state(project) == before


def test_bad_content_leaves_the_previous_build(project: Project, cache: Cache) -> None:
    build(project, cache, now=NOW)
    before = state(project)
    edit(project, "level: core", "level: cor")
    with pytest.raises(ContentError):
        build(project, cache, now=NOW + 1)
    assert state(project) == before


@pytest.mark.parametrize("trouble", ["", "locked", "lock", "name"])
def test_errors_that_need_the_whole_deck_come_before_all_else(
    project: Project, cache: Cache, trouble: str
) -> None:
    """They are looked for while packages are made, and nothing is told or written of those."""
    build(project, cache, now=NOW)
    edit(project, "    refs: [", "    confusable: [sum]\n    refs: [")
    edit(project, "en: Two.", "en: It is two.")
    lock = project.content / "deck.lock"
    if trouble == "lock":
        lock.write_text(lock.read_text("utf-8").replace("note sum ", "note sum  "), "utf-8")
    before = state(project)
    told: list[str] = []
    with pytest.raises(ContentError) as caught:
        build(
            project,
            cache,
            now=NOW + 1,
            locked=trouble == "locked",
            names=["none.apkg"] if trouble == "name" else (),
            progress=told.append,
        )
    assert codes(caught) == ["one-sided-confusable"]
    assert (told, state(project)) == ([], before)


def test_locked_refuses_to_change_the_lock_and_writes_nothing(
    project: Project, cache: Cache
) -> None:
    build(project, cache, now=NOW)
    before = state(project)
    edit(project, "en: Two.", "en: It is two.")
    with pytest.raises(ContentError) as caught:
        build(project, cache, now=NOW + 1, locked=True)
    assert codes(caught) == ["stale-lock"]
    assert state(project) == before


def test_a_broken_lock_is_never_taken_for_an_empty_one(project: Project, cache: Cache) -> None:
    build(project, cache, now=NOW)
    lock = project.content / "deck.lock"
    lock.write_text(
        lock.read_text("utf-8").replace("note sum ", "<<<<<<< HEAD\nnote sum "), "utf-8"
    )
    before = state(project)
    with pytest.raises(ContentError) as caught:
        build(project, cache, now=NOW + 1)
    assert caught.value.diagnostics[0].span is not None
    assert caught.value.diagnostics[0].span.path == "content/deck.lock"
    assert state(project) == before


def test_an_unknown_name_gets_a_suggestion(project: Project, cache: Cache) -> None:
    with pytest.raises(ContentError) as caught:
        build(project, cache, now=NOW, names=["sampl.apkg"])
    assert caught.value.diagnostics[0].help == "did you mean 'sample.apkg'?"


def test_only_the_named_outputs_are_made(project: Project, cache: Cache) -> None:
    deck = project.content / "deck.yaml"
    deck.write_text(deck.read_text("utf-8") + "  other.apkg: {target: anki, languages: [en]}\n")
    built = build(project, cache, now=NOW, names=["other.apkg"])
    assert [a.name for a in built.artifacts] == ["other.apkg"]
    assert not (project.dist / "sample.apkg").exists()
    build(project, cache, now=NOW)
    assert (project.dist / "SHA256SUMS").read_text().count("\n") == 2


def test_an_update_file_is_summed_and_goes_with_the_next_build(
    project: Project, cache: Cache
) -> None:
    build(project, cache, now=NOW)
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "first"],
    ):
        subprocess.run(["git", *command], cwd=project.root, check=True)
    edit(project, "en: Two.", "en: It is two.")
    build(project, cache, now=NOW + 1, since="HEAD")
    sums = (project.dist / "SHA256SUMS").read_text()
    assert [line.split("  ")[1] for line in sums.splitlines()] == ["sample.apkg", "update.txt"]
    digest = hashlib.sha256((project.dist / "update.txt").read_bytes()).hexdigest()
    assert f"{digest}  update.txt\n" in sums
    build(project, cache, now=NOW + 2)
    assert not (project.dist / "update.txt").exists(), "it would tell of another update"
    assert "update.txt" not in (project.dist / "SHA256SUMS").read_text()


def test_a_lock_that_was_committed_and_is_gone_is_missed(project: Project, cache: Cache) -> None:
    """Or every note would count as changed now, and the update overwrite what learners wrote."""
    build(project, cache, now=NOW)
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "first"],
    ):
        subprocess.run(["git", *command], cwd=project.root, check=True)
    lock = project.content / "deck.lock"
    lock.unlink()
    edit(project, "en: Two.", "en: It is two.")
    with pytest.raises(ContentError) as caught:
        build(project, cache, now=NOW + 1)
    (problem,) = caught.value.diagnostics
    assert problem.code == "bad-lock"
    assert "the last commit has it" in problem.message
    assert "git checkout content/deck.lock" in problem.help
    assert not lock.exists()
    for command in (
        ["rm", "--quiet", "--cached", "content/deck.lock"],
        ["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "anew"],
    ):
        subprocess.run(["git", *command], cwd=project.root, check=True)
    build(project, cache, now=NOW + 1)
    assert lock.exists()


def test_an_update_since_there_was_no_lock_holds_all(project: Project, cache: Cache) -> None:
    (project.content / "deck.lock").unlink(missing_ok=True)
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "first"],
    ):
        subprocess.run(["git", *command], cwd=project.root, check=True)
    built = build(project, cache, now=NOW, since="HEAD")
    (update,) = (made for made in built.artifacts if made.name == "update.txt")
    assert update.data.decode().count('"sample · Q&A"') == 1, "the only note"


DIE = """
import os, sys
from pathlib import Path
from builder import build as b
from builder.cache import Cache
from builder.project import Project
from builder.targets import PrintJob
left = int(sys.argv[2])
real = Path.replace
def replace(self, target):
    global left
    if left == 0:
        os._exit(9)
    left -= 1
    return real(self, target)
Path.replace = replace
b.build(Project(Path(sys.argv[1])), Cache(Path(sys.argv[3])), now=int(sys.argv[4]))
"""


@pytest.mark.parametrize("step", [0, 1, 2])
def test_death_between_any_two_writes_leaves_whole_files(
    project: Project, cache: Cache, step: int
) -> None:
    build(project, cache, now=NOW)
    old = state(project)
    edit(project, "en: Two.", "en: It is two.")
    # A cache without entries to write: its own replacements must not count as steps.
    build(Project(shutil.copytree(project.root, project.root.parent / "copy")), cache, now=NOW + 9)
    new = state(Project(project.root.parent / "copy"))
    died = subprocess.run(
        [sys.executable, "-c", DIE, str(project.root), str(step), str(cache.folder), str(NOW + 9)],
        cwd=ROOT,
        check=False,
    )
    assert died.returncode == 9
    found = state(project)
    for name in old:
        assert found[name] in (old[name], new[name]), name
    read(project.content / "deck.lock", "deck.lock")
    with zipfile.ZipFile(BytesIO(found["sample.apkg"])) as archive:
        assert archive.testzip() is None
    build(project, cache, now=NOW + 9)
    assert state(project) == new


def test_a_full_disk_leaves_whole_files(
    project: Project, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(project, cache, now=NOW)
    before = state(project)
    edit(project, "en: Two.", "en: It is two.")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EnvironmentProblem, match="No space"):
        build(project, cache, now=NOW + 1)
    assert state(project) == before


def test_package_at_a_commit(project: Project, cache: Cache) -> None:
    build(project, cache, now=NOW)
    first = (project.dist / "sample.apkg").read_bytes()
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(project.root)]
    for command in (["init", "-q"], ["add", "content"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], check=True)
    edit(project, "en: Two.", "en: It is two.")
    assert package_at(project, "HEAD", cache) == first
    _, now_made = package(project, cache, NOW + 1)
    assert now_made != first
    for bad in ("no-such-tag", "--output=x"):
        with pytest.raises(ContentError) as caught:
            package_at(project, bad, cache)
        assert codes(caught) == ["unknown-commit"]


def test_update_txt_lists_only_what_changed(project: Project, cache: Cache) -> None:
    build(project, cache, now=NOW)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(project.root)]
    for command in (["init", "-q"], ["add", "content"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], check=True)
    edit(project, "en: Two.", "en: It is two.")
    build(project, cache, now=NOW + 1, since="HEAD")
    text = (project.dist / "update.txt").read_text("utf-8")
    rows = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(rows) == 1
    assert "It is two." in rows[0]
    assert "#guid column:1" in text
    assert "tags" not in text


def test_an_earlier_lock_that_is_not_utf_8_is_refused(project: Project, cache: Cache) -> None:
    build(project, cache, now=NOW)
    lock = project.content / "deck.lock"
    now = lock.read_bytes()
    lock.write_bytes(now + b"# caf\xe9\n")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(project.root)]
    for command in (["init", "-q"], ["add", "content"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *command], check=True)
    lock.write_bytes(now)
    with pytest.raises(ContentError) as caught:
        build(project, cache, now=NOW + 1, since="HEAD")
    assert codes(caught) == ["not-utf-8"]


def test_documents_are_told_of_before_and_after_they_are_drawn(
    tmp_path: Path, cache: Cache
) -> None:
    project = Project(tmp_path / "deck")
    shutil.copytree(
        Path(__file__).parents[1] / "golden" / "projects" / "bilingual" / "input", project.root
    )
    assert cache.folder is not None
    empty = Cache(tmp_path / "cache")
    shutil.copytree(cache.folder / "fonts", tmp_path / "cache" / "fonts")
    told: list[str] = []
    names = ["rotations.apkg", "sheet-zh.pdf", "cards.pdf"]

    def drawing(names: Sequence[str]) -> None:
        told.append(f"drawing {sorted(names)}")

    def drawn(name: str) -> None:
        assert not (project.dist / name).exists()
        told.append(f"drawn {name}")

    built = build(
        project, empty, now=NOW, names=names, progress=told.append, drawing=drawing, drawn=drawn
    )
    assert told[0] == "drawing ['cards.pdf', 'sheet-zh.pdf']"
    assert sorted(told[1:3]) == ["drawn cards.pdf", "drawn sheet-zh.pdf"]
    assert told[3:] == names, "made only when they are there"
    assert [artifact.name for artifact in built.artifacts] == names, "in the order of deck.yaml"
    told.clear()
    topic = project.content / "topics" / "plane.yaml"
    topic.write_text(topic.read_text("utf-8") + "# nothing that is printed\n", "utf-8")
    build(project, empty, now=NOW, names=names, progress=told.append, drawing=drawing)
    assert told == names, "nothing is drawn twice"


def test_a_complaint_that_no_style_sheet_explains_names_the_document(tmp_path: Path) -> None:
    job = PrintJob("sheet.pdf", "<p>one</p>", "")
    problem = documents._complaint(job, "the font is broken", Project(tmp_path))
    assert (problem.code, problem.message) == ("print", "sheet.pdf: the font is broken")
    assert problem.span is None
