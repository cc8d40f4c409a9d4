"""The workflows: two linters take them, they ask for little, and every step runs here too."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builder import pdf, scaffold
from builder.scaffold import Choices
from tests.unit.runner import (
    ROOT,
    Runner,
    clean_clone,
    commit,
    git,
    jobs,
    lend_environment,
    read,
    run_steps,
)

WORKFLOWS = ROOT / ".github" / "workflows"
CI, RELEASE = read(WORKFLOWS / "ci.yml"), read(WORKFLOWS / "release.yml")
ACTION = read(ROOT / "action.yml")
DECK = read(ROOT / "content" / "deck.yaml")
TAG = f"v{DECK['version']}"
FILES = [*sorted(WORKFLOWS.glob("*.yml")), ROOT / "action.yml"]


def tool(name: str, *arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    program = shutil.which(name, path=Path(sys.executable).parent) or name
    return subprocess.run(
        [program, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False
    )


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for workflow in (CI, RELEASE):
        for name, job in jobs(workflow):
            yield from ((name, step) for step in job["steps"])
    yield from (("action", step) for step in ACTION["runs"]["steps"])


# ---------------------------------------------------------------- linters


def test_actionlint_accepts_the_workflows() -> None:
    done = tool("actionlint", "-shellcheck=", "-pyflakes=", *sorted(WORKFLOWS.glob("*.yml")))
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("needs: linux", "needs: windows", "windows"),
        ("${{ matrix.python }}", "${{ matrix.pyton }}", "pyton"),
        ("contents: read", "content: read", "content"),
        ("timeout-minutes: 30", "timeout-minuts: 30", "timeout-minuts"),
    ],
)
def test_actionlint_finds_mistakes(tmp_path: Path, before: str, after: str, found: str) -> None:
    text = (WORKFLOWS / "ci.yml").read_text("utf-8")
    assert before in text
    (tmp_path / "ci.yml").write_text(text.replace(before, after), "utf-8")
    done = tool("actionlint", "-shellcheck=", "-pyflakes=", tmp_path / "ci.yml")
    assert done.returncode == 1
    assert found in done.stdout


def test_zizmor_accepts_workflows_and_action() -> None:
    others = ROOT / ".github" / "dependabot.yml"
    done = tool("zizmor", "--offline", "--no-progress", "--persona=pedantic", *FILES, others)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (r"actions/cache@[0-9a-f]{40} # v\S+", "actions/cache@v5", "unpinned-uses"),
        (r"\"\$BASE\"", "${{ github.event.pull_request.title }}", "template-injection"),
        (r"^  pull_request:", "  pull_request_target:", "dangerous-triggers"),
    ],
)
def test_zizmor_finds_weaknesses(tmp_path: Path, before: str, after: str, found: str) -> None:
    text = (WORKFLOWS / "ci.yml").read_text("utf-8")
    changed, count = re.subn(before, after, text, flags=re.MULTILINE)
    assert count
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "ci.yml").write_text(changed, "utf-8")
    done = tool("zizmor", "--offline", "--no-progress", "--persona=pedantic", folder / "ci.yml")
    assert done.returncode != 0
    assert found in done.stdout


# ---------------------------------------------------------------- rules


def test_actions_are_pinned_by_hash_with_their_version_and_one_version_each() -> None:
    pins: dict[str, set[str]] = {}
    for file in FILES:
        for line in re.findall(r"uses: (.*)", file.read_text("utf-8")):
            name, _, pin = line.partition("@")
            assert re.match(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", pin), f"{file.name}: {line}"
            pins.setdefault(name, set()).add(pin.partition(" # ")[0])
    assert {name: len(found) for name, found in pins.items()} == dict.fromkeys(pins, 1)
    assert all(name.startswith("actions/") for name in pins)


def test_one_image_pinned_by_digest() -> None:
    images = {
        job["container"] for flow in (CI, RELEASE) for _, job in jobs(flow) if "container" in job
    }
    (image,) = images
    assert re.fullmatch(r"python:3\.\d+\.\d+-bookworm@sha256:[0-9a-f]{64}", image)
    assert CI["jobs"]["linux"]["container"] == RELEASE["jobs"]["build"]["container"]


def test_rights_are_given_job_by_job_and_only_publishing_may_write() -> None:
    writing = set()
    for workflow in (CI, RELEASE):
        assert workflow["permissions"] == {}
        for name, job in jobs(workflow):
            assert job["permissions"], name
            assert job["timeout-minutes"] <= 60
            writing |= {
                (name, right) for right, how in job["permissions"].items() if how == "write"
            }
    assert writing == {
        ("publish", "contents"),
        ("publish", "id-token"),
        ("publish", "attestations"),
        ("pages", "pages"),
        ("pages", "id-token"),
    }
    assert set(CI["on"]) == {"push", "pull_request"}
    assert RELEASE["on"] == {"push": {"tags": ["v*"]}}
    assert not any("secrets." in file.read_text("utf-8") for file in FILES)


def test_jobs_that_write_run_no_code_of_the_repository() -> None:
    for name, job in jobs(RELEASE):
        if "write" in job["permissions"].values():
            assert not any("checkout" in step.get("uses", "") for step in job["steps"]), name
            assert not any("make.py" in step.get("run", "") for step in job["steps"]), name


def test_what_is_published_is_made_without_a_cache() -> None:
    assert "cache" not in re.sub(r"#.*|--no-cache", "", (WORKFLOWS / "release.yml").read_text())
    (cached,) = [s for s in ACTION["runs"]["steps"] if "actions/cache" in s.get("uses", "")]
    assert cached["if"] == "github.ref_type != 'tag'"


def test_the_line_that_installs_pango_is_the_one_that_users_are_told() -> None:
    lines = {s["run"] for _, s in steps() if "apt-get" in s.get("run", "")}
    assert lines == {f"sudo apt-get update && sudo {pdf.APT}"}


def test_steps_call_what_runs_at_a_desk() -> None:
    """Everything but installing, summing and publishing is a command of make.py."""
    others = {s["run"] for _, s in steps() if "run" in s and "make.py" not in s["run"]}
    starts = {re.sub(r"^PATH=\S+ ", "", line).split()[0] for line in others}
    assert starts == {"sudo", "brew", "pacman", "sha256sum", "gh"}


# ---------------------------------------------------------------- running


def machine(folder: Path, clone: Path) -> Runner:
    values = {
        "github.event.pull_request.base.sha": git(clone, "rev-parse", "HEAD").strip(),
        "github.token": "a-token",
        "github.repository": "someone/deck",
        "github.ref_name": TAG,
    }
    return Runner(clone, folder / "runner", values)


def small_content(clone: Path) -> None:
    """A deck of two questions in place of the repository's: its pages take a minute to draw."""
    shutil.rmtree(clone / "content")
    made = scaffold.files(Choices(DECK["id"], "Sample", ("zh", "en")))
    for name, text in made.items():
        if name.startswith("content/"):
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            (clone / name).write_text(text, "utf-8")
    deck = clone / "content" / "deck.yaml"
    stated = re.sub(
        r"^version: .*", f"version: {DECK['version']}", deck.read_text("utf-8"), flags=re.MULTILINE
    )
    deck.write_text(stated, "utf-8")
    commit(clone, "A small deck")
    lock_content(clone)


