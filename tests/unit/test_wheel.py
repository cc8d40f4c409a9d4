"""The wheel: complete, and enough by itself to start and build a deck."""

import os
import site
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from builder import schema

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_holds_every_template_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    listed = subprocess.run(
        ["git", "ls-files", "-z", "templates", "builder"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")[:-1]
    committed = [name for name in listed if (ROOT / name).is_file()]
    wanted = {
        f"builder/_data/{name}" if name.startswith("templates/") else name for name in committed
    }
    assert wanted <= names
    assert {f"builder/_data/templates/schema/{name}.json" for name in schema.SCHEMAS} <= wanted
    assert "builder/_data/templates/new/github/workflows/deck.yml" in wanted
    stray = {name for name in names - wanted if "dist-info/" not in name}
    assert not {name for name in stray if name.endswith(".pyc") or "__pycache__" in name}
    assert not {name for name in stray if name.startswith(("tests/", "content/"))}


def test_the_wheel_of_the_source_package_is_the_same(wheel: Path, tmp_path: Path) -> None:
    """Whoever builds from the published source gets what is published."""

    def build(kind: str, source: Path, target: Path) -> Path:
        command = [sys.executable, "-P", "-m", "hatchling", "build", "-t", kind, "-d", str(target)]
        subprocess.run(command, cwd=source, check=True, capture_output=True)
        (made,) = target.iterdir()
        return made

    sdist = build("sdist", ROOT, tmp_path / "sdist")
    assert build("sdist", ROOT, tmp_path / "again").read_bytes() == sdist.read_bytes()
    (tmp_path / "source").mkdir()
    subprocess.run(["tar", "-xf", sdist, "-C", tmp_path / "source"], check=True)
    (source,) = (tmp_path / "source").iterdir()
    assert build("wheel", source, tmp_path / "wheel").read_bytes() == wheel.read_bytes()
    held = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    needed = {"make.py", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "action.yml"}
    assert needed | {"requirements.txt", "requirements-dev.txt"} <= held
    assert any(name.startswith("tests/") for name in held)
    assert any(name.startswith(".github/") for name in held)


def test_the_wheel_alone_starts_and_builds_a_deck(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own, outside the checkout. The dependencies are borrowed."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*install, "--no-deps", "--no-index", str(wheel)], check=True)
    own = Path(sysconfig.get_path("purelib", vars={"base": str(venv), "platbase": str(venv)}))
    # A path in a .pth file is only added: the .pth file that links the checkout stays unread.
    (own / "borrowed.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PYTHON")},
        "DECKWRIGHT_CACHE": str(ROOT / ".cache" / "tests"),
        "SOURCE_DATE_EPOCH": "1790000000",
    }

    def deckwright(*arguments: str) -> str:
        done = subprocess.run(
            [venv / "bin" / "deckwright", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    where = "import builder, sys; print(builder.__file__)"
    found = subprocess.run(
        [python, "-c", where],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert Path(found.strip()).is_relative_to(own)
    deckwright("new", "deck", "--language", "en", "--language", "zh")
    assert "fine: 2 items, 5 notes" in deckwright("check", "-C", "deck")
    deckwright("build", "-C", "deck")
    made = {path.suffix for path in (tmp_path / "deck" / "dist").iterdir()}
    assert {".apkg", ".pdf"} <= made
    assert "everything can be built here" in deckwright("doctor")
