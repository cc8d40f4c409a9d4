"""`deckwright new`: what it makes builds at once, and nothing that was there is touched."""

import json
import re
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from builder import cli, scaffold, schema
from builder.model import Item
from builder.scaffold import Choices

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    monkeypatch.setenv("DECKWRIGHT_CACHE", str(ROOT / ".cache" / "tests"))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.main, [str(a) for a in arguments], prog_name="deckwright")


def tags(*languages: str) -> list[str]:
    return [part for language in languages for part in ("--language", language)]


@pytest.mark.parametrize(
    ("languages", "made"),
    [
        ((), {"my-deck.apkg", "sheet.pdf", "handout.pdf"}),
        (
            ("zh", "en"),
            {"my-deck.apkg", "my-deck-zh.apkg", "my-deck-en.apkg"}
            | {"sheet-zh.pdf", "sheet-en.pdf", "handout.pdf"},
        ),
    ],
)
def test_a_new_project_builds_at_once(
    tmp_path: Path, languages: tuple[str, ...], made: set[str]
) -> None:
    folder = tmp_path / "My_deck"
    result = run("new", folder, *tags(*languages))
    assert result.exit_code == 0, result.output
    result = run("build", "-C", folder)
    assert result.exit_code == 0, result.output
    assert {path.name for path in (folder / "dist").iterdir()} == {*made, "SHA256SUMS"}
    assert run("build", "-C", folder, "--locked").exit_code == 0
    checked = json.loads(run("check", "-C", folder, "--proofs", "--format", "json").stdout)
    assert checked == {"ok": True, "waived": 0, "diagnostics": []}


@pytest.mark.parametrize(
    "languages", [("zh",), ("en", "zh"), ("no",), ("de", "en"), ("zh-Hant", "ja"), ("a1b",)]
)
def test_any_languages_are_free_of_warnings(tmp_path: Path, languages: tuple[str, ...]) -> None:
    folder = tmp_path / "deck"
    made = run("new", folder, *tags(*languages), "--title", 'It\'s: a \\n "title" #1')
    if languages == ("a1b",):
        assert made.exit_code == 2
        assert not folder.exists()
        return
    assert made.exit_code == 0
    checked = json.loads(run("check", "-C", folder, "--format", "json").stdout)
    assert checked == {"ok": True, "waived": 0, "diagnostics": []}


@pytest.mark.parametrize("languages", [("ko",), ("en", "ar"), ("th-TH", "zh")])
def test_no_page_is_promised_in_letters_that_the_fonts_lack(
    tmp_path: Path, languages: tuple[str, ...]
) -> None:
    """Or the first question in the deck's own language would stop the build."""
    folder = tmp_path / "deck"
    assert run("new", folder, *tags(*languages)).exit_code == 0
    deck = (folder / "content" / "deck.yaml").read_text("utf-8")
    assert ".apkg" in deck
    assert ".pdf" not in deck
    unprinted = next(tag for tag in languages if tag not in ("en", "zh"))
    assert f"# No PDFs: the fonts that Deckwright prints with lack letters of {unprinted}." in deck
    assert run("check", "-C", folder).exit_code == 0


def test_every_feature_is_shown_but_those_that_age() -> None:
    topic = scaffold.files(Choices("d", "D", ("en",)))["content/topics/averages.yaml"]
    shown = {field for field in Item.model_fields if f"\n    {field}:" in topic}
    # A date would make the sample warn one day; letters are defined in symbols.yaml here.
    # Imported decks alone have a type of their own, and tags.
    unshown = {"as_of", "review_by", "allow", "where", "covers", "type", "tags"}
    assert set(Item.model_fields) - shown == unshown
    assert "::a number}}" in topic


def test_texts_are_chinese_where_it_is_asked_for_and_english_elsewhere() -> None:
    both = scaffold.files(Choices("d", "D", ("zh-Hans", "fr")))["content/topics/averages.yaml"]
    assert "      zh-Hans: 如何计算算术平均数？\n      fr: How is the" in both
    assert (
        "如何" not in scaffold.files(Choices("d", "D", ("zh-TW",)))["content/topics/averages.yaml"]
    )
    one = scaffold.files(Choices("d", "D", ("fr",)))
    assert (
        "    question: How is the arithmetic mean computed?\n"
        in one["content/topics/averages.yaml"]
    )
    assert "- fr: outlier\n" in one["content/glossary.yaml"]


@pytest.mark.parametrize("languages", [("en",), ("zh", "en"), ("fr", "de", "it")])
def test_nothing_is_left_to_fill_in(languages: tuple[str, ...]) -> None:
    for name, text in scaffold.files(Choices("d", "D", languages)).items():
        assert "[[" not in text, name
        assert text.endswith("\n"), name
        assert not re.search(r"[ \t]\n", text), name


def test_editors_find_the_schemas() -> None:
    made = scaffold.files(Choices("d", "D", ("zh", "en")))
    settings = json.loads(made[".vscode/settings.json"])["yaml.schemas"]
    assert {file.removeprefix("./") for file in settings} < set(made)
    assert json.loads(made["schema/topic.json"]) == schema.make("topic", ("zh", "en"))
    for name, text in made.items():
        if name.endswith(".yaml") and name.startswith("content/"):
            reference = text.splitlines()[0].partition("$schema=")[2]
            target = (Path("/p") / name).parent / reference
            assert target.resolve().relative_to("/p").as_posix() in made


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("mine")
    for target in (tmp_path, kept):
        result = run("new", target)
        assert result.exit_code == 2
        assert result.stdout == ""
    assert "is not empty" in run("new", tmp_path).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]
    assert kept.read_text() == "mine"


def test_an_empty_folder_is_taken_and_readable(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "deck"
    folder.mkdir(parents=True)
    assert run("new", folder).exit_code == 0
    assert {path.name for path in folder.iterdir()} == {
        *(".gitattributes", ".github", ".gitignore", ".vscode", "README.md", "content", "schema")
    }
    folder = tmp_path / "new" / "deck"
    assert run("new", folder).exit_code == 0
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert [path.name for path in folder.parent.iterdir()] == ["deck"]


def test_this_folder_can_become_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    before = folder.stat().st_ino
    assert run("new", ".").exit_code == 0
    assert folder.stat().st_ino == before, "the shell would stand in a folder that is gone"
    assert "\nid: here\n" in (folder / "content/deck.yaml").read_text("utf-8")


def test_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: Path, data: bytes) -> int:
        if self.name == "symbols.yaml":
            raise OSError(28, "No space left on device")
        return original(self, data)

    original = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", fails)
    result = run("new", tmp_path / "deck")
    assert result.exit_code == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [("My Deck", "my-deck"), ("牌组", "deck"), ("a" * 70, "a" * 60), ("--x--", "x")],
)
def test_identifiers(name: str, expected: str) -> None:
    assert scaffold.identifier(name) == expected


def test_an_empty_title_is_refused(tmp_path: Path) -> None:
    assert run("new", tmp_path / "deck", "--title", " ").exit_code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("title", "written"),
    [("x <b>", "x b"), ("{{c1::y}}", "c1::y"), ("[a](b)", "a b"), ("**<b>**", "b")],
)
def test_a_title_is_no_markup(tmp_path: Path, title: str, written: str) -> None:
    result = run("new", tmp_path / "deck", "--title", title)
    assert f"made '{written}' in" in result.stderr
    assert run("check", "-C", tmp_path / "deck").exit_code == 0


def test_the_next_command_can_be_copied(tmp_path: Path) -> None:
    folder = tmp_path / "two words"
    assert f"next: cd '{folder}' && deckwright build" in run("new", folder).stderr
