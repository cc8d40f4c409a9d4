"""Every code in the program is explained, and nothing is explained that does not exist."""

import ast
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import builder
from builder import cli
from builder.explain import as_markdown, explain, explanations, overview
from builder.lint import CODES

PACKAGE = Path(builder.__file__).parent
ROOT = Path(__file__).parents[2]
#: Calls whose first argument is a code.
_MAKERS = {
    "Diagnostic",
    "Note",
    "Problem",
    "FigureProblem",
    "Finding",
    "finding",
    "overall",
    "problem",
}
_CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def literals() -> tuple[set[str], set[str]]:
    """Codes that calls make, and all strings of the package that could be a code."""
    made: set[str] = set()
    strings: set[str] = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                strings.update(word for word in node.value.split() if _CODE.fullmatch(word))
            if isinstance(node, ast.Call) and node.args:
                function = node.func
                name = function.attr if isinstance(function, ast.Attribute) else ""
                name = function.id if isinstance(function, ast.Name) else name
                first = node.args[0]
                # What `verify` finds in a package has no code.
                found = name in _MAKERS and (name, file.stem) != ("Finding", "verify")
                if found and isinstance(first, ast.Constant):
                    made.add(str(first.value))
    return made, strings


def documented() -> list[str]:
    return [entry.code for entry in explanations()]


def from_tables() -> set[str]:
    """Codes that tables hold, from which no call takes them as a literal."""
    from builder.validation import _VALUE_ERRORS

    parts = {f"{part}s-changed" for part in ("field", "template")}
    return {code for code, _ in _VALUE_ERRORS.values()} | CODES | parts


def test_every_code_is_explained() -> None:
    made, _ = literals()
    assert len(made) > 80
    assert (made | from_tables()) - set(documented()) == set()


def test_every_explained_code_exists() -> None:
    _, strings = literals()
    assert set(documented()) - strings - from_tables() == set()


def test_codes_are_explained_once_and_fully() -> None:
    codes = documented()
    assert len(codes) == len(set(codes))
    for entry in explanations():
        assert entry.why.endswith((".", "`")), entry.code
        assert entry.bad, entry.code
        assert entry.good, entry.code
        assert entry.bad != entry.good, entry.code
        assert re.fullmatch(r"(?:[A-E][1-7])?", entry.rule), entry.code


def test_every_rule_of_the_linter_is_in_its_own_group() -> None:
    rules = {entry.code for entry in explanations() if entry.area == "Authoring rules"}
    assert rules == CODES | {"unknown-rule", "unused-waiver"}


def test_the_page_is_current(request: pytest.FixtureRequest) -> None:
    page = ROOT / "docs" / "diagnostics.md"
    if request.config.getoption("--update-golden"):
        page.write_text(as_markdown(), "utf-8")
    assert page.read_text("utf-8") == as_markdown(), (
        "python -m builder.explain > docs/diagnostics.md"
    )


def test_explain_shows_reason_example_and_fix() -> None:
    text = explain("unknown-key")
    assert text.startswith("unknown-key (Files and YAML)\n")
    assert "typing mistake" in text
    assert "anwser" in text
    assert "write\n    answer: {en: Two}" in text
    assert "(Authoring rules · A1)" in explain("long-question")


def test_explain_suggests_a_near_code() -> None:
    with pytest.raises(KeyError, match="did you mean 'unknown-key'"):
        explain("unkown-key")


def test_overview_lists_every_code_on_a_line() -> None:
    listed = [line.split()[0] for line in overview().splitlines() if line.startswith("  ")]
    assert listed == documented()


def test_the_command() -> None:
    runner = CliRunner()
    result = runner.invoke(cli.main, ["explain", "cloze-leak"])
    assert (result.exit_code, result.stdout) == (0, explain("cloze-leak"))
    assert runner.invoke(cli.main, ["explain"]).stdout == overview()
    wrong = runner.invoke(cli.main, ["explain", "cloze-leek"])
    assert wrong.exit_code == 2
    assert "did you mean 'cloze-leak'?" in wrong.stderr
