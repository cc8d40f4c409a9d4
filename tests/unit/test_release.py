"""`deckwright release`: what each gate refuses and why, and what is published."""

import hashlib
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pypdfium2
import pytest
from click.testing import CliRunner, Result

from builder import cli, gates, release, scaffold
from tests.anki.harness import import_package, new_collection
from tests.unit.runner import ROOT, commit, git

NOW = "1790000000"


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", NOW)
    monkeypatch.setenv("DECKWRIGHT_CACHE", str(ROOT / ".cache" / "tests"))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.main, [str(argument) for argument in arguments])


@pytest.fixture
def deck(tmp_path: Path) -> Path:
    """A deck that is fit for its release 1.0.0, in a repository of its own."""
    root = tmp_path / "deck"
    shutil.copytree(ROOT / "tests/golden/errors/_base", root)
    set_version(root, "1.0.0")
    (root / ".gitignore").write_text("/dist/\n")
    git(root, "init", "--quiet", "--initial-branch=main")
    assert run("build", "-C", root).exit_code == 0
    commit(root, "A deck")
    git(root, "tag", "v1.0.0")
    return root


def set_version(root: Path, version: str) -> None:
    file = root / "content" / "deck.yaml"
    text = re.sub(r"^version: .*\n", "", file.read_text("utf-8"), flags=re.MULTILINE)
    file.write_text(f"version: {version}\n{text}", "utf-8")


def reword(root: Path, before: str = "en: Two.", after: str = "en: It is two.") -> None:
    topic = root / "content/topics/first.yaml"
    text = topic.read_text("utf-8")
    assert before in text
    topic.write_text(text.replace(before, after), "utf-8")


def next_release(root: Path, version: str) -> None:
    set_version(root, version)
    assert run("build", "-C", root).exit_code == 0
    commit(root, version)
    git(root, "tag", f"v{version}")


def shut(result: Result) -> dict[str, list[str]]:
    """Gate -> reasons, of the gates that are shut."""
    found: dict[str, list[str]] = {}
    gate = ""
    for line in result.stderr.splitlines():
        if line.startswith("gate "):
            name, state = line.removeprefix("gate ").split(": ")
            gate = name
            if state == "shut":
                found[gate] = []
        elif line.startswith("  ") and gate in found:
            found[gate].append(line.strip())
    return found


# ---------------------------------------------------------------- gates


def test_a_fit_deck_passes_all_gates(deck: Path, tmp_path: Path) -> None:
    result = run("release", tmp_path / "out", "-C", deck)
    assert result.exit_code == 0, result.output
    assert shut(result) == {}
    assert result.stderr.count(": open\n") == len(gates.GATES)


def test_the_help_tells_of_every_gate() -> None:
    told = " ".join(run("release", "--help").stdout.split())
    for word in ("committed", "version", "tag", "CHANGELOG", "deck.lock", "proofs", "progress"):
        assert word in told
    assert list(gates.GATES) == [
        *("tree", "version", "tag", "changelog", "lock", "proofs", "progress"),
    ]


def refused(deck: Path, folder: Path, *options: str) -> dict[str, list[str]]:
    """Why there is no release; and that there is none, but in a rehearsal."""
    result = run("release", folder / "out", "-C", deck, *options)
    assert result.exit_code == 1, result.output
    assert not (folder / "out").exists()
    found = shut(result)
    assert f"refused: {', '.join(found)}" in result.stderr
    rehearsal = run("release", folder / "out", "-C", deck, *options, "--dry-run")
    assert rehearsal.exit_code == 0, rehearsal.output
    assert f"a release would be refused: {', '.join(found)}" in rehearsal.stderr
    assert (folder / "out/assets/sample.apkg").is_file()
    return found


def test_tree(deck: Path, tmp_path: Path) -> None:
    (deck / "note.txt").touch()
    (reason,) = refused(deck, tmp_path).pop("tree")
    assert reason == "not committed: note.txt"


def test_tree_of_a_clone_without_history(deck: Path, tmp_path: Path) -> None:
    """Without it the release before is unknown, and what the update does to learners."""
    commit_more = deck / "more.txt"
    commit_more.touch()
    commit(deck, "More")
    git(deck, "tag", "--force", "v1.0.0")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch=v1.0.0", f"file://{deck}", "shallow")
    found = refused(shallow, tmp_path)
    assert set(found) == {"tree"}
    assert "fetch-depth: 0" in found["tree"][0]