def lock_content(clone: Path) -> None:
    """Commit the lock that the content gives, as authors do: work at it may be under way here."""
    outputs = read(clone / "content" / "deck.yaml")["outputs"]
    first = next(name for name in outputs if name.endswith(".apkg"))
    environment = {
        **os.environ,
        "PYTHONPATH": str(clone),
        "DECKWRIGHT_CACHE": str(ROOT / ".cache" / "tests"),
    }
    command = [sys.executable, "-P", "-m", "builder", "build", first]
    subprocess.run(command, cwd=clone, env=environment, check=True, capture_output=True)
    shutil.rmtree(clone / "dist")
    git(clone, "checkout", "--", "dist")
    if git(clone, "status", "--porcelain"):
        commit(clone, "Lock")


def prepare_release(clone: Path) -> None:
    """What a maintainer does before tagging."""
    log = clone / "CHANGELOG.md"
    text = log.read_text("utf-8")
    log.write_text(text.replace(" (unreleased)", " (2026-11-30)", 1), "utf-8")
    if git(clone, "status", "--porcelain"):
        commit(clone, "Release")
    git(clone, "tag", TAG)


def named(job: dict[str, Any], *leave_out: str) -> list[dict[str, Any]]:
    found = run_steps(job["steps"])
    assert {step["name"] for step in found} >= set(leave_out)
    return [step for step in found if step["name"] not in leave_out]


