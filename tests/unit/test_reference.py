"""The pages that are made from the program say what the program says."""

import re
from pathlib import Path

import click
import pypdfium2
import pytest
from click.testing import CliRunner

from builder import scaffold
from builder.cli import main
from builder.model import DeckFile, Item
from docs import reference

DOCS = Path(__file__).parents[2] / "docs"

_PAGE = re.DOTALL | re.MULTILINE


def test_the_reference_is_current() -> None:
    """Mend with `python -m docs.reference`."""
    assert reference.PAGE.read_text("utf-8") == reference.text()


def test_every_command_and_option_is_explained() -> None:
    page = reference.text()
    for name, command in main.commands.items():
        assert f"### deckwright {name}\n" in page
        assert command.help, name
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{name} {option.opts[-1]}"
                assert option.opts[-1] in page


def test_every_key_is_explained() -> None:
    page = reference.text()
    for key in (*Item.model_fields, *DeckFile.model_fields):
        assert re.search(rf"\| `{key}` \|[^|]*\| \S", page), key


def test_the_tutorial_names_commands_that_there_are() -> None:
    tutorial = (DOCS / "authors.md").read_text("utf-8")
    named = set(re.findall(r"deckwright ([a-z]+)", tutorial))
    assert {"new", "check", "build", "diff", "doctor", "schema"} <= named <= set(main.commands)


def test_the_smallest_item_of_the_tutorial_is_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DECKWRIGHT_CACHE", str(DOCS.parent / ".cache" / "tests"))
    tutorial = (DOCS / "authors.md").read_text("utf-8")
    (sample,) = re.findall(r"```yaml\n(.*?)```", tutorial, re.DOTALL)
    scaffold.create(tmp_path / "deck", scaffold.Choices("deck", "Deck", ("en",)))
    content = tmp_path / "deck" / "content"
    (content / "topics" / "europe.yaml").write_text(sample, "utf-8")
    deck = content / "deck.yaml"
    listed = deck.read_text("utf-8").replace("[averages]", "[averages, europe]")
    deck.write_text(listed, "utf-8")
    result = CliRunner().invoke(main, ["check", "-C", str(content)])
    assert result.stderr == "fine: 3 items, 7 notes\n"


def test_the_template_of_the_tutorial_makes_a_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DECKWRIGHT_CACHE", str(DOCS.parent / ".cache" / "tests"))
    tutorial = (DOCS / "authors.md").read_text("utf-8")
    root = tmp_path / "deck"
    scaffold.create(root, scaffold.Choices("deck", "Deck", ("en",)))
    folder = root / "templates" / "print"
    folder.mkdir(parents=True)
    for kind in ("html", "css"):
        (sample,) = re.findall(rf"```{kind}\n(.*?)```", tutorial, re.DOTALL)
        (folder / f"questions.{kind}").write_text(sample, "utf-8")
    lines = re.findall(r"^    (\w+\.pdf: .*)$", tutorial, re.MULTILINE)
    assert len(lines) == 5
    deck = root / "content" / "deck.yaml"
    added = "".join(f"\n  {line}" for line in lines)
    deck.write_text(deck.read_text("utf-8").replace("outputs:", f"outputs:{added}"), "utf-8")
    names = [line.partition(":")[0] for line in lines]
    result = CliRunner().invoke(main, ["build", "-C", str(root), *names])
    assert result.exit_code == 0, result.stderr
    text = pypdfium2.PdfDocument(root / "dist" / "questions.pdf")[0].get_textpage()
    assert "arithmetic mean" in text.get_text_range()


def test_links_between_the_pages_lead_somewhere() -> None:
    found = 0
    for page in DOCS.glob("*.md"):
        prose = re.sub(r"```.*?```|(`+).*?\1|^ {4}.*?$", "", page.read_text("utf-8"), flags=_PAGE)
        for target in re.findall(r"\]\(([^):#]+)(?:#[^)]*)?\)", prose):
            found += 1
            assert (DOCS / target).exists(), f"{page.name}: {target}"
    assert found >= 4
