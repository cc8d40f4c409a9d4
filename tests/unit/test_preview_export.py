"""`deckwright preview --export`: complete, always the same, and nothing of this machine in it."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from builder.cli import main
from tests.browser.previewing import edit, new_project
from tests.conftest import ROOT


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DECKWRIGHT_CACHE", str(ROOT / ".cache" / "tests"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795000000")
    return new_project(tmp_path / "averages")


def export(project: Path, folder: Path) -> Result:
    return CliRunner().invoke(main, ["preview", "-C", str(project), "--export", str(folder)])


def tree(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def data(folder: Path) -> dict[str, Any]:
    text = (folder / "deck.js").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text.removeprefix("window.DECKWRIGHT=").rstrip(";\n"))
    return loaded


def test_the_site_is_complete_and_the_same_every_time(project: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    result = export(project, first)
    assert result.exit_code == 0, result.stderr
    elsewhere = tmp_path / "moved"
    shutil.copytree(project, elsewhere)
    assert export(elsewhere, second).exit_code == 0
    files = tree(first)
    assert files == tree(second)
    assert result.stderr == f"made {len(files)} files in {first}\n"
    for page in ("index.html", "frame.html"):
        base = first / ("media" if page == "frame.html" else "")
        for name in re.findall(r'(?:src|href)="(?!data:|media/)([^"]+)"', files[page].decode()):
            # The style sheet stands before the page's base, which is the pictures' folder.
            where = first if name.endswith(".css") else base
            assert (where / name).resolve().is_file(), name
    assert {name for name in files if name.endswith(".pdf")} == set(data(first)["deck"]["print"])
    assert all(files[name].startswith(b"%PDF-") for name in data(first)["deck"]["print"])
    assert sum(name.endswith(".woff") for name in files) > 10
    assert any(re.fullmatch(r"media/averages-balance-[0-9a-f]+\.svg", name) for name in files)


def test_nothing_tells_of_the_author_s_machine(project: Path, tmp_path: Path) -> None:
    export(project, tmp_path / "site")
    exported = data(tmp_path / "site")
    assert set(exported) == {"deck", "topics"}
    text = json.dumps(exported)
    assert str(tmp_path) not in text
    notes = [note for item in exported["topics"]["averages"]["items"] for note in item["notes"]]
    assert not [note for note in notes if "place" in note]
    assert {note["state"] for note in notes} == {""}  # of no interest to learners


def test_outputs_that_stand_there_are_offered(project: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "averages.apkg").write_bytes(b"a package")
    (site / "CNAME").write_text("deck.example\n", "utf-8")
    assert export(project, site).exit_code == 0
    (site / "media/averages-old-0123456789ab.svg").write_text("<svg/>", "utf-8")
    assert export(project, site).exit_code == 0
    downloads = dict(data(site)["deck"]["downloads"])
    assert downloads["averages.apkg"] == 9
    assert set(downloads) == {"averages.apkg", *data(site)["deck"]["print"]}
    assert (site / "averages.apkg").read_bytes() == b"a package"
    assert (site / "CNAME").is_file()
    assert not (site / "media/averages-old-0123456789ab.svg").exists()


def test_a_deck_without_print_is_exported(project: Path, tmp_path: Path) -> None:
    deck = project / "content/deck.yaml"
    head = deck.read_text("utf-8").partition("outputs:")[0]
    deck.write_text(f"{head}outputs:\n  averages.apkg: {{target: anki}}\n", "utf-8")
    assert export(project, tmp_path / "site").exit_code == 0
    assert data(tmp_path / "site")["deck"]["print"] == []


def test_what_a_build_refuses_is_not_exported(project: Path, tmp_path: Path) -> None:
    """Without print, no document is made that would find it."""
    deck = project / "content/deck.yaml"
    head = deck.read_text("utf-8").partition("outputs:")[0]
    deck.write_text(f"{head}outputs:\n  averages.apkg: {{target: anki}}\n", "utf-8")
    edit(project, "topics/averages.yaml", "再除以数值的个数", "再除以 7")
    result = export(project, tmp_path / "site")
    assert result.exit_code == 1
    assert "error[number-mismatch]" in result.stderr
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("name", ["media/house.png", "index.html", "deck.js"])
def test_what_is_not_of_an_export_is_left_alone(project: Path, tmp_path: Path, name: str) -> None:
    other = tmp_path / "other" / name
    other.parent.mkdir(parents=True)
    other.write_text("mine", "utf-8")
    result = export(project, tmp_path / "other")
    assert result.exit_code == 2
    assert f"there is a '{name.partition('/')[0]}' that no export made" in result.stderr
    assert list(tree(tmp_path / "other").items()) == [(name, b"mine")]


def test_bad_content_writes_nothing(project: Path, tmp_path: Path) -> None:
    edit(project, "topics/averages.yaml", "by {{c1::any distance}}", "by {{c1::any distance")
    result = export(project, tmp_path / "site")
    assert result.exit_code == 1
    assert "error[cloze-unclosed]" in result.stderr
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(
    "program",
    [
        "<script>alert(1)</script>",
        '<animate attributeName="href" to="javascript:alert(1)"/>',
        r'<g style="fill:u\72l(http://javascript.example)"/>',
    ],
)
def test_media_of_an_imported_deck_run_nothing(project: Path, tmp_path: Path, program: str) -> None:
    """A note brings an SVG with a program; on a site it could be opened as a page."""
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg"><a href="#">{program}<path d="M0 0"/></a></svg>'
    )
    media = project / "content/media"
    media.mkdir()
    (media / "house.svg").write_text(picture, "utf-8")
    designs = project / "templates/anki/geo"
    designs.mkdir(parents=True)
    (designs / "front-1.html").write_text("{{Country}}", "utf-8")
    (designs / "back-1.html").write_text("{{Country}}", "utf-8")
    deck = project / "content/deck.yaml"
    types = "note_types: {geo: {name: Geo, fields: [Country], cards: [Card 1]}}\n"
    deck.write_text(deck.read_text("utf-8") + types, "utf-8")
    topic = project / "content/topics/averages.yaml"
    note = "notes: {house: {type: geo, html: {Country: '<img src=\"house.svg\">'}}}\n"
    topic.write_text(topic.read_text("utf-8") + note, "utf-8")
    result = export(project, tmp_path / "site")
    assert result.exit_code == 0, result.stderr
    (name,) = [name for name in tree(tmp_path / "site") if "house" in name]
    exported = tree(tmp_path / "site")[name].decode()
    assert "script" not in exported
    assert '<path d="M0 0">' in exported
