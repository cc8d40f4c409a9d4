"""A small project becomes exactly this deck and these pages.

What is compared: the lock, what the real Anki shows of each package, and the HTML that goes to
print. A case is a folder in `projects/`; tests/README.md tells how to accept a change.
"""

import shutil
from pathlib import Path

import pytest

from builder.build import build
from builder.cache import Cache
from builder.load import load
from builder.lock import read
from builder.project import Project
from builder.targets import Context, PrintJob, cards, handout, sheet, worksheet
from tests.anki.dump import dump
from tests.conftest import Golden

HERE = Path(__file__).parent / "projects"
NOW = 1_790_000_000
PRINT = {
    "sheet": sheet.render,
    "handout": handout.render,
    "cards": cards.render,
    "worksheet": worksheet.render,
}


@pytest.mark.parametrize("case", sorted(path.name for path in HERE.iterdir()))
def test_project(case: str, tmp_path: Path, cache: Cache, golden: Golden) -> None:
    project = Project(tmp_path / case)
    shutil.copytree(HERE / case / "input", project.root)
    built = build(project, cache, now=NOW)
    lock = read(project.content / "deck.lock", "deck.lock")
    deck = load(project, cache).deck
    made = {"deck.lock": (project.content / "deck.lock").read_text("utf-8")}
    for artifact in built.artifacts:
        output = deck.file.outputs[artifact.name]
        if output.target == "anki":
            made[f"{artifact.name}.yaml"] = dump(artifact.data)
        else:
            job = PRINT[output.target](deck, Context(project, artifact.name, output, lock, cache))
            assert isinstance(job, PrintJob)
            made[f"{artifact.name}.html"] = job.html
    assert [artifact.name for artifact in built.artifacts] == list(deck.file.outputs)
    golden(HERE / case / "expected", made)


def test_a_second_build_gives_the_same_bytes(tmp_path: Path, cache: Cache) -> None:
    sums: list[str] = []
    # Fonts take half a minute to make and have tests of their own; all else is made anew.
    assert cache.folder is not None
    empty = Cache(tmp_path / "cache")
    shutil.copytree(cache.folder / "fonts", tmp_path / "cache" / "fonts")
    for name, kept in (("one", cache), ("two/deeper", empty)):
        project = Project(tmp_path / name)
        shutil.copytree(HERE / "bilingual" / "input", project.root)
        build(project, kept, now=NOW)
        sums.append((project.dist / "SHA256SUMS").read_text("utf-8"))
    assert sums[0] == sums[1]