TESTS = "Test"
ANEW = "Verify, with a trial import into Anki and everything built anew"


@pytest.mark.timeout(900)
def test_every_quick_step_of_ci_runs_in_a_clean_clone(tmp_path: Path) -> None:
    clone = clean_clone(tmp_path / "clone")
    small_content(clone)
    lend_environment(clone)
    runner = machine(tmp_path, clone)
    printed = {step["name"]: runner.run(step) for step in named(CI["jobs"]["linux"], TESTS)}
    assert "lock" in printed["Rehearse the release"]
    assert "Your progress: safe" in runner.summary
    assets = clone / "build" / "release" / "assets"
    shutil.copytree(assets, clone / "published")  # what upload and download do
    for step in run_steps(CI["jobs"]["elsewhere"]["steps"]):
        printed[step["name"]] = runner.run(step)
    assert "everything can be built here" in printed["Examine the machine"]
    compared = printed["Compare the decks with those of Linux, and import them into Anki"]
    assert compared.count("the source gives the same bytes") == compared.count("Anki imports")
    assert "verified" in compared
    assert [call.split()[0] for call in runner.calls] == ["sudo", "sudo", "brew", "pacman"]


@pytest.mark.timeout(900)
def test_every_quick_step_of_a_release_runs_in_a_clean_clone(tmp_path: Path) -> None:
    clone = clean_clone(tmp_path / "clone")
    small_content(clone)
    lend_environment(clone)
    runner = machine(tmp_path, clone)
    build = RELEASE["jobs"]["build"]
    (gates,) = [step for step in named(build, TESTS, ANEW) if "release" in step["run"]]
    refused = runner.run(gates, fails=True)
    assert "gate tag: shut" in refused
    assert not (clone / "build" / "release").exists()
    prepare_release(clone)
    for step in named(build, TESTS, ANEW):
        runner.run(step)
    publish(runner, clone, tmp_path)


def publish(runner: Runner, clone: Path, folder: Path) -> None:
    """The second job, on a machine that has the artifact and nothing else."""
    made = clone / "build" / "release"
    assert (made / "site" / "index.html").is_file()
    elsewhere = folder / "elsewhere"
    (elsewhere / "release").mkdir(parents=True)
    shutil.copytree(made / "assets", elsewhere / "release" / "assets")
    shutil.copy(made / "notes.md", elsewhere / "release")
    runner.workspace = elsewhere
    for step in run_steps(RELEASE["jobs"]["publish"]["steps"]):
        runner.run(step)
    (published,) = [call for call in runner.calls if call.startswith("gh ")]
    assert published.startswith(
        f"gh release create {TAG} --verify-tag --title {TAG} --notes-file release/notes.md "
    )
    files = {Path(name).name for name in published.split() if name.startswith("release/assets/")}
    assert files == {path.name for path in (made / "assets").iterdir()}
    outputs = read(clone / "content" / "deck.yaml")["outputs"]
    assert {*outputs, f"{DECK['id']}-web.zip", "SHA256SUMS"} <= files
    assert {Path(name).suffix for name in files} >= {".pdf", ".whl", ".gz"}
    (elsewhere / "release" / "assets" / next(iter(outputs))).write_bytes(b"tampered")
    (check,) = [s for s in run_steps(RELEASE["jobs"]["publish"]["steps"]) if "sha256" in s["run"]]
    runner.run(check, fails=True)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_step_runs_with_an_environment_that_make_py_sets_up(tmp_path: Path) -> None:
    """Half an hour of CI: its own `.venv`, the whole test suite, everything built anew."""
    clone = clean_clone(tmp_path / "clone")
    lock_content(clone)
    prepare_release(clone)
    runner = machine(tmp_path, clone)
    for step in run_steps(CI["jobs"]["linux"]["steps"]):
        runner.run(step)
    first = {p.name: p.read_bytes() for p in (clone / "build/release/assets").iterdir()}
    for step in named(RELEASE["jobs"]["build"], TESTS):
        runner.run(step)
    again = {p.name: p.read_bytes() for p in (clone / "build/release/assets").iterdir()}
    assert again == first
    publish(runner, clone, tmp_path)
