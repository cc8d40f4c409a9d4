"""One walk through the real desktop on a virtual screen: import by its dialogue, study, look.

Slow, since the toolkit weighs 600 MB. Pictures are left in build/desktop/.

    python3 make.py test --all tests/anki/desktop
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builder import build
from builder.cache import Cache
from builder.project import Project
from tests.anki.versions import installed
from tests.conftest import ROOT

HERE = Path(__file__).parent
PICTURES = ROOT / "build" / "desktop"
NOW = 1_795_000_000

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]  # the first run downloads the toolkit


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    """A virtual screen; its name for DISPLAY."""
    if shutil.which("Xvfb") is None:
        pytest.fail("no Xvfb; `python3 make.py test --all` tells what to install")
    read, write = os.pipe()
    options = ["-displayfd", str(write), "-screen", "0", "1000x1000x24", "-nolisten", "tcp"]
    server = subprocess.Popen(["Xvfb", *options], pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as answer:
        number = answer.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def walk(
    screen: str, cache: Cache, tmp_path_factory: pytest.TempPathFactory
) -> tuple[int, dict[str, Any]]:
    """The number of notes, and what the desktop showed."""
    folder = tmp_path_factory.mktemp("desktop")
    deck, data = build.package(Project(ROOT), cache, NOW)
    package = folder / "deck.apkg"
    package.write_bytes(data)
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-P", "-S", HERE / "desk.py", folder / "base", package, PICTURES],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "DISPLAY": screen,
            "PYTHONPATH": str(installed(HERE / "requirements-desktop.txt")),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    notes = sum(1 + len(item.facts) for topic in deck.topics for item in topic.items.values())
    return notes, json.loads((PICTURES / "seen.json").read_text("utf-8"))


def test_the_dialogue_imports_every_note(walk: tuple[int, dict[str, Any]]) -> None:
    notes, seen = walk
    log = seen["import"].replace("\u2068", "").replace("\u2069", "")
    assert f"{notes:,} notes found in file" in log
    assert f"{notes:,} new notes imported" in log


@pytest.mark.parametrize(
    ("mode", "dark"), [("light", False), ("night", True)], ids=["light", "night"]
)
def test_a_card_is_drawn(mode: str, dark: bool, walk: tuple[int, dict[str, Any]]) -> None:
    _, seen = walk
    question, answer = seen[mode]["question"], seen[mode]["answer"]
    assert question["text"].strip()
    assert answer["text"].startswith(question["text"])
    assert len(answer["text"]) > len(question["text"])
    for side in (question, answer):
        assert ("nightMode" in side["classes"]) == dark
        red, green, blue = map(int, side["background"][4:-1].split(","))
        assert (red + green + blue < 3 * 64) if dark else (red + green + blue > 3 * 192)
        assert "\\(" not in side["text"]
        assert "{{" not in side["text"]
        assert side["errors"] == 0
        assert not side["overflow"]
    assert answer["formulas"] > 0
