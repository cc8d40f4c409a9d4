"""The action that other repositories use, and the workflow that `deckwright new` gives them."""

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from builder import scaffold
from builder.scaffold import Choices
from tests.unit.runner import (
    ROOT,
    Runner,
    clean_clone,
    commit,
    git,
    lend_environment,
    read,
    run_steps,
)

ACTION = read(ROOT / "action.yml")
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
WORKFLOW = ".github/workflows/deck.yml"


def workflow_of_new() -> str:
    return scaffold.files(Choices("capitals", "Capitals", ("en",)))[WORKFLOW]


# ---------------------------------------------------------------- the workflow of a new project


def test_it_is_about_ten_lines_and_both_linters_take_it(tmp_path: Path) -> None:
    text = workflow_of_new()
    lines = [line for line in text.splitlines() if line and not line.strip().startswith("#")]
    assert len(lines) <= 12
    file = tmp_path / WORKFLOW
    file.parent.mkdir(parents=True)
    file.write_text(text, "utf-8")
    for command in (
        ["actionlint", "-shellcheck=", "-pyflakes=", str(file)],
        ["zizmor", "--offline", "--no-progress", str(file)],
    ):
        program = str(Path(sys.executable).with_name(command[0]))
        done = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_it_uses_the_action_of_the_version_that_made_it() -> None:
    text = workflow_of_new()
    assert f"uses: {scaffold.REPOSITORY}@v{version('deckwright')} #" in text
    own = (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
    (checkout,) = re.findall(r"uses: (actions/.*)", text)
    assert checkout in own
    loaded = yaml.load(text, Loader=yaml.CSafeLoader)
    assert loaded["permissions"] == {}
    assert loaded["jobs"]["deck"]["permissions"] == {
        "contents": "write",
        "id-token": "write",
        "attestations": "write",
    }
    assert "pull_request_target" not in text


# ---------------------------------------------------------------- the action


def test_what_it_needs_is_stated() -> None:
    assert ACTION["runs"]["using"] == "composite"
    used = set(re.findall(r"inputs\.([\w-]+)", (ROOT / "action.yml").read_text("utf-8")))
    assert used == set(ACTION["inputs"])
    for name, entry in ACTION["inputs"].items():
        assert entry["description"], name
        assert entry["default"], name
    assert all(step["shell"] == "bash" for step in run_steps(STEPS))


def test_only_a_tag_of_the_deck_is_published() -> None:
    names = [step.get("name", step.get("uses", "").partition("@")[0]) for step in STEPS]
    first = names.index("Pass the gates and make what is published")
    condition = "github.ref_type == 'tag' && startsWith(github.ref_name, inputs.prefix)"
    assert [step.get("if") for step in STEPS[first:]] == [condition] * 4
    assert names[first + 2] == "actions/attest"


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A repository of many decks, one of them in decks/capitals, and the action beside it."""
    action = clean_clone(tmp_path / "action")
    lend_environment(action)
    repository = tmp_path / "repository"
    repository.mkdir()
    git(repository, "init", "--quiet", "--initial-branch=main")
    scaffold.create(repository / "decks" / "capitals", Choices("capitals", "Capitals", ("en",)))
    values = {
        "inputs.project": "decks/capitals",
        "inputs.prefix": "capitals-v",
        "github.token": "a-token",
        "github.repository": "someone/decks",
        "github.ref_name": "capitals-v0.1.0",
    }
    return Runner(repository, tmp_path / "runner", values, {"GITHUB_ACTION_PATH": str(action)})


def step(name: str) -> dict[str, Any]:
    (found,) = [step for step in STEPS if step.get("name", "").startswith(name)]
    return found


@pytest.mark.timeout(900)
def test_every_step_runs_on_a_deck_in_a_repository_of_many(runner: Runner) -> None:
    deck = runner.workspace / "decks" / "capitals"
    commit(runner.workspace, "A deck")
    runner.run(step("Install Pango"))
    runner.run(step("Check"))
    assert "forbids writing" in runner.run(step("Build"), fails=True)
    assert "gate lock: shut" in runner.run(step("Pass the gates"), fails=True)

    action = runner.environment["GITHUB_ACTION_PATH"]
    make = {"run": f'python "{action}/make.py" deckwright build -C "{deck}"'}
    runner.run({**make, "env": {"SOURCE_DATE_EPOCH": "1790000000"}})
    commit(runner.workspace, "Its lock")
    git(runner.workspace, "tag", "capitals-v0.1.0")
    runner.run(step("Build"))
    runner.run(step("Pass the gates"))
    assert "verified" in runner.run(step("Verify"))
    runner.run(step("Publish"))
    temp = runner.scratch / "temp" / "deckwright"
    (published,) = [call for call in runner.calls if call.startswith("gh ")]
    assert published.startswith(
        "gh release create capitals-v0.1.0 --verify-tag --title capitals-v0.1.0"
        f" --notes-file {temp}/notes.md {temp}/assets/SHA256SUMS "
    )
    assert "The first release: 2 questions, 5 notes." in (temp / "notes.md").read_text("utf-8")

    # A pull request, first with a mistake.
    base = git(runner.workspace, "rev-parse", "HEAD").strip()
    runner.values["github.event.pull_request.base.sha"] = base
    topic = deck / "content/topics/averages.yaml"
    text = topic.read_text("utf-8").replace("Add all values and", "Add up the values and")
    topic.write_text(text.replace("level: common", "level: comon"), "utf-8")
    shown = runner.run(step("Check"), fails=True)
    assert "::error file=decks/capitals/content/topics/averages.yaml,line=" in shown
    topic.write_text(text, "utf-8")
    commit(runner.workspace, "Reword an answer")
    runner.run(step("Say what the change does"))
    assert runner.summary.startswith("✅ **Your progress: safe.**")
    assert "### Answer changed (1)" in runner.summary
