"""`deckwright verify`: what is wrong with a release is found, what cannot be asked is said."""

import hashlib
import json
import shutil
import sqlite3
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from builder import cli, diff, press, verify
from builder.archive import zipped
from builder.build import build
from builder.cache import Cache
from builder.diagnostics import EnvironmentProblem
from builder.project import Project

ROOT = Path(__file__).parents[2]
NOW = 1_790_000_000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, cache: Cache) -> Path:
    """A project of a deck and a PDF, built; tests work on copies."""
    root = tmp_path_factory.mktemp("verify") / "deck"
    shutil.copytree(ROOT / "tests/golden/errors/_base", root)
    deck = root / "content" / "deck.yaml"
    deck.write_text(deck.read_text("utf-8") + "  handout.pdf: {target: handout}\n", "utf-8")
    build(Project(root), cache, now=NOW)
    return root


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    shutil.copytree(built, tmp_path / "deck")
    return tmp_path / "deck"


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(NOW))
    monkeypatch.setenv("DECKWRIGHT_CACHE", str(ROOT / ".cache" / "tests"))
    monkeypatch.chdir(tmp_path)  # in no project


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.main, ["verify", *map(str, arguments)])


def outcomes(result: Result) -> set[tuple[str, str]]:
    return {(f["name"], f["outcome"]) for f in json.loads(result.stdout)["findings"]}


def reseal(folder: Path) -> None:
    """Make SHA256SUMS fit again, as somebody would who tampers with a release."""
    names = sorted(path.name for path in folder.iterdir() if path.name[0] not in ".S")
    lines = [f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names]
    (folder / "SHA256SUMS").write_text("".join(lines))


def test_a_release_beside_its_source_is_whole(project: Path) -> None:
    result = run(project / "dist")
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("\nverified\n")
    assert "SHA256SUMS   2 files as listed" in result.stdout
    assert "Anki imports them all, and a second time changes nothing" in result.stdout
    assert result.stdout.count("the source gives the same bytes") == 2


def test_without_the_source_that_is_said(project: Path, tmp_path: Path) -> None:
    alone = tmp_path / "downloads"
    shutil.move(project / "dist", alone)
    result = run(alone)
    assert result.exit_code == 0, result.output
    assert "-       rebuild      no project here" in result.stdout
    assert "verified; 1 not checked" in result.stdout
    assert run(alone, "-C", tmp_path).exit_code == 2
    assert run(alone, "-C", project).stdout.endswith("\nverified\n")


def test_files_that_are_not_what_the_sums_say(project: Path) -> None:
    dist = project / "dist"
    (dist / "sample.apkg").write_bytes((dist / "sample.apkg").read_bytes() + b"x")
    (dist / "handout.pdf").unlink()
    (dist / "extra.pdf").write_bytes(b"%PDF-1.7 %%EOF")
    sums = dist / "SHA256SUMS"
    sums.write_text(sums.read_text() + f"what is this\n{'0' * 64}  ../deck.lock\n")
    result = run(dist, "--format", "json")
    assert result.exit_code == 1
    failed = {name for name, outcome in outcomes(result) if outcome == "failed"}
    assert failed == {
        *("sample.apkg", "handout.pdf", "extra.pdf", "SHA256SUMS", "../deck.lock"),
    }


def test_a_folder_without_sums_is_not_verified(project: Path) -> None:
    (project / "dist" / "SHA256SUMS").unlink()
    result = run(project / "dist")
    assert result.exit_code == 1
    assert "nothing says what the files should be" in result.stdout


def test_the_source_tells_what_fitting_sums_hide(project: Path) -> None:
    dist = project / "dist"
    with zipfile.ZipFile(BytesIO((dist / "sample.apkg").read_bytes())) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    (dist / "sample.apkg").write_bytes(zipped({**members, "more": b"smuggled"}))
    reseal(dist)
    result = run(dist, "--format", "json")
    assert ("SHA256SUMS", "ok") in outcomes(result)
    assert ("sample.apkg", "failed") in outcomes(result)
    assert "the source gives other bytes" in result.stdout


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("sample.apkg", b"no zip", "cannot be unpacked"),
        ("sample.apkg", zipped({"media": b"{}"}), "no Anki package"),
        ("handout.pdf", b"%PDF-1.7 cut off", "no whole PDF"),
    ],
)
def test_files_that_no_reader_takes(project: Path, name: str, data: bytes, reason: str) -> None:
    dist = project / "dist"
    (dist / name).write_bytes(data)
    reseal(dist)
    result = run(dist)
    assert result.exit_code == 1
    assert reason in result.stdout