@pytest.mark.parametrize("version", ["1.0", "2", "v1.0.0", "1.0.0-rc.1", "01.0.0"])
def test_version_of_three_numbers(deck: Path, tmp_path: Path, version: str) -> None:
    next_release(deck, version)
    assert "is not MAJOR.MINOR.PATCH" in refused(deck, tmp_path)["version"][0]


def test_version_above_the_last(deck: Path, tmp_path: Path) -> None:
    next_release(deck, "0.9.0")
    assert refused(deck, tmp_path)["version"] == ["0.9.0 is not above the last release, v1.0.0"]


def test_version_of_the_whole_repository(deck: Path, tmp_path: Path) -> None:
    found = refused(deck, tmp_path, "--expect", "1.1.0")
    assert found == {"version": ["deck.yaml says 1.0.0, the repository 1.1.0"]}


def test_tag(deck: Path, tmp_path: Path) -> None:
    git(deck, "tag", "--delete", "v1.0.0")
    git(deck, "tag", "v1.0.1")
    git(deck, "tag", "v1")
    reason = "this commit must have the tag v1.0.0; it has v1, v1.0.1"
    assert refused(deck, tmp_path)["tag"] == [reason]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("# Changes\n\n## 0.9.0\n\nOld.\n", "CHANGELOG.md has no section '## 1.0.0'"),
        ("## 1.0.0.1\n\n## 11.0.0\n", "CHANGELOG.md has no section '## 1.0.0'"),
        ("## 1.0.0-rc1\n\nNew.\n", "CHANGELOG.md has no section '## 1.0.0'"),
        ("## 1.0.0 (unreleased)\n", "CHANGELOG.md still says '## 1.0.0 (unreleased)'"),
        ("## 1.0.0 - 2026-11-30\n\nNew.\n", ""),
        ("## [v1.0.0] (2026-11-30)\n\nNew.\n", ""),
    ],
)
def test_changelog(deck: Path, tmp_path: Path, text: str, reason: str) -> None:
    (deck / "CHANGELOG.md").write_text(text)
    commit(deck, "Changes")
    git(deck, "tag", "--force", "v1.0.0")
    if reason:
        assert refused(deck, tmp_path) == {"changelog": [reason]}
    else:
        assert run("release", tmp_path / "out", "-C", deck).exit_code == 0
        assert "\nNew.\n" in (tmp_path / "out/notes.md").read_text("utf-8")


def test_a_changelog_that_is_not_utf_8(deck: Path, tmp_path: Path) -> None:
    (deck / "CHANGELOG.md").write_bytes(b"# Changes\r\n\r\n## 1.0.0\r\n\r\nA caf\xe9.\r\n")
    result = run("release", tmp_path / "out", "-C", deck, "--dry-run")
    assert result.exit_code == 1
    assert "CHANGELOG.md:5:6: error[not-utf-8]" in result.stderr


def test_lock(deck: Path, tmp_path: Path) -> None:
    reword(deck)
    commit(deck, "Reword, and forget the lock")
    git(deck, "tag", "--force", "v1.0.0")
    found = refused(deck, tmp_path)
    assert set(found) == {"lock"}
    assert "does not match the content" in found["lock"][0]


def test_proofs(deck: Path, tmp_path: Path) -> None:
    reword(deck, "    level: core\n", "    level: core\n    check: two\n")
    checks = deck / "content" / "checks"
    checks.mkdir()
    (checks / "sums.py").write_text('def two():\n    """One and one."""\n    assert 1 + 1 == 3\n')
    assert run("build", "-C", deck).exit_code == 0
    commit(deck, "A proof")
    git(deck, "tag", "--force", "v1.0.0")
    found = refused(deck, tmp_path)
    assert set(found) == {"proofs"}
    assert found["proofs"][0].startswith("content/topics/first.yaml:")


def lose_progress(deck: Path) -> None:
    """What no build allows, unless somebody throws its memory away: an item under another id."""
    git(deck, "rm", "--quiet", "content/deck.lock")
    commit(deck, "no memory")
    reword(deck, "  sum:\n", "  total:\n")


def test_progress(deck: Path, tmp_path: Path) -> None:
    lose_progress(deck)
    next_release(deck, "1.1.0")
    found = refused(deck, tmp_path)
    assert set(found) == {"progress"}
    assert all(
        reason.endswith("only a new major version may do that") for reason in found["progress"]
    )
    git(deck, "tag", "--delete", "v1.1.0")
    next_release(deck, "2.0.0")
    result = run("release", tmp_path / "out", "-C", deck)
    assert result.exit_code == 0, result.output
    assert "**Your progress: loses progress.**" in (tmp_path / "out/notes.md").read_text("utf-8")


