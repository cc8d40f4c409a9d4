"""The folder that gets published: assets with their sums, the web demo, and the release notes."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from builder import diff
from builder.archive import zipped
from builder.build import UPDATE, make
from builder.cache import Cache
from builder.files import SUMS, sums_text, write_atomically
from builder.gates import Candidate, changelog, changes
from builder.targets import Artifact

#: GitHub refuses release notes of more than 125,000 characters.
_MAX_NOTES = 100_000


def publish(
    candidate: Candidate,
    folder: Path,
    cache: Cache,
    *,
    now: int,
    locked: bool,
    export: Callable[[Path], object],
    added: Sequence[Path] = (),
    drawn: Callable[[str], None] = lambda _: None,
) -> tuple[str, ...]:
    """Make `assets/`, `site/` and `notes.md` in a folder; all of it or nothing.

    Args:
        candidate: What to release.
        folder: Where; what an earlier release left there is replaced.
        cache: Results of slow pure functions.
        now: Unix time in seconds.
        locked: Refuse to change deck.lock; a rehearsal need not.
        export: Writes the web demo into a folder that holds the outputs already.
        added: More files to publish.
        drawn: Told of each document when it is drawn.

    Returns:
        The names of the assets.

    Raises:
        ContentError: The content is wrong.
        EnvironmentProblem: A library that print needs is missing.
        FileExistsError: The folder holds something else, or a file of `added` has the name of
            another asset.
    """
    _refuse_clashes(candidate, added)
    made = make(
        candidate.project,
        cache,
        now=now,
        locked=locked,
        since=candidate.previous,
        drawn=drawn,
    )
    with _replacing(folder) as draft:
        assets = draft / "assets"
        files = [*made.artifacts, *(Artifact(file.name, file.read_bytes()) for file in added)]
        site = draft / "site"
        outputs = [each for each in made.artifacts if each.name != UPDATE]
        for artifact in outputs:  # first: the page offers for download what is there
            write_atomically(site / artifact.name, artifact.data)
        sums = sums_text(site.iterdir())
        write_atomically(site / SUMS, sums.encode())
        export(site)
        files.append(_web(_demo(candidate), site))
        for artifact in files:
            write_atomically(assets / artifact.name, artifact.data)
        sums = sums_text(assets.iterdir())
        write_atomically(assets / SUMS, sums.encode())
        names = tuple(sorted(path.name for path in assets.iterdir()))
        write_atomically(draft / "notes.md", notes(candidate, assets).encode())
    return names


def _refuse_clashes(candidate: Candidate, added: Sequence[Path]) -> None:
    """One file of a name; case makes no difference, since it makes none on some disks."""
    made = (*candidate.loaded.deck.file.outputs, UPDATE, SUMS, f"{_demo(candidate)}.zip")
    taken = {name.lower() for name in made}
    for file in added:
        if file.name.lower() in taken:
            raise FileExistsError(
                f"'{file.name}' of --add has the name of another file of the release; rename it"
            )
        taken.add(file.name.lower())


def _demo(candidate: Candidate) -> str:
    """The web demo's name, as a folder and, with `.zip`, as a file."""
    return f"{candidate.loaded.deck.file.id}-web"


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """A folder to fill, which then takes the place of that of an earlier release."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "assets" / SUMS).is_file():
        raise FileExistsError(f"'{folder}' holds something that is no release; name another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".deckwright-", dir=folder.parent))
    try:
        yield draft
        shutil.rmtree(folder, ignore_errors=True)
        draft.chmod(0o755)  # temporary folders are private
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _web(name: str, site: Path) -> Artifact:
    """The web demo as one file to unpack and open."""
    files = sorted(path for path in site.rglob("*") if path.is_file())
    members = {f"{name}/{path.relative_to(site).as_posix()}": path.read_bytes() for path in files}
    return Artifact(f"{name}.zip", zipped(members))


# Notes

_ABOUT = {
    "anki": "Anki deck",
    "sheet": "cheat sheet",
    "handout": "handout",
    "cards": "flash cards to print and cut",
    "worksheet": "worksheet",
}


def notes(candidate: Candidate, assets: Path) -> str:
    """What learners read on the release page."""
    file = candidate.loaded.deck.file
    told = changes(changelog(candidate.project) or "", candidate.version)[1]
    lines: list[str] = []
    packages = [name for name, output in file.outputs.items() if output.target == "anki"]
    if packages:
        first, *others = packages
        lines.append(f"**Download `{first}`** and open it with Anki, AnkiDroid or AnkiMobile.")
        if others:
            names = ", ".join(f"`{name}`" for name in others)
            lines.append(f"With another language shown, the same notes and history: {names}.")
        lines.append("")
    lines += [told, ""] if told else []
    lines += ["## What the update does", "", *_update(candidate), "", "## Files", ""]
    lines += ["| file | what | size |", "| --- | --- | ---: |"]
    ranks = [*file.outputs, UPDATE]
    for asset in sorted(
        assets.iterdir(),
        key=lambda file: (file.name == SUMS, _rank(file.name, ranks), file.name),
    ):
        lines.append(f"| `{asset.name}` | {_about(asset.name, candidate)} | {_size(asset)} |")
    return "\n".join([*lines, "", _CHECKING.format(tag=candidate.tag)]) + "\n"


#: For those who doubt.
_CHECKING = (
    "To check the files: `sha256sum --check SHA256SUMS` in their folder; where they were built, "
    "`gh attestation verify FILE --repo OWNER/NAME`; and all of it, with a trial import into Anki "
    "and a rebuild from the source, `deckwright verify FOLDER` in a checkout of `{tag}`."
)


def _rank(name: str, names: Sequence[str]) -> int:
    return names.index(name) if name in names else len(names)


def _update(candidate: Candidate) -> list[str]:
    if candidate.update is None:
        deck = candidate.loaded.deck
        items = [item for _, _, item in deck.items()]
        count = len(items) + sum(len(item.facts) for item in items)
        if all(output.target != "anki" for output in deck.file.outputs.values()):
            return [f"Documents of {len(items)} questions; no deck, and so no progress to lose."]
        return [f"The first release: {len(items)} questions, {count} notes."]
    text = diff.as_markdown(candidate.update).strip()
    since = f"Since {candidate.previous}:"
    if len(text) <= _MAX_NOTES:
        return [since, "", text]
    cut = text[:_MAX_NOTES].rpartition("\n")[0]
    return [since, "", cut, "", f"… and more: `deckwright diff {candidate.previous}`."]


def _about(name: str, candidate: Candidate) -> str:
    output = candidate.loaded.deck.file.outputs.get(name)
    if output is not None:
        shown = f" ({', '.join(output.languages)})" if output.languages else ""
        return _ABOUT[output.target] + shown
    if name == UPDATE:
        return f"what changed since {candidate.previous}: the gentlest update, keeps your tags"
    if name == SUMS:
        return "checksums of all files"
    for suffix, what in {
        "-web.zip": "the deck as web pages, to read offline",
        ".whl": "Deckwright, the program that made this",
        ".tar.gz": "its source",
    }.items():
        if name.endswith(suffix):
            return what
    return ""


def _size(file: Path) -> str:
    size = file.stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{max(size, 50) / 1e3:.1f} kB"
