"""The command line as people and CI call it: exit codes, streams, formats."""

import errno
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from builder import cli

ROOT = Path(__file__).parents[2]
BASE = ROOT / "tests/golden/errors/_base"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "deck"
    shutil.copytree(BASE, folder)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    monkeypatch.setenv("DECKWRIGHT_CACHE", str(Path(__file__).parents[2] / ".cache" / "tests"))
    return folder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.main, [str(a) for a in arguments], prog_name="deckwright")


def break_it(root: Path) -> None:
    topic = root / "content/topics/first.yaml"
    topic.write_text(topic.read_text("utf-8").replace("level: core", "level: cor"), "utf-8")


def test_check_says_fine(root: Path) -> None:
    result = run("check", "-C", root)
    assert result.exit_code == 0
    assert "fine: 1 items, 2 notes" in result.stderr
    assert result.stdout == ""
    assert not (root / "dist").exists()
    assert not (root / "content/deck.lock").exists()


def test_check_works_from_a_folder_inside(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "content" / "topics")
    assert run("check").exit_code == 0


def test_bad_content_is_exit_1_with_place_and_fix(root: Path) -> None:
    break_it(root)
    result = run("check", "-C", root)
    assert result.exit_code == 1
    assert "content/topics/first.yaml:4:12: error[bad-value]" in result.stderr
    assert "did you mean 'core'?" in result.stderr
    assert "Traceback" not in result.stderr


def test_json_is_one_document_either_way(root: Path) -> None:
    good = json.loads(run("build", "-C", root, "--format", "json").stdout)
    assert good["ok"]
    assert [a["path"] for a in good["artifacts"]] == ["dist/sample.apkg"]
    break_it(root)
    result = run("build", "-C", root, "--format", "json")
    assert result.exit_code == 1
    bad = json.loads(result.stdout)
    assert not bad["ok"]
    assert bad["diagnostics"][0]["code"] == "bad-value"


def test_github_annotations_go_to_stdout(root: Path) -> None:
    break_it(root)
    result = run("check", "-C", root, "--format", "github")
    assert result.stdout.startswith("::error file=content/topics/first.yaml,line=4,")


def test_wrong_usage_is_exit_2(tmp_path: Path, root: Path) -> None:
    assert run("check", "-C", tmp_path).exit_code == 2
    assert run("chekc").exit_code == 2
    assert "check" in run("chekc").stderr
    result = run("diff", "-C", root, root / "content/deck.yaml.apkg")
    assert result.exit_code == 2


@pytest.mark.parametrize(
    "epoch", ["yesterday", "0", "-5", "999999999", "4102444800", "9" * 20, "9" * 5000]
)
def test_an_impossible_time_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch, epoch: str
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    result = run("build", "-C", root)
    assert result.exit_code == 2
    assert not (root / "dist").exists()


def test_a_bug_is_exit_70_and_says_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise AssertionError("boom")

    monkeypatch.setattr("builder.build.check", broken)
    result = run("check", "-C", root)
    assert result.exit_code == 70
    assert "bug in Deckwright" in result.stderr


def test_a_file_that_cannot_be_written_is_exit_3(root: Path) -> None:
    (root / "dist").write_text("not a folder")
    result = run("build", "-C", root)
    assert result.exit_code == 3
    assert "Traceback" not in result.stderr
    assert "made" not in result.stderr
    assert f"error: cannot write '{root / 'dist' / 'sample.apkg'}': " in result.stderr


def test_a_full_disk_is_told_with_the_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    result = run("build", "-C", root)
    assert result.exit_code == 3
    assert f"deck.lock': {os.strerror(errno.ENOSPC)}" in result.stderr
    assert "made" not in result.stderr


def test_diff_with_a_package_of_the_newest_format_says_how_to_export_it(root: Path) -> None:
    with zipfile.ZipFile(root.parent / "new.apkg", "w") as archive:
        archive.writestr("collection.anki21b", b"x")
        archive.writestr("collection.anki2", b"x")
    result = run("diff", "-C", root, root.parent / "new.apkg")
    assert result.exit_code == 2
    assert "newest format" in result.stderr
    assert '"Support older Anki versions"' in result.stderr


def test_diff_against_a_published_package(root: Path) -> None:
    assert run("build", "-C", root).exit_code == 0
    published = root.parent / "published.apkg"
    shutil.copy(root / "dist/sample.apkg", published)
    assert "verdict: safe\nuntouched notes: 2\n" in run("diff", "-C", root, published).stdout
    topic = root / "content/topics/first.yaml"
    topic.write_text(topic.read_text("utf-8").replace("en: Two.", "en: It is two."), "utf-8")
    report = json.loads(run("diff", "-C", root, published, "--format", "json").stdout)
    assert report["verdict"] == "safe"
    assert report["changes"] == [
        {
            "kind": "answer changed",
            "key": "sum",
            "languages": ["en"],
            "before": "Two.",
            "after": "It is two.",
        }
    ]
    assert (
        "### Answer changed (1)"
        in run("diff", "-C", root, published, "--format", "markdown").stdout
    )


def test_every_command_has_help() -> None:
    for name, command in cli.main.commands.items():
        assert command.help, name
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert getattr(parameter, "help", None), f"{name} {parameter.name}"


def test_output_to_a_file_is_utf_8_whatever_the_system_prefers(root: Path) -> None:
    """Windows gives a program a code page in which most letters cannot be written."""
    break_it(root)
    topic = root / "content/topics/first.yaml"
    topic.write_text(topic.read_text("utf-8").replace("level: cor", "level: 核心"), "utf-8")
    command = [sys.executable, "-m", "builder", "check", "-C", str(root), "--format", "json"]
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252:strict"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == 1
    assert "核心" in done.stdout.decode("utf-8")
    text = subprocess.run(
        [*command[:-2]], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert "核心" in text.stderr.decode("utf-8")
    assert b"Traceback" not in text.stderr