def test_all_reasons_at_once(deck: Path, tmp_path: Path) -> None:
    set_version(deck, "0.9")
    (deck / "CHANGELOG.md").write_text("# Changes\n")
    reword(deck)
    assert set(refused(deck, tmp_path)) == {"tree", "version", "tag", "changelog", "lock"}


def test_content_with_errors_is_told_with_its_place(deck: Path, tmp_path: Path) -> None:
    reword(deck, "level: core", "level: cor")
    result = run("release", tmp_path / "out", "-C", deck, "--dry-run")
    assert result.exit_code == 1
    assert "content/topics/first.yaml:4:12: error[bad-value]" in result.stderr
    assert not (tmp_path / "out").exists()


def test_without_a_repository_there_is_no_release(deck: Path, tmp_path: Path) -> None:
    shutil.rmtree(deck / ".git")
    result = run("release", tmp_path / "out", "-C", deck, "--dry-run")
    assert result.exit_code == 1
    assert "error[unknown-commit]" in result.stderr


# ---------------------------------------------------------------- the folder


@pytest.mark.parametrize(
    "name", ["sample.apkg", "Sample.apkg", "update.txt", "sample-web.zip", "SHA256SUMS"]
)
def test_an_added_file_takes_the_place_of_none_that_is_made(
    deck: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(b"mine")
    out = tmp_path / "out"
    result = run("release", out, "-C", deck, "--dry-run", "--add", tmp_path / name)
    assert result.exit_code != 0
    assert f"'{name}'" in result.stderr
    assert "rename" in result.stderr
    assert not out.exists()


def test_two_added_files_do_not_share_a_name(deck: Path, tmp_path: Path) -> None:
    files = [tmp_path / folder / "tool.gz" for folder in ("a", "b")]
    for file in files:
        file.parent.mkdir()
        file.write_bytes(b"mine")
    added = [part for file in files for part in ("--add", file)]
    result = run("release", tmp_path / "out", "-C", deck, "--dry-run", *added)
    assert result.exit_code != 0
    assert "'tool.gz'" in result.stderr


def test_an_update_is_published_with_all_that_belongs_to_it(deck: Path, tmp_path: Path) -> None:
    (deck / "CHANGELOG.md").write_text("## 1.1.0\n\n- An answer says more.\n\n## 1.0.0\n\n- New.\n")
    reword(deck)
    next_release(deck, "1.1.0")
    extra = tmp_path / "tool-1.1.0.tar.gz"
    extra.write_bytes(b"source")
    out = tmp_path / "a" / "out"
    result = run("release", out, "-C", deck, "--add", extra)
    assert result.exit_code == 0, result.output
    assert {path.name for path in out.iterdir()} == {"assets", "site", "notes.md"}
    assets = {path.name: path.read_bytes() for path in (out / "assets").iterdir()}
    assert set(assets) == {
        *("sample.apkg", "update.txt", "sample-web.zip", "tool-1.1.0.tar.gz", "SHA256SUMS"),
    }
    sums = dict(line.split("  ")[::-1] for line in assets.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in assets.items()}
    assert "It is two." in assets["update.txt"].decode()
    notes = (out / "notes.md").read_text("utf-8")
    assert notes.startswith("**Download `sample.apkg`** and open it with Anki,")
    assert "- An answer says more." in notes
    assert "- New." not in notes
    assert "Since v1.0.0:\n\n✅ **Your progress: safe.**" in notes
    assert "### Answer changed (1)" in notes
    assert "| `update.txt` | what changed since v1.0.0" in notes
    assert "| `tool-1.1.0.tar.gz` | its source" in notes
    for options in ([], ["--since", "v1.0.0"]):
        verified = run("verify", out / "assets", "-C", deck, *options)
        assert verified.exit_code == 0, verified.output
        assert re.search(r"update.txt +the source gives the same bytes", verified.stdout)
    git(deck, "tag", "--delete", "v1.0.0")
    verified = run("verify", out / "assets", "-C", deck)
    assert verified.exit_code == 0
    assert re.search(r"-  +update.txt +not built: no release before", verified.stdout)


def test_deck_and_documents_say_their_version(tmp_path: Path) -> None:
    root = tmp_path / "deck"
    scaffold.create(root, scaffold.Choices("deck", "Deck", ("en",)))
    set_version(root, "3.1.4")
    assert run("build", "-C", root).exit_code == 0
    with new_collection() as collection:
        import_package(collection, (root / "dist/deck.apkg").read_bytes())
        deck = collection.decks.by_name("deck")
        assert deck is not None
        assert "Version 3.1.4" in deck["desc"]
    for name in ("sheet.pdf", "handout.pdf"):
        document = pypdfium2.PdfDocument(root / "dist" / name)
        texts = " ".join(page.get_textpage().get_text_range() for page in document)
        assert "version 3.1.4" in " ".join(texts.split()).lower(), name


def test_documents_alone_can_be_released(deck: Path, tmp_path: Path) -> None:
    file = deck / "content" / "deck.yaml"
    text = file.read_text("utf-8").replace(
        "sample.apkg: {target: anki}", "a.pdf: {target: handout}"
    )
    file.write_text(text, "utf-8")
    next_release(deck, "1.0.1")  # the release before had a deck
    reword(deck)
    next_release(deck, "1.0.2")
    result = run("release", tmp_path / "release", "-C", deck)
    assert result.exit_code == 0, result.stderr
    told = (tmp_path / "release" / "notes.md").read_text("utf-8")
    assert told.startswith("## What the update does\n\nDocuments of ")
    assert (tmp_path / "release" / "assets" / "a.pdf").is_file()


def test_the_web_demo_is_published_as_pages_and_as_one_file(deck: Path, tmp_path: Path) -> None:
    assert run("release", tmp_path / "out", "-C", deck).exit_code == 0
    site = tmp_path / "out" / "site"
    assert (site / "index.html").is_file()
    assert (site / "sample.apkg").read_bytes() == (tmp_path / "out/assets/sample.apkg").read_bytes()
    assert "sample.apkg" in (site / "deck.js").read_text("utf-8"), "offered for download"
    with zipfile.ZipFile(tmp_path / "out/assets/sample-web.zip") as archive:
        names = {name.removeprefix("sample-web/") for name in archive.namelist()}
    assert names == {p.relative_to(site).as_posix() for p in site.rglob("*") if p.is_file()}
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=site, check=True)


