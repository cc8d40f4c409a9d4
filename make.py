#!/usr/bin/env python3
"""Set up this checkout and run it: nothing but Python 3.11 or later is needed beforehand.

    python3 make.py build [NAME…] [OPTION…]   make the decks and documents in dist/
    python3 make.py test [--all] [ARG…]       lint, check types, then run pytest with the ARGs
    python3 make.py lint                      the part of `test` before pytest
    python3 make.py bench [NOTES…]            measure, side by side with other tools
    python3 make.py release [--dry-run]       make all that a release publishes in build/release/
    python3 make.py deckwright [ARG…]         run the command line of this checkout
    python3 make.py lock [--upgrade]          write requirements*.txt anew from pyproject.toml
    python3 make.py help                      this text

`test --all` also runs the tests marked slow. The first run makes `.venv` with the packages of the
requirements files, checked against their hashes, by uv where it is installed and by pip otherwise.
Native libraries come from the system: on Debian and Ubuntu root installs what is missing; any other
user, and any other system, is told what to run. Exit status: 0 fine, 1 something failed, 2 wrong
usage, 3 this machine lacks something.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

if sys.version_info < (3, 11):  # noqa: UP036 - the whole point is to meet an older one
    print("Deckwright needs Python 3.11 or later; this is " + sys.version.split()[0] + ".")
    sys.exit(3)

# What the system must provide, by Debian package: how to see that it is there already.
LIBRARIES = {  # loaded by WeasyPrint; no wheel carries them
    "libpango-1.0-0": "libpango-1.0.so.0",
    "libpangoft2-1.0-0": "libpangoft2-1.0.so.0",
    "libharfbuzz-subset0": "libharfbuzz-subset.so.0",
}
TEST_LIBRARIES = {"libatomic1": "libatomic.so.1"}  # loaded by Playwright's driver
TEST_COMMANDS = {  # run by tests; any one of the commands will do
    "chromium": ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "faketime": ("faketime",),
}
DESKTOP = (  # the real Anki on a virtual screen: `test --all`; they come and go together
    "xvfb libasound2 libegl1 libgl1 libnspr4 libnss3 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1"
    " libxcb-shape0 libxcb-xkb1 libxcomposite1 libxdamage1 libxkbcommon-x11-0 libxkbfile1"
    " libxrandr2 libxtst6"
)
ELSEWHERE = {  # how other systems get WeasyPrint's libraries
    "darwin": "brew install pango",
    "win32": "install MSYS2 (https://www.msys2.org), then in its shell run"
    " pacman -S mingw-w64-x86_64-pango, and set WEASYPRINT_DLL_DIRECTORIES to its bin folder",
}

RUNTIME, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"  # the second holds the first
# Wheels only: building from source would fetch build tools that no lock holds.
EXACTLY = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r"]
# The desktop toolkit weighs 600 MB; of `aqt` the tests need only the web files it ships.
LEFT_OUT = ("pyqt6", "pyqt6-qt6", "pyqt6-sip", "pyqt6-webengine", "pyqt6-webengine-qt6")

LINT = {
    "ruff check": ["ruff", "check", "--quiet", "."],
    "ruff format": ["ruff", "format", "--check", "--quiet", "."],
    "mypy": ["mypy", "--no-error-summary"],
    "import-linter": ["lint-imports", "--no-logo"],
}

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "deckwright.json"
WINDOWS = os.name == "nt"
BIN = VENV / ("Scripts" if WINDOWS else "bin")
PYTHON = BIN / ("python.exe" if WINDOWS else "python")


class LackingError(Exception):
    """This machine lacks something; the message says what, and what to run."""


def main(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name and return the exit status."""
    name, rest = (arguments[0], list(arguments[1:])) if arguments else ("", [])
    if name in ("help", "--help", "-h"):
        print(__doc__.strip())
        return 0
    command = COMMANDS.get(name)
    if command is None:
        print(f"there is no command '{name}'\n" if name else "", __doc__.strip(), sep="\n")
        return 2
    try:
        return command(rest)
    except LackingError as lack:
        print(f"error: {lack}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130


# ---------------------------------------------------------------- commands


def build(arguments: list[str]) -> int:
    """Make the outputs; arguments and exit status are those of `deckwright build`."""
    set_up(RUNTIME)
    return run_module("builder", "build", *arguments)


def test(arguments: list[str]) -> int:
    """Run every check, pytest last: its summary is the last thing that CI reads."""
    set_up(DEVELOPMENT)
    slow = ["--all"] if "--all" in arguments else []
    if slow:
        provide(missing_for_desktop())
    rest = [argument for argument in arguments if argument != "--all"]
    failed = run_lint()
    print("--- pytest", flush=True)
    if failed:
        print(f"failed before pytest, see above: {', '.join(failed)}", flush=True)
    status = run_module("pytest", *([] if slow else ["-m", "not slow"]), *rest)
    return 1 if failed or status else 0


def lint(arguments: list[str]) -> int:
    """Run every check but the tests."""
    if arguments:
        print("lint takes no arguments")
        return 2
    set_up(DEVELOPMENT)
    return 1 if run_lint() else 0


def bench(arguments: list[str]) -> int:
    """Measure: the deck beside other tools, then print beside Chromium, and the preview."""
    set_up(DEVELOPMENT)
    code = run_module("bench", *arguments)
    for other in () if arguments else ("bench.printing", "bench.preview"):
        code = code or run_module(other)
    return code


def release(arguments: list[str]) -> int:
    """Make everything that a release of this repository publishes; its gates may refuse.

    `--dry-run` makes the folder all the same and says what the gates would refuse.
    """
    if arguments not in ([], ["--dry-run"]):
        print("release takes no arguments but --dry-run")
        return 2
    set_up(DEVELOPMENT, tests=False)
    with tempfile.TemporaryDirectory() as folder:
        if run_module("hatchling", "build", "-d", folder):
            return 1
        added = [part for file in sorted(Path(folder).iterdir()) for part in ("--add", str(file))]
        version = project()["version"]
        target = str(ROOT / "build" / "release")
        return run_module("builder", "release", target, "--expect", version, *added, *arguments)


def deckwright(arguments: list[str]) -> int:
    """Run `deckwright` with these arguments in the project's folder, Anki and numpy at hand."""
    set_up(DEVELOPMENT, tests=False)
    return run_module("builder", *arguments)


def lock(arguments: list[str]) -> int:
    """Write the requirements files: hashes for every platform, and no addresses.

    Versions stay as they are unless pyproject.toml rules them out; `--upgrade` takes the newest.
    """
    if arguments not in ([], ["--upgrade"]):
        print("lock takes no arguments but --upgrade")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        uv = shutil.which("uv") or _uv_for_once(Path(folder))
        every = ["--universal", "--python-version", "3.11", "--generate-hashes"]
        every += ["--no-annotate", "--no-header", "--quiet", *arguments]
        left_out = [option for name in LEFT_OUT for option in ("--no-emit-package", name)]
        for output, more in (
            (RUNTIME, []),
            (DEVELOPMENT, ["--group", "dev", "--constraints", RUNTIME, *left_out]),
        ):
            print(f"writing {output}", flush=True)
            if run([uv, "pip", "compile", "pyproject.toml", *every, *more, "-o", output]):
                return 1
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "build": build,
    "test": test,
    "lint": lint,
    "bench": bench,
    "release": release,
    "deckwright": deckwright,
    "lock": lock,
}


