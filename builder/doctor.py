"""Does this machine have what Deckwright needs, and what to install if not.

Each check tries the thing itself: a library that is installed and does not load is no library.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from builder import fonts, native, pdf
from builder.cache import Cache, default_folder
from builder.diagnostics import EnvironmentProblem
from builder.typeset import Drawing, Formula, typeset

#: The major version of WeasyPrint that `pdf.py` was written for; pyproject.toml says the same.
WEASYPRINT = 70

_REINSTALL = "install Deckwright again: pip install --force-reinstall deckwright"
_NATIVE = {  # how to get the native libraries, by `sys.platform`
    "linux": f"Debian, Ubuntu: {pdf.APT}; elsewhere the packages of Pango and HarfBuzz",
    "darwin": "brew install pango",
    "win32": "install MSYS2 from https://www.msys2.org, run `pacman -S mingw-w64-x86_64-pango` in "
    "its shell, and set WEASYPRINT_DLL_DIRECTORIES to its bin folder",
}


@dataclass(frozen=True, slots=True)
class Check:
    """What was found of one thing.

    Attributes:
        name: The thing.
        ok: Whether it is there and works.
        found: Its version or place, or what is wrong with it.
        help: What to install or do if it is not ok.
        required: Whether building needs it; what is optional only says what is lost without it.
    """

    name: str
    ok: bool
    found: str
    help: str
    required: bool = True


def examine() -> tuple[Check, ...]:
    """Look at everything, in the order in which to mend it."""
    return tuple(_checks())


def healthy(checks: tuple[Check, ...]) -> bool:
    """Whether everything can be built here."""
    return all(check.ok for check in checks if check.required)


def as_text(checks: tuple[Check, ...]) -> str:
    """A table, with what to do under each line that is not ok."""
    width = max(len(check.name) for check in checks)
    lines: list[str] = []
    for check in checks:
        mark = "ok     " if check.ok else "MISSING" if check.required else "no     "
        lines.append(f"{mark}  {check.name:{width}}  {check.found}".rstrip())
        if not check.ok:
            lines.append(f"{'':{width + 11}}{check.help}")
    lacking = sum(not check.ok and check.required for check in checks)
    lines.append("")
    lines.append(f"{lacking} to mend, see above" if lacking else "everything can be built here")
    return "\n".join(lines)


def _checks() -> Iterator[Check]:
    number = ".".join(map(str, sys.version_info[:3]))
    yield Check(
        "Python", sys.version_info >= (3, 11), number, "install Python 3.11 or later: python.org"
    )
    yield _libyaml()
    packages = _NATIVE.get(sys.platform, _NATIVE["linux"])
    for name, library, function in (
        ("Pango", "pango-1.0", "pango_version_string"),
        ("Pango for FreeType", "pangoft2-1.0", "pango_ft2_font_map_new"),
        ("HarfBuzz", "harfbuzz", "hb_version_string"),
        ("harfbuzz-subset", "harfbuzz-subset", "hb_subset_input_create_or_fail"),
    ):
        loaded = native_library(library, function)
        yield Check(name, bool(loaded), loaded or f"lib{library} does not load", packages)
    yield _weasyprint(packages)
    for name in dict.fromkeys(face.package[1] for face in fonts.FACES):
        yield _font_package(name)
    yield _mathjax()
    yield cache_folder(default_folder())
    yield _git()
    yield _anki()


def _libyaml() -> Check:
    import yaml

    return Check(
        "libyaml",
        yaml.__with_libyaml__,
        f"PyYAML {yaml.__version__}" + ("" if yaml.__with_libyaml__ else " is without libyaml"),
        "pip install --force-reinstall --only-binary pyyaml pyyaml",
    )


def native_library(library: str, function: str) -> str:
    """The version of a native library, `loads` if it does not tell it, or nothing if it is absent.

    Args:
        library: Its name without prefix and suffix.
        function: One that must be there; called if it is one that returns the version.
    """
    if function.endswith("version_string"):
        return native.version(library, function)
    loaded = native.load(library)
    return "loads" if loaded is not None and hasattr(loaded, function) else ""


def _weasyprint(packages: str) -> Check:
    try:
        number = version("weasyprint")
    except PackageNotFoundError:
        return Check("WeasyPrint", False, "not installed", _REINSTALL)
    if number.split(".")[0] != str(WEASYPRINT):
        wanted = f"pip install 'weasyprint>={WEASYPRINT},<{WEASYPRINT + 1}'"
        return Check("WeasyPrint", False, f"{number}, not {WEASYPRINT}", wanted)
    try:
        pdf.versions()
    except EnvironmentProblem as problem:
        return Check("WeasyPrint", False, str(problem).partition("\n")[0], packages)
    return Check("WeasyPrint", True, number, "")


def _font_package(name: str) -> Check:
    try:
        number = version(name)
    except PackageNotFoundError:
        return Check(f"fonts {name}", False, "not installed", f"pip install {name}")
    absent = [face.file for face in fonts.FACES if face.package[1] == name and not _there(face)]
    if absent:
        return Check(f"fonts {name}", False, f"{number} lacks {absent[0]}", _REINSTALL)
    return Check(f"fonts {name}", True, number, "")


def _there(face: fonts.Face) -> bool:
    try:
        return face.source().is_file()
    except ModuleNotFoundError:
        return False


def _mathjax() -> Check:
    formula = Formula("x^2", display=False)
    try:
        drawn = isinstance(typeset([formula], Cache(None))[formula], Drawing)
        number = version("django-static-mathjax")
    except (ImportError, OSError) as error:
        return Check("MathJax", False, str(error), _REINSTALL)
    found = f"{number} typesets" if drawn else f"{number} cannot typeset"
    return Check("MathJax", drawn, found, _REINSTALL)


def cache_folder(folder: Path) -> Check:
    """Whether results can be kept; without that every build makes its fonts anew."""
    help_ = f"make {folder} writable, or name another folder in DECKWRIGHT_CACHE"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Check("cache folder", False, f"{folder}: {error.strerror}", help_)
    return Check("cache folder", True, str(folder), "")


def _git() -> Check:
    help_ = "install git for `build --since` and `diff`; nothing else needs it"
    git = shutil.which("git")
    if git is None:
        return Check("git", False, "not found", help_, required=False)
    said = subprocess.run(  # noqa: S603 - the git that was just found, and no shell
        [git, "--version"], capture_output=True, text=True, check=False
    )
    number = said.stdout.strip().removeprefix("git version ")
    return Check("git", said.returncode == 0, number or said.stderr.strip(), help_, required=False)


def _anki() -> Check:
    help_ = "pip install 'deckwright[anki]', for `verify` and `import`; nothing else needs it"
    try:
        return Check("Anki", True, version("anki"), help_, required=False)
    except PackageNotFoundError:
        return Check("Anki", False, "not installed", help_, required=False)
