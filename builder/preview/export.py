"""The preview as a folder of static files: the deck's demonstration on the web, or from a disk."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from builder import figures, svgclean
from builder import lock as locks
from builder.build import check, make
from builder.cache import Cache
from builder.diagnostics import Diagnostic
from builder.files import SUMS, write_atomically
from builder.preview.assets import assets
from builder.preview.view import SCRIPT, Viewer
from builder.project import Project


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote.

    Attributes:
        files: Names below the folder.
        downloads: Names of the outputs that the page offers.
        warnings: Problems that did not stop it.
    """

    files: tuple[str, ...]
    downloads: tuple[str, ...]
    warnings: tuple[Diagnostic, ...]


def export(project: Project, cache: Cache, now: int, folder: Path) -> Exported:
    """Write the site: the page, the deck, its pictures, MathJax, and the printed outputs.

    The page offers for download the printed outputs, and those packages that are in the folder
    already. The same content gives the same bytes. The folders `media` and `mathjax` are replaced,
    other files stay.

    Args:
        project: The project.
        cache: Results of slow pure functions.
        now: Unix time in seconds; its month tells which facts may have aged.
        folder: Where to write; made if it is not there.

    Raises:
        ContentError: The content is wrong; nothing was written.
        EnvironmentProblem: A library that print needs is missing.
        FileExistsError: The folder holds another site, or a folder `media` that no export made.
    """
    _refuse_others(folder)
    # As strict as a build, also where no document is printed that would be.
    loaded = check(project, cache, now)
    path = project.content / "deck.lock"
    viewer = Viewer(project, live=False)
    lock = locks.read(path, project.name(path))
    printed = viewer.view(loaded, lock).print
    made = make(project, cache, now=now, names=printed) if printed else None
    documents = {artifact.name: artifact.data for artifact in made.artifacts} if made else {}
    sizes = {name: len(data) for name, data in documents.items()}
    for name in (*loaded.deck.file.outputs, SUMS):
        if name not in sizes and (folder / name).is_file():
            sizes[name] = (folder / name).stat().st_size
    offered = [(name, sizes[name]) for name in (*loaded.deck.file.outputs, SUMS) if name in sizes]
    view = viewer.view(loaded, lock, offered)
    files = {name: file.read_bytes() for name, file in assets().items()}
    files |= {f"media/{name}": _picture(file) for name, file in view.media.items()}
    files |= documents
    files["deck.js"] = view.script().encode()
    for own in ("media", "mathjax"):
        shutil.rmtree(folder / own, ignore_errors=True)
    for name, data in sorted(files.items()):
        write_atomically(folder / name, data)
    return Exported(
        tuple(sorted(files)),
        tuple(name for name, _ in offered),
        made.warnings if made else loaded.warnings,
    )


def _picture(file: Path) -> bytes:
    """A file that cards show; an SVG without programs, since it can be opened by itself."""
    data = figures.read(file)
    is_svg = Path(figures.path(file.name)).suffix.lower() == ".svg"
    return svgclean.clean(data) if is_svg else data


def _refuse_others(folder: Path) -> None:
    """What an export replaces must be of an export: `content`, say, has a folder `media` too."""
    deck = folder / "deck.js"
    if deck.is_file() and deck.read_bytes().startswith(SCRIPT.encode()):
        return
    for name in ("index.html", "deck.js", "media", "mathjax"):
        if (folder / name).exists():
            raise FileExistsError(f"there is a '{name}' that no export made; name another folder")
