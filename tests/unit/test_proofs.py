"""Proofs of a small project: found without running, run apart, failures told at their `check:`."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from builder import cli, proofs
from builder.cache import Cache
from builder.diagnostics import Diagnostic, EnvironmentProblem
from builder.load import load
from builder.project import Project
from builder.prover import Card

BASE = Path(__file__).parents[1] / "golden/errors/_base"
CACHE = Path(__file__).parents[2] / ".cache" / "tests"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    shutil.copytree(BASE, tmp_path / "deck")
    return Project(tmp_path / "deck")


def write(project: Project, source: str, check: str = "add-up") -> None:
    folder = project.content / "checks"
    folder.mkdir(exist_ok=True)
    (folder / "sums.py").write_text(source, "utf-8")
    topic = project.content / "topics/first.yaml"
    text = topic.read_text("utf-8").replace("    refs:", f"    check: {check}\n    refs:")
    topic.write_text(text, "utf-8")


def prove(project: Project, cache: Cache, seconds: float = 60) -> tuple[Diagnostic, ...]:
    loaded = load(project, cache)
    return proofs.prove(project, loaded.deck, loaded.checks, seconds)


def test_a_proof_that_holds_says_nothing(project: Project, cache: Cache) -> None:
    write(project, "def add_up():\n    assert 1 + 1 == 2\n")
    assert prove(project, cache) == ()


def test_a_failure_is_told_where_the_item_names_the_proof(project: Project, cache: Cache) -> None:
    write(project, "def add_up():\n    total = 1 + 1\n    assert total == 3, f'it is {total}'\n")
    (problem,) = prove(project, cache)
    assert (problem.code, problem.severity) == ("proof-failed", "error")
    assert problem.message == "the proof 'add-up' fails: it is 2"
    assert problem.help == "content/checks/sums.py:3: assert total == 3, f'it is {total}'"
    assert problem.span is not None
    line = (project.root / problem.span.path).read_text("utf-8").splitlines()[problem.span.line - 1]
    assert line[problem.span.column - 1 : problem.span.end_column - 1] == "add-up"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[][1]", "stops with IndexError: list index out of range"),
        ("exit(0)", "stops with SystemExit: 0"),
        ("import os; os._exit(3)", "ends the program with status 3"),
        ("import scipy_or_so", "imports 'scipy_or_so', which is not there"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "may not use the network"),
        ("import warnings; warnings.warn('odd')", "stops with UserWarning: odd"),
    ],
)
def test_whatever_a_proof_does(project: Project, cache: Cache, body: str, message: str) -> None:
    write(project, f"def add_up():\n    print('noise')\n    {body}\n")
    (problem,) = prove(project, cache)
    assert problem.code == "proof-failed"
    assert message in problem.message


@pytest.mark.parametrize(
    "noise",
    [
        r"import os; os.write(1, b'noise\n')",
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(7)'], check=True)",
        "import sys; print('noise', file=sys.__stdout__, flush=True)",
    ],
)
def test_what_a_proof_writes_is_no_result(project: Project, cache: Cache, noise: str) -> None:
    write(project, f"def add_up():\n    {noise}\n    assert 1 + 1 == 3, 'no'\n")
    (problem,) = prove(project, cache)
    assert problem.message == "the proof 'add-up' fails: no"


def test_a_proof_without_end_is_named(project: Project, cache: Cache) -> None:
    source = "def add_up():\n    pass\n\n\ndef hang():\n    while True:\n        pass\n"
    write(project, source, "[add-up, hang]")
    (problem,) = prove(project, cache, 1.5)
    assert problem.message == "the proof 'hang' is not done after 1.5 seconds"


def test_a_proof_sees_the_card(project: Project, cache: Cache) -> None:
    write(project, "def add_up(card):\n    card.says('二', 'Two')\n")
    (problem,) = prove(project, cache)
    assert problem.message == "the proof 'add-up' fails: 'sum' does not say '二' in en"


def test_numbers_stand_by_themselves() -> None:
    card = Card("x", texts={"en": "widths 25600 and 0.512, then 1,024: 11008."})
    card.says("25600", "0.512", "1,024", "11008", "widths")
    for part in ("256", "512", "024", "1", "1100"):
        with pytest.raises(AssertionError, match=f"'{part}'"):
            card.says(part)


def test_without_numpy_the_machine_is_to_blame(
    project: Project, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = project.root / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    folder = "Scripts" if sys.platform == "win32" else "bin"
    monkeypatch.setattr(sys, "executable", str(bare / folder / "python"))
    write(project, "import numpy\n\n\ndef add_up():\n    numpy.zeros(1)\n")
    with pytest.raises(EnvironmentProblem, match=r"deckwright\[proofs\]"):
        prove(project, cache)


def test_what_nobody_names(project: Project, cache: Cache) -> None:
    write(
        project,
        "def add_up():\n    _help()\n\n\ndef _help():\n    pass\n\n\ndef spare():\n    1 / 0\n",
    )
    (problem,) = prove(project, cache)
    assert (problem.code, problem.severity) == ("unused-proof", "warning")
    assert str(problem.span) == "content/checks/sums.py:9:5"


def test_check_runs_proofs_only_when_asked(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DECKWRIGHT_CACHE", str(CACHE))
    write(project, "open('ran', 'w').close()\n\n\ndef add_up():\n    assert 1 + 1 == 3\n")
    command = ["check", "-C", str(project.root), "--format", "json"]
    assert CliRunner().invoke(cli.main, command).exit_code == 0
    assert not (project.root / "ran").exists()
    result = CliRunner().invoke(cli.main, [*command, "--proofs"])
    assert result.exit_code == 1
    assert (project.root / "ran").exists()
    problems = json.loads(result.stdout)["diagnostics"]
    assert [d["code"] for d in problems if d["severity"] == "error"] == ["proof-failed"]
    assert not list((project.content / "checks").glob("__pycache__"))
