"""Complaints about style sheets, and the way back to the line that is to blame."""

from pathlib import Path

import pytest

from builder.style import joined, located

LOOP = "{% for n in range(9) %}\n.a { color: red }\n{% endfor %}\n"
OWN = f"@page {{ size: A4 }}\n{LOOP}b {{ colour: red }}\n"
RENDERED = "@page { size: A4 }\n" + ".a { color: red }\n" * 9 + "b { colour: red }\n"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    own, packaged = tmp_path / "own", tmp_path / "packaged"
    own.mkdir()
    packaged.mkdir()
    (own / "mine.css").write_text(OWN, "utf-8")
    (packaged / "base.css").write_text("p { margin: 0 }\n", "utf-8")
    return own, packaged


def place(problem: str, folders: tuple[Path, Path]) -> str:
    css = joined({"base.css": "p { margin: 0 }\n", "mine.css": RENDERED})
    found = located(problem, css, folders)
    return f"{found.span} {found.message}" if found else ""


def test_a_declaration_is_found_where_its_file_has_it(folders: tuple[Path, Path]) -> None:
    problem = "Ignored `colour: red` at 13:5, unknown property."
    assert place(problem, folders) == (
        "templates/print/mine.css:5:5 Ignored `colour: red`: unknown property"
    )


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ("Unknown rule <AtRule @foo … { … }> at 15:1", "Unknown rule @foo"),
        ("Unknown empty rule <AtRule @foo … { … }> at 15:1", "Unknown empty rule @foo"),
        ("Parse error at 15:1: gone", "Parse error: gone"),
        (
            "Unsupported @page selector ' :foo ', the whole @page rule was ignored at 15:1.",
            "Unsupported @page selector ' :foo ', the whole @page rule was ignored",
        ),
    ],
)
def test_a_rule_is_found_where_its_file_has_it(
    folders: tuple[Path, Path], problem: str, said: str
) -> None:
    rule = "@foo  x { a: b }\n"
    (folders[0] / "mine.css").write_text(OWN + rule, "utf-8")
    css = joined({"base.css": "p { margin: 0 }\n", "mine.css": RENDERED + rule})
    found = located(problem, css, folders)
    assert found
    assert f"{found.span} {found.message}" == f"templates/print/mine.css:6:1 {said}"


def test_a_rule_that_a_template_wrote_is_told_by_its_line(folders: tuple[Path, Path]) -> None:
    css = joined({"mine.css": "\n@foo-9 x { a: b }\n"})
    found = located("Unknown rule <AtRule @foo-9 … { … }> at 3:1", css, folders)
    assert found
    assert str(found.span) == "templates/print/mine.css:2:1"


def test_other_spaces_do_not_hide_it(folders: tuple[Path, Path]) -> None:
    (folders[0] / "mine.css").write_text("b { colour:\tred }\n", "utf-8")
    assert place("Ignored `colour: red` at 13:5, unknown property.", folders).startswith(
        "templates/print/mine.css:1:5"
    )


def test_what_the_file_does_not_say_is_told_by_its_line(folders: tuple[Path, Path]) -> None:
    assert place("Ignored `width: 3mm` at 4:1, invalid value.", folders).startswith(
        "templates/print/mine.css:1:1"
    )


@pytest.mark.parametrize(
    "problem",
    ["Failed to load image at 'x': gone", "no font of this document has the character 'x'"],
)
def test_other_complaints_are_of_no_style_sheet(problem: str, folders: tuple[Path, Path]) -> None:
    assert place(problem, folders) == ""