def test_two_releases_of_one_tag_are_the_same_bytes(deck: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = []
    for _ in range(2):  # the second takes the place of the first
        assert run("release", out, "-C", deck).exit_code == 0
        (out / "assets" / "left over").touch()
        files = [path for path in out.rglob("*") if path.is_file() and path.name != "left over"]
        made.append({path.relative_to(out): path.read_bytes() for path in files})
    assert made[0] == made[1]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_folder_of_something_else_is_left_alone(deck: Path, tmp_path: Path) -> None:
    thesis = tmp_path / "out" / "thesis.txt"
    thesis.parent.mkdir()
    thesis.write_text("years of work")
    result = run("release", thesis.parent, "-C", deck)
    assert result.exit_code == 3
    assert "holds something that is no release" in result.stderr
    assert thesis.read_text() == "years of work"


def test_decks_of_one_repository_have_releases_of_their_own(deck: Path, tmp_path: Path) -> None:
    """Tags of another prefix are other decks'."""
    git(deck, "tag", "rivers-v7.0.0")
    git(deck, "tag", "sample-v1.0.0")
    result = run("release", tmp_path / "out", "-C", deck, "--prefix", "sample-v")
    assert result.exit_code == 0, result.output
    assert "files of sample-v1.0.0" in result.stderr
    reword(deck)
    set_version(deck, "1.0.1")
    assert run("build", "-C", deck).exit_code == 0
    commit(deck, "Reword")
    git(deck, "tag", "sample-v1.0.1")
    assert run("release", tmp_path / "out", "-C", deck, "--prefix", "sample-v").exit_code == 0
    assert "Since sample-v1.0.0:" in (tmp_path / "out/notes.md").read_text("utf-8")
    git(deck, "tag", "--delete", "v1.0.0")
    checking = ("verify", tmp_path / "out" / "assets", "-C", deck)
    told = "update.txt   the source gives the same bytes"
    assert told in run(*checking, "--prefix", "sample-v").stdout
    assert told not in run(*checking).stdout  # no tags of that kind


def test_notes_fit_what_github_takes(
    deck: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "_MAX_NOTES", 60)
    reword(deck)
    next_release(deck, "1.1.0")
    assert run("release", tmp_path / "out", "-C", deck).exit_code == 0
    notes = (tmp_path / "out/notes.md").read_text("utf-8")
    assert "… and more: `deckwright diff v1.0.0`." in notes
    assert "## Files" in notes
