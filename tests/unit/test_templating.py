from pathlib import Path

import pytest
from jinja2 import UndefinedError

from builder.diagnostics import ContentError
from builder.templating import card_environment, fill, print_environment


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    own, packaged = tmp_path / "own", tmp_path / "packaged"
    own.mkdir()
    packaged.mkdir()
    return own, packaged


def test_cards_leave_ankis_braces_alone_and_escape(folders: tuple[Path, Path]) -> None:
    (folders[1] / "a.html").write_text("{{Field}} [[ x ]] [# gone #][% if x %]yes[% endif %]")
    shown = card_environment(folders).get_template("a.html").render(x="<b>")
    assert shown == "{{Field}} &lt;b&gt; yes"


def test_an_undefined_name_is_an_error(folders: tuple[Path, Path]) -> None:
    (folders[1] / "a.html").write_text("{{ nothing }}")
    with pytest.raises(UndefinedError, match="nothing"):
        print_environment(folders).get_template("a.html").render()


def test_a_template_that_is_not_utf_8_is_named(folders: tuple[Path, Path]) -> None:
    own, packaged = folders
    (packaged / "a.html").write_text("{% include 'b.html' %}", "utf-8")
    (own / "b.html").write_bytes(b"one\ntwo caf\xe9\n")
    with pytest.raises(ContentError) as caught:
        fill(print_environment(folders), "print", "a.html", {})
    (problem,) = caught.value.diagnostics
    assert problem.code == "not-utf-8"
    assert str(problem.span) == "templates/print/b.html:2:8"


def test_only_the_template_that_was_read_is_blamed(folders: tuple[Path, Path]) -> None:
    (folders[0] / "b").mkdir()
    (folders[0] / "b/a.md").write_bytes("\ufeffone\r\ntwo caf".encode() + b"\xe9\n")
    (folders[0] / "A.png").write_bytes(b"\x89PNG")
    with pytest.raises(ContentError) as caught:
        fill(card_environment(folders), "anki", "b/a.md", {})
    (problem,) = caught.value.diagnostics
    assert str(problem.span) == "templates/anki/b/a.md:2:8"


def test_a_byte_order_mark_is_none_of_the_text(folders: tuple[Path, Path]) -> None:
    (folders[0] / "a.html").write_text("<p>", "utf-8-sig")
    assert fill(print_environment(folders), "print", "a.html", {}) == "<p>"


def test_a_projects_template_wins_as_soon_as_it_is_there(folders: tuple[Path, Path]) -> None:
    own, packaged = folders
    (packaged / "a.html").write_text("packaged")
    assert print_environment(folders).get_template("a.html").render() == "packaged"
    (own / "a.html").write_text("own")
    assert print_environment(folders).get_template("a.html").render() == "own"
    (own / "a.html").unlink()
    assert print_environment(folders).get_template("a.html").render() == "packaged"