def test_a_file_that_unpacks_without_end_is_not_unpacked(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "_MAX_UNPACKED", 1_000_000)
    (project / "dist" / "sample.apkg").write_bytes(zipped({"collection.anki2": bytes(1_000_001)}))
    reseal(project / "dist")
    result = run(project / "dist")
    assert result.exit_code == 1
    assert "sample.apkg  is too large when unpacked" in result.stdout


def test_a_flipped_bit_inside_a_package_is_found(project: Path) -> None:
    package = project / "dist" / "sample.apkg"
    data = bytearray(package.read_bytes())
    data[len(data) // 2] ^= 1
    package.write_bytes(bytes(data))
    reseal(project / "dist")
    assert ("sample.apkg", "failed") in outcomes(run(project / "dist", "--format", "json"))


@pytest.mark.parametrize(
    ("found", "offset", "put"),
    [
        (b"PK\x03\x04", 30 + 16, b"\xff" * 8),  # not what deflate writes
        (b"PK\x01\x02", 10, b"\x63"),  # a method that nobody has
        (b"PK\x01\x02", 8, b"\x01"),  # encrypted
        (b"PK\x05\x06", 16, b"\xff\xff\xff\x00"),  # a directory before the file's beginning
    ],
)
def test_a_damaged_package_is_a_finding(
    project: Path, found: bytes, offset: int, put: bytes
) -> None:
    package = project / "dist" / "sample.apkg"
    data = package.read_bytes()
    at = data.index(found) + offset
    package.write_bytes(data[:at] + put + data[at + len(put) :])
    with pytest.raises(ValueError, match="no Anki package"):
        diff.snapshot(package.read_bytes())
    result = run(project / "dist", "--format", "json")
    assert ("sample.apkg", "failed") in outcomes(result), result.output


@pytest.mark.parametrize(
    "sql", ["delete from col", "update col set models = '[]'", "update col set models = '{'"]
)
def test_a_database_that_is_not_ankis_is_a_finding(project: Path, sql: str) -> None:
    package = project / "dist" / "sample.apkg"
    with zipfile.ZipFile(package) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    database = sqlite3.connect(":memory:")
    database.deserialize(members["collection.anki2"])
    database.execute(sql)
    database.commit()
    package.write_bytes(zipped({**members, "collection.anki2": database.serialize()}))
    database.close()
    result = run(project / "dist", "--format", "json")
    assert "the package's database is damaged" in result.stdout, result.output


def test_a_package_that_anki_takes_only_in_part_is_found(project: Path) -> None:
    data = (project / "dist" / "sample.apkg").read_bytes()
    notes = len(diff.snapshot(data).notes)
    cards = sum(len(note.cards) for note in diff.snapshot(data).notes.values())
    assert verify._problem_in_anki(data, notes, cards) == ""
    wanted = f"took {notes} notes and {cards} cards"
    assert verify._problem_in_anki(data, notes + 1, cards) == wanted
    assert verify._problem_in_anki(b"no zip", notes, cards) != ""


def test_without_anki_the_import_is_unchecked(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "anki"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "anki", None)
    result = run(project / "dist")
    assert result.exit_code == 0
    assert "not imported, there is no Anki: pip install 'deckwright[anki]'" in result.stdout


def test_where_nothing_can_be_printed_decks_are_still_compared(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(project / "dist", "--no-print", "--format", "json")
    assert ("handout.pdf", "unchecked") in outcomes(result)
    assert ("sample.apkg", "ok") in outcomes(result)

    def lacking(*_: object, **__: object) -> None:
        raise EnvironmentProblem("Pango does not load\nmore")

    monkeypatch.setattr(press, "cached", lacking)
    result = run(project / "dist")
    assert result.exit_code == 0, result.output
    assert "handout.pdf  not built: Pango does not load" in result.stdout


def test_a_source_that_is_not_the_releases(project: Path) -> None:
    topic = project / "content" / "topics" / "first.yaml"
    topic.write_text(topic.read_text("utf-8").replace("en: Two.", "en: It is two."), "utf-8")
    result = run(project / "dist")
    assert result.exit_code == 1
    assert "the source does not build: content/deck.lock does not match" in result.stdout
    topic.write_text("items: 1\n", "utf-8")
    assert "FAILED  rebuild" in run(project / "dist").stdout
