"""`deckwright doctor`: says what is missing and what to do about it."""

import json
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from builder import cli, doctor, fonts, pdf
from builder.doctor import Check

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECKWRIGHT_CACHE", str(tmp_path / "cache"))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["doctor", *arguments], prog_name="deckwright")


def failing(checks: tuple[Check, ...]) -> list[str]:
    return [check.name for check in checks if not check.ok]


def test_a_machine_that_runs_the_tests_is_healthy() -> None:
    result = run()
    assert result.exit_code == 0, result.stdout
    assert "everything can be built here" in result.stdout
    document = json.loads(run("--format", "json").stdout)
    assert document["ok"]
    names = [check["name"] for check in document["checks"]]
    assert {"Python", "libyaml", "Pango", "harfbuzz-subset", "WeasyPrint", "MathJax"} <= set(names)
    assert {f"fonts {face.package[1]}" for face in fonts.FACES} <= set(names)


def test_a_missing_library_is_named_with_the_line_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    real = doctor.native_library
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(
        doctor,
        "native_library",
        lambda library, function: "" if library == "harfbuzz-subset" else real(library, function),
    )
    result = run()
    assert result.exit_code == 3
    assert re.search(r"MISSING +harfbuzz-subset +libharfbuzz-subset does not load", result.stdout)
    assert pdf.APT in result.stdout
    assert "1 to mend" in result.stdout
    assert run("--format", "json").exit_code == 3


def test_a_library_that_is_not_there_does_not_load() -> None:
    assert doctor.native_library("no-such-library", "f") == ""
    assert doctor.native_library("pango-1.0", "no_such_function") == ""
    assert re.fullmatch(r"1\.\d+\.\d+", doctor.native_library("pango-1.0", "pango_version_string"))


def test_another_weasyprint_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "version", lambda n: "71.1" if n == "weasyprint" else version(n))
    checks = doctor.examine()
    assert failing(checks) == ["WeasyPrint"]
    assert "weasyprint>=70,<71" in next(c.help for c in checks if not c.ok)


def test_the_range_is_that_of_the_package() -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    assert f"weasyprint>={doctor.WEASYPRINT},<{doctor.WEASYPRINT + 1}" in needed


def test_fonts_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = fonts.Face("DW Lost", 400, False, ("no_such_package", "no-such-package"), "a.otf")
    empty = fonts.Face("DW Empty", 400, False, ("pip", "pip"), "no-such-file.otf")
    monkeypatch.setattr(fonts, "FACES", (*fonts.FACES, lost, empty))
    checks = doctor.examine()
    assert failing(checks) == ["fonts no-such-package", "fonts pip"]
    assert not doctor.healthy(checks)


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    check = doctor.cache_folder(tmp_path / "file" / "cache")
    assert not check.ok
    assert "DECKWRIGHT_CACHE" in check.help


def test_git_is_wanted_but_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    checks = doctor.examine()
    assert failing(checks) == ["git"]
    assert doctor.healthy(checks)
    assert run().exit_code == 0