def run_lint() -> list[str]:
    """Run all linters, even after one fails; return the names of those that failed."""
    failed = []
    for name, (tool, *arguments) in LINT.items():
        print(f"--- {name}", flush=True)
        start = time.monotonic()
        status = run([shutil.which(tool, path=str(BIN)) or tool, *arguments])
        taken = f"{time.monotonic() - start:.1f} s"
        print(f"    {name}: {f'FAILED in {taken}' if status else taken}", flush=True)
        if status:
            failed.append(name)
    return failed


def run_module(module: str, *arguments: str) -> int:
    """Run a module of the environment in the project's folder."""
    # -P: a folder named like a package must not shadow it.
    return run([str(PYTHON), "-P", "-m", module, *arguments])


def run(command: Sequence[str]) -> int:
    """Run a program in the project's folder, its output going where ours goes."""
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _uv_for_once(folder: Path) -> str:
    print("installing uv for this once", flush=True)
    if run([base_python(), "-m", "venv", str(folder)]):
        raise LackingError("no environment can be made for uv")
    tools = folder / BIN.name
    if run([str(tools / PYTHON.name), "-m", "pip", "install", "--quiet", "uv"]):
        raise LackingError("uv cannot be installed; pip's words are above")
    return str(tools / "uv")


# ---------------------------------------------------------------- the environment


