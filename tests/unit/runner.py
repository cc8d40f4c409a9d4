"""Runs the `run:` steps of workflows here, in a clean clone, as GitHub's runners would.

Programs that change the machine or the world (sudo, brew, pacman, gh) are stand-ins which note how
they were called; everything else is real. An expression without a value here is an error, so a
new one cannot go untested.
"""

import importlib.util
import json
import os
import re
import shutil
import site
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
STAND_INS = ("sudo", "brew", "pacman", "gh")


def read(file: Path) -> dict[str, Any]:
    """A workflow or action as data."""
    loaded = yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)
    # YAML takes `on`, the key of a workflow's triggers, for a truth value.
    return {"on" if key is True else key: value for key, value in loaded.items()}


def run_steps(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [step for step in steps if "run" in step]


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def clean_clone(target: Path) -> Path:
    """The checkout as it would be committed now, as the second commit of a repository."""
    target.mkdir()
    git(target, "init", "--quiet", "--initial-branch=main")
    git(target, "commit", "--quiet", "--allow-empty", "--message", "empty")
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in listed.split("\0")[:-1]:
        if (ROOT / name).is_file():  # not deleted
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    commit(target, "present state")
    return target


def lend_packages(folder: Path) -> Path:
    """A folder with the packages of this environment, all but what ties it to this checkout."""
    folder.mkdir(exist_ok=True)
    # Debian's Python names places that need not exist.
    for place in filter(Path.is_dir, map(Path, site.getsitepackages())):
        for entry in place.iterdir():
            if not entry.name.startswith("deckwright") and not (folder / entry.name).exists():
                (folder / entry.name).symlink_to(entry)
    return folder


def lend_environment(checkout: Path) -> None:
    """A `.venv` that make.py takes for one it has set up; its packages are those of this one."""
    folder = checkout / ".venv"
    venv.create(folder, with_pip=False, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "lib" / version / "site-packages"
    lent = lend_packages(checkout.parent / "lent")
    (packages / "lent.pth").write_text(f"{lent}\n")
    spec = importlib.util.spec_from_file_location("make_of_clone", checkout / "make.py")
    assert spec is not None
    assert spec.loader is not None
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    marks = {name: make.fingerprint(name) for name in (make.RUNTIME, make.DEVELOPMENT)}
    make.STAMP.write_text(json.dumps(marks))


@dataclass
class Runner:
    """A machine that runs steps.

    Attributes:
        workspace: Where the repository is checked out.
        scratch: A folder of the runner's own.
        values: Expression -> value.
        environment: Variables beside those of the step.
    """

    workspace: Path
    scratch: Path
    values: dict[str, str]
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        programs = self.scratch / "bin"
        programs.mkdir(parents=True)
        for name in STAND_INS:
            self._program(
                programs / name, f'echo "{name} $*" >> {self.scratch}/calls\n[ "$1" != fail ]'
            )
        for name in ("python", "python3"):
            self._program(programs / name, f'exec "{Path(sys.executable).resolve()}" "$@"')
        (self.scratch / "calls").touch()
        (self.scratch / "temp").mkdir()
        (self.scratch / "summary.md").touch()

    @staticmethod
    def _program(file: Path, text: str) -> None:
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """How stand-ins were called."""
        return (self.scratch / "calls").read_text().splitlines()

    @property
    def summary(self) -> str:
        """What the steps wrote on the run's page."""
        return (self.scratch / "summary.md").read_text("utf-8")

    def evaluate(self, text: str) -> str:
        return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda found: self.values[found[1]], text)

    def run(self, step: Mapping[str, Any], *, fails: bool = False) -> str:
        """Run a step and return what it printed; `fails` says that it must not succeed."""
        assert "${{" not in step["run"], "values come in through `env`, never into a script's text"
        stated = {key: self.evaluate(str(value)) for key, value in step.get("env", {}).items()}
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("PYTHON", "GITHUB_", "PYTEST", "COV_"))
        }
        environment = {
            **inherited,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_STEP_SUMMARY": str(self.scratch / "summary.md"),
            "RUNNER_TEMP": str(self.scratch / "temp"),
            "DECKWRIGHT_CACHE": str(ROOT / ".cache" / "tests"),
            "PATH": f"{self.scratch / 'bin'}{os.pathsep}{os.environ['PATH']}",
            **self.environment,
            **stated,
        }
        done = subprocess.run(
            # As GitHub calls it for `shell: bash`.
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.workspace / step.get("working-directory", "."),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == fails, f"{step['run']}\n{done.stdout[-4000:]}"
        return done.stdout


def jobs(workflow: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from workflow["jobs"].items()
