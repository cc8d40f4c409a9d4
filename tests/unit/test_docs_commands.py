"""The commands that the pages tell people to run: they are run, as they stand there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from builder import scaffold
from builder.cli import main
from tests.anki.harness import import_package, new_collection
from tests.unit.runner import ROOT, lend_packages, read

DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(sh|yaml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


def script() -> str:
    """The tutorial as a program: its commands, and what it asks to be typed into files."""
    page = (DOCS / "tutorial.md").read_text("utf-8")
    lines = ["set -eux"]
    for kind, text in BLOCK.findall(page):
        if kind == "yaml":
            lines += [f"cat > content/topics/europe.yaml <<'END'\n{text}END"]
            lines += ["sed -i 's/^topics: .*/topics: [averages, europe]/' content/deck.yaml"]
            continue
        if "deckwright diff" in text:
            answer, version = re.findall(r"to `([^`]*)`", page.partition("## 6.")[2])[:2]
            lines += ["cp -r build/release first"]
            lines += [f"sed -i 's/answer: Paris[.]/answer: {answer}/' content/topics/europe.yaml"]
            lines += [f"sed -i 's/^version: .*/version: {version}/' content/deck.yaml"]
            lines += ["echo first >> .git/info/exclude"]
        lines.append(text)
    return "\n".join(lines)


def follow(folder: Path, wheel: Path, **environment: str) -> None:
    programs = folder / "bin"
    programs.mkdir()
    (programs / "python3").write_text(f'#!/bin/sh\nexec "{Path(sys.executable).resolve()}" "$@"\n')
    (programs / "python3").chmod(0o755)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
    identity = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "A"), ("EMAIL", "a@example.org"))
    }
    done = subprocess.run(
        ["bash", "-c", script()],
        cwd=folder,
        env={
            **inherited,
            **identity,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PIP_FIND_LINKS": str(wheel),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "DECKWRIGHT_CACHE": str(ROOT / ".cache" / "tests"),
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert "everything can be built here" in done.stdout
    assert "fine: 3 items, 7 notes" in done.stdout
    assert "verified" in done.stdout
    assert "verdict: safe" in done.stdout
    used = folder / "venv" / "lib"
    assert list(used.glob("*/site-packages/builder/_data")), "the wheel is what was used"


def study(project: Path) -> None:
    """A learner imports the first release into a real Anki, reviews, and gets the second."""
    first = (project / "first/assets/capitals.apkg").read_bytes()
    second = (project / "build/release/assets/capitals.apkg").read_bytes()
    with new_collection() as collection:
        assert import_package(collection, first).counts() == {"new": 7}
        deck = collection.decks.id_for_name("capitals")
        assert deck is not None
        collection.decks.select(deck)
        (card,) = collection.find_cards("note:*Q&A* Paris")
        before = collection.get_card(card)
        assert collection.db is not None
        collection.db.execute("update cards set reps = 5, ivl = 40, type = 2 where id = ?", card)
        assert import_package(collection, second).counts() == {"updated": 1, "duplicate": 6}
        after = collection.get_card(card)
        assert "Paris, on the Seine." in after.answer()
        assert (after.id, after.reps, after.ivl) == (before.id, 5, 40)


@pytest.mark.timeout(900)
def test_the_tutorial_leads_to_a_deck_that_anki_takes_and_updates(
    tmp_path: Path, wheel: Path
) -> None:
    """With the wheel installed; its dependencies are those of this environment."""
    lent = str(lend_packages(tmp_path / "lent"))
    follow(tmp_path, wheel, PYTHONPATH=lent, PIP_NO_INDEX="1")
    study(tmp_path / "capitals")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_tutorial_on_a_machine_with_nothing_but_python(tmp_path: Path, wheel: Path) -> None:
    """pip fetches the dependencies."""
    follow(tmp_path, wheel)
    study(tmp_path / "capitals")


def test_the_workflows_on_the_pages_are_accepted_by_both_linters(tmp_path: Path) -> None:
    page = (DOCS / "publishing.md").read_text("utf-8")
    own = (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
    files = []
    for number, (_, text) in enumerate(BLOCK.findall(page)):
        assert f"uses: {scaffold.REPOSITORY}@v" in text
        (checkout,) = re.findall(r"uses: (actions/.*)", text)
        assert checkout in own
        files.append(tmp_path / ".github" / "workflows" / f"{number}.yml")
        files[-1].parent.mkdir(parents=True, exist_ok=True)
        ignored = "@v0.1.0 # zizmor: ignore[unpinned-uses]"
        files[-1].write_text(text.replace("@v0.1.0", ignored), "utf-8")
    assert len(files) == 2
    for command in (
        ["actionlint", "-shellcheck=", "-pyflakes="],
        ["zizmor", "--offline", "--no-progress"],
    ):
        program = str(Path(sys.executable).with_name(command[0]))
        done = subprocess.run(
            [program, *command[1:], *files], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_of_publishing_lists_every_gate() -> None:
    from builder.gates import GATES

    page = (DOCS / "publishing.md").read_text("utf-8")
    table = page.partition("| gate | refuses |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(GATES)


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", "docs/tutorial.md", "docs/publishing.md"]
)
def test_commands_and_options_that_pages_name_exist(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for name, options in re.findall(r"\bdeckwright ([a-z]+)([^\n`]*)", text):
        if name in main.commands:
            known = {option for param in main.commands[name].params for option in param.opts}
            used = set(re.findall(r"(?<= )--?[a-zA-Z][a-z-]*", options))
            assert used <= known | {"--no-print"}, f"{name}: {used - known}"
    tasks = set(re.findall(r"make\.py ([a-z]+)", text))
    assert tasks <= {"build", "test", "lint", "bench", "release", "deckwright", "lock", "help"}


def test_links_of_the_pages_at_the_top_lead_somewhere() -> None:
    files = 0
    for page in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / page).read_text("utf-8")
        for target in re.findall(r"\]\(([^)]+)\)", text):
            path, _, anchor = target.partition("#")
            if path.startswith("../../releases/latest"):
                continue
            assert "://" not in path
            assert (ROOT / path).exists(), f"{page}: {target}"
            files += bool(path)
            if anchor and not path:
                headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
                assert anchor in {heading.lower().replace(" ", "-") for heading in headings}
    assert files >= 8


def test_downloads_come_first_and_are_what_a_release_has() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE)[0] == "Download the deck"
    deck = read(ROOT / "content" / "deck.yaml")
    offered = set(re.findall(r"releases/latest/download/([^)]+)\)", text))
    assert offered == {*deck["outputs"], f"{deck['id']}-web.zip"}


def test_the_pages_count_what_is_there() -> None:
    topics = [read(file) for file in (ROOT / "content" / "topics").glob("*.yaml")]
    items = [item for topic in topics for item in topic["items"].values()]
    questions = len(items) + sum(len(item.get("covers", ())) for item in items)
    text = (ROOT / "README.md").read_text("utf-8")
    assert f"{questions} questions in {len(topics)} topics" in text