def set_up(lock_file: str, *, tests: bool = True) -> None:
    """See that the system has what is needed and that `.venv` holds the packages of a lock.

    When nothing changed since the last time this reads a few small files and starts nothing.

    Args:
        lock_file: RUNTIME or DEVELOPMENT.
        tests: Whether the packages of DEVELOPMENT are there to run tests, which need programs.

    Raises:
        LackingError: When something is missing that this user cannot install.
    """
    provide(missing_from_system(for_tests=tests and lock_file == DEVELOPMENT))
    if _pending(lock_file) is not None:
        with only_one():
            pending = _pending(lock_file)  # another run may have done it meanwhile
            if pending is not None:
                _install(*pending)
    link_checkout()


def _pending(lock_file: str) -> tuple[bool, list[str]] | None:
    """What `.venv` lacks: whether to make it anew, and the locks to install. None: nothing."""
    locks = [RUNTIME] if lock_file == RUNTIME else [RUNTIME, DEVELOPMENT]
    installed: dict[str, str] = {}
    with suppress(OSError, ValueError):
        installed = json.loads(STAMP.read_text("utf-8"))
    # No stamp means that a set-up was interrupted; a changed lock may have dropped packages that
    # would otherwise linger and be imported.
    if not installed or not PYTHON.exists():
        return True, locks
    if any(fingerprint(name) != mark for name, mark in installed.items()):
        return True, [name for name in (RUNTIME, DEVELOPMENT) if name in {*installed, *locks}]
    absent = [name for name in locks if name not in installed]
    return (False, absent) if absent else None


def fingerprint(lock_file: str) -> str:
    """What an installed lock depends on: its text, the Python and the place."""
    place = f"{sys.version}\0{sys.platform}\0{VENV}\0".encode()
    with suppress(FileNotFoundError):
        return hashlib.sha256(place + (ROOT / lock_file).read_bytes()).hexdigest()
    return ""


def _install(anew: bool, locks: list[str]) -> None:
    marks = {} if anew else json.loads(STAMP.read_text("utf-8"))
    STAMP.unlink(missing_ok=True)  # from here on an interruption leaves no stamp
    start = time.monotonic()
    uv = shutil.which("uv")
    done = uv is not None and _install_with_uv(uv, anew, locks[-1])
    if not done:
        if uv is not None:  # its settings may know no way out where pip's do
            print("uv could not; trying pip", flush=True)
        # uv's environments hold no pip.
        _install_with_pip(anew or not (site_packages() / "pip").exists(), locks[-1])
    if not sys.platform.startswith("linux"):
        _ask_weasyprint()
    marks |= {name: fingerprint(name) for name in locks}
    draft = STAMP.with_suffix(".new")
    draft.write_text(json.dumps(marks, indent=1), "utf-8")
    draft.replace(STAMP)
    print(f"set up {VENV.name} in {time.monotonic() - start:.1f} s", flush=True)


def _install_with_uv(uv: str, anew: bool, lock_file: str) -> bool:
    print(f"installing {lock_file} into {VENV.name} with uv", flush=True)
    if anew:
        shutil.rmtree(VENV, ignore_errors=True)
        if run([uv, "venv", "--quiet", "--python", base_python(), str(VENV)]):
            return False
    install = [uv, "pip", "install", "--quiet", "--python", str(PYTHON)]
    return run([*install, *EXACTLY, lock_file]) == 0


def _install_with_pip(anew: bool, lock_file: str) -> None:
    print(f"installing {lock_file} into {VENV.name} with pip", flush=True)
    if anew:
        provide([] if can_make_venv() else ["python3-venv"])
        shutil.rmtree(VENV, ignore_errors=True)
        if run([base_python(), "-m", "venv", str(VENV)]):
            raise LackingError(f"{VENV.name} cannot be made; Python's words are above")
    install = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if run([*install, *EXACTLY, lock_file]):
        raise LackingError("the packages cannot be installed; pip's words are above")


