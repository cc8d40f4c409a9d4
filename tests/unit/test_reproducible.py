"""Same source, same bytes: whatever the Python, the platform's habits and the way of starting."""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench import printing_content
from builder import scaffold
from builder.scaffold import Choices
from tests.unit.runner import ROOT, clean_clone, read

#: Builds without writing and prints the sums. What was drawn before is drawn again, but for parts
#: of documents if so asked.
PROGRAM = """
import hashlib, json, multiprocessing, os, sys
from pathlib import Path
from builder import build, parts, press
from builder.cache import Cache, default_folder
from builder.project import Project

if __name__ == "__main__":
    if os.environ.get("START"):
        multiprocessing.set_start_method(os.environ["START"])
    os.umask(int(os.environ.get("UMASK", "022"), 8))
    press.cached = lambda job, cache: None
    if not os.environ.get("KEPT"):
        parts.kept = lambda cache, entry, digest: None
    os.cpu_count = lambda: int(os.environ.get("WORKERS", "2"))
    made = build.make(Project(Path(sys.argv[1])), Cache(default_folder()), now=1_790_000_000)
    sums = {a.name: hashlib.sha256(a.data).hexdigest() for a in made.artifacts}
    print(json.dumps({**sums, "lock": made.lock}))
"""


def build(project: Path, program: Path, **environment: str) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG"))}
    done = subprocess.run(
        [sys.executable, "-P", program, project],
        cwd=program.parent,
        env={
            **inherited,
            "PYTHONPATH": str(ROOT),
            "DECKWRIGHT_CACHE": str(ROOT / ".cache" / "tests"),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made: dict[str, str] = json.loads(done.stdout)
    return made


def test_habits_of_a_platform_change_nothing(tmp_path: Path) -> None:
    """macOS and Windows start processes afresh (`spawn`), Python 3.14 does by a server."""
    project = tmp_path / "first place" / "deck"
    scaffold.create(project, Choices("deck", "Deck", ("zh", "en")))
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    one = build(project, program, PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C.UTF-8", START="fork")
    assert {Path(name).suffix for name in one} == {".apkg", ".pdf", ""}
    elsewhere = tmp_path / "zweiter Ort" / "牌组"
    elsewhere.parent.mkdir()
    project.rename(elsewhere)
    for start in ("spawn", "forkserver"):
        other = build(
            elsewhere,
            program,
            PYTHONHASHSEED="2",
            PYTHONUTF8="0",
            TZ="Pacific/Kiritimati",
            LC_ALL="C",
            UMASK="077",
            START=start,
        )
        assert other == one, start


def test_pdfs_are_the_same_in_one_process_or_two_and_with_kept_parts(tmp_path: Path) -> None:
    """Documents, and parts of one, share what was worked out for those drawn before them."""
    project, program = tmp_path / "deck", tmp_path / "program.py"
    printing_content.write(project, 2 * printing_content.TOPIC)
    program.write_text(PROGRAM)
    two = build(project, program, WORKERS="2")
    pdfs = [name for name in two if name.endswith(".pdf")]
    assert len(pdfs) == 2
    assert build(project, program, WORKERS="1") == two
    _, topic = sorted((project / "content" / "topics").iterdir())
    title = f"Practice {time.time_ns()}"  # which no part has that any run kept
    topic.write_text(topic.read_text("utf-8").replace("Chapter 2", title), "utf-8")
    some_kept = build(project, program, KEPT="1")
    assert all(some_kept[name] != two[name] for name in pdfs)
    assert build(project, program, WORKERS="1") == some_kept


def test_lines_may_end_as_on_windows(tmp_path: Path) -> None:
    """A checkout by git for Windows, without .gitattributes, ends lines with two characters."""
    program = tmp_path / "program.py"
    program.write_text(
        PROGRAM.replace(
            "a.data).hexdigest() for a in made.artifacts",
            "a.data).hexdigest() for a in made.artifacts if a.name.endswith('.apkg')",
        )
    )
    project = tmp_path / "deck"
    scaffold.create(project, Choices("deck", "Deck", ("en",)))
    unix = build(project, program)
    changed = 0
    for file in project.rglob("*"):
        if file.suffix in (".yaml", ".lock"):
            file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
            changed += 1
    assert changed >= 4
    assert build(project, program) == unix


def others() -> list[Path]:
    """The other Pythons of this machine that Deckwright runs on, one of each version."""
    places = [Path(folder) for folder in os.environ["PATH"].split(os.pathsep)]
    places += sorted((Path.home() / ".pyenv" / "versions").glob("*/bin"))
    found: dict[str, Path] = {}
    for place in places:
        for program in sorted(place.glob("python3*")):
            if program.name.removeprefix("python3").strip(".0123456789"):
                continue
            show = "import sys; print(sys.version.split()[0]) if sys.version_info >= (3, 11) else 0"
            done = subprocess.run(
                [program, "-c", show], capture_output=True, text=True, check=False
            )
            version = done.stdout.strip()
            if done.returncode == 0 and version and version != sys.version.split()[0]:
                found.setdefault(version, program)
    return list(found.values())


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_another_python_makes_the_same_decks(tmp_path: Path) -> None:
    """The deck of this repository, by every Python here, each with packages of its own."""
    pythons = others()
    if not pythons:
        pytest.skip("there is no other Python here; the CI workflow brings four")
    clone = clean_clone(tmp_path / "clone")
    outputs = read(ROOT / "content" / "deck.yaml")["outputs"]
    decks = [name for name in outputs if name.endswith(".apkg")]
    sums = set()
    for python in (Path(sys.executable).resolve(), *pythons):
        command = [python, "make.py", "build", "--no-cache", *decks]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        environment["SOURCE_DATE_EPOCH"] = "1900000000"  # for notes whose lock is being written
        done = subprocess.run(
            command, cwd=clone, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{python}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        made = [(clone / "dist" / name).read_bytes() for name in decks]
        sums.add(hashlib.sha256(b"".join(made)).hexdigest())
    assert len(sums) == 1, f"{len(sums)} different decks by {len(pythons) + 1} Pythons"