def link_checkout() -> None:
    """Make `import builder`, its metadata and the command `deckwright` work in the environment.

    This is what an editable installation does, without needing a build backend at run time.
    """
    name, version = project()["name"], project()["version"]
    packages = site_packages()
    info = packages / f"{name}-{version}.dist-info"
    for old in packages.glob(f"{name}-*.dist-info"):
        if old != info:
            shutil.rmtree(old)
    info.mkdir(exist_ok=True)
    _write(packages / f"{name}.pth", f"{ROOT}\n")
    _write(info / "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    if WINDOWS:
        _write(BIN / f"{name}.cmd", '@"%~dp0python.exe" -P -m builder %*\n')
    else:
        script = BIN / name
        _write(script, f'#!/bin/sh\nexec {shlex.quote(str(PYTHON))} -P -m builder "$@"\n')
        script.chmod(0o755)


def project() -> dict[str, Any]:
    """What pyproject.toml says of the project."""
    import tomllib

    text = (ROOT / "pyproject.toml").read_text("utf-8")
    stated: dict[str, Any] = tomllib.loads(text)["project"]
    return stated


def site_packages() -> Path:
    """Where the environment's packages are."""
    major, minor = sys.version_info[:2]
    return VENV / ("Lib" if WINDOWS else f"lib/python{major}.{minor}") / "site-packages"


def _write(file: Path, text: str) -> None:
    if not file.exists() or file.read_text("utf-8") != text:
        file.write_text(text, "utf-8")


def base_python() -> str:
    """The Python that environments are made of, even when an environment's own runs this."""
    return str(getattr(sys, "_base_executable", sys.executable))


@contextmanager
def only_one() -> Iterator[None]:
    """Let one run at a time change `.venv`; where files cannot be locked, trust the user."""
    with Path(__file__).open("rb") as own:
        with suppress(ImportError, OSError):
            import fcntl

            fcntl.flock(own, fcntl.LOCK_EX)
        yield


# ---------------------------------------------------------------- the system


def missing_from_system(*, for_tests: bool) -> list[str]:
    """Debian's names of the packages that this machine lacks, as far as it can be seen."""
    if not sys.platform.startswith("linux"):
        return []  # there WeasyPrint is asked once it is installed
    libraries = LIBRARIES | (TEST_LIBRARIES if for_tests else {})
    missing = [package for package, name in libraries.items() if not loads(name)]
    if not PYTHON.exists() and shutil.which("uv") is None and not can_make_venv():
        missing.append("python3-venv")
    if for_tests:
        missing += [
            package for package, names in TEST_COMMANDS.items() if not any(map(shutil.which, names))
        ]
    return missing


def missing_for_desktop() -> list[str]:
    """Debian's names of what the desktop runs on, if there is no virtual screen yet."""
    if not sys.platform.startswith("linux") or shutil.which("Xvfb"):
        return []
    return DESKTOP.split()


def loads(library: str) -> bool:
    """Whether the dynamic linker finds a library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def can_make_venv() -> bool:
    """Whether `python3 -m venv` works: Debian ships it apart from Python."""
    return all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))


def provide(packages: Sequence[str]) -> None:
    """Install Debian packages as root.

    Raises:
        LackingError: With the line to run, when this is not root, not Debian, or apt-get fails.
    """
    if not packages:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    patient = ["-q", "-o", "DPkg::Lock::Timeout=300"]  # another apt-get may be at work
    line = shlex.join(install)
    if shutil.which("apt-get") is None:
        raise LackingError(
            f"this machine lacks what Debian calls {', '.join(packages)}; install your system's"
            " packages of that kind and run this again"
        )
    if os.geteuid() != 0:
        raise LackingError(f"this machine lacks {', '.join(packages)}; run\n\n    sudo {line}\n")
    print(f"installing {', '.join(packages)} with apt-get", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], install):
        done = subprocess.run(
            [*command, *patient],
            env=quiet,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise LackingError(
                f"this failed:\n\n    {shlex.join(command)}\n\n{done.stdout.strip()}"
            )
    importlib.invalidate_caches()


def _ask_weasyprint() -> None:
    if sys.platform == "darwin":  # where Homebrew is on Apple silicon; the builder finds it itself
        places = "/opt/homebrew/lib:/usr/local/lib:/usr/lib"
        os.environ.setdefault("DYLD_FALLBACK_LIBRARY_PATH", places)
    if run_module("weasyprint", "--version"):
        way = ELSEWHERE.get(sys.platform, "install Pango by your system's package manager")
        raise LackingError(f"WeasyPrint cannot load Pango:\n\n    {way}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
